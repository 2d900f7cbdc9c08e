//! A plan as a comment: what a reviewer has to know before they look any further.
//!
//! What comes from files and templates is somebody else's text: it cannot leave its line, name people
//! or become a picture, a link or markup.

use std::fmt::{Display, Write};

use domain::plan::{Plan, Rehearsal, RehearsalOutcome, StackPlan, TextChange};
use domain::release::Digest;
use domain::stack::{ChangeAction, ResourceChange};

/// Most lines of one section; the page that is linked has all of them.
const MOST_LINES: usize = 25;
/// Longest text of one line, in characters.
const MOST_TEXT: usize = 400;
/// No section goes on when the comment has so many bytes: GitHub takes 65,536 characters.
const MOST_BYTES: usize = 40_000;

/// A plan in Markdown. `link` is the page on which it is read in full and decided.
pub fn plan_markdown(plan: &Plan, digest: &Digest, link: &str) -> String {
    let mut text = format!("### Plan for {}\n\n{}\n", plan.environment, headline(plan));
    section(&mut text, "Data that may be lost", plan.endangered().map(endangered));
    section(
        &mut text,
        "Permissions that widen",
        plan.widened()
            .map(|(stack, change)| format!("{}: {}", code(&stack.stack), prose(&change.sentence))),
    );
    section(&mut text, "Resources that are replaced or removed", replaced(plan));
    section(
        &mut text,
        "SQL",
        plan.transformations.iter().map(|change| {
            let rehearsal = plan.rehearsals.iter().find(|one| one.dataset == change.dataset);
            format!("{}{}", changed_text(change), rehearsal.map(rehearsed).unwrap_or_default())
        }),
    );
    section(&mut text, "Sources", plan.sources.iter().map(changed_text));
    section(
        &mut text,
        "Stacks",
        plan.stacks.iter().filter(|one| !one.changes.is_empty()).map(stack),
    );
    section(&mut text, "Drift", plan.stacks.iter().flat_map(drifted));
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n[Read the plan and decide]({link})\n\n<sub>commit {} · release {} · account {} · {} · \
         digest {}</sub>\n",
        code(plan.commit.short()),
        code(plan.release.short()),
        code(&plan.account),
        code(&plan.region),
        code(digest.as_str()),
    );
    text
}

fn headline(plan: &Plan) -> String {
    if plan.is_empty() {
        return "Nothing would change.".to_owned();
    }
    let resources = plan.stacks.iter().map(|stack| stack.changes.len()).sum();
    let counted = [
        (plan.transformations.len(), "transformation"),
        (plan.sources.len(), "source"),
        (resources, "resource"),
    ];
    let counted: Vec<_> = counted
        .into_iter()
        .filter(|(many, _)| *many > 0)
        .map(|(many, what)| count(many, what))
        .collect();
    format!("{} would change.", counted.join(", "))
}

fn count(many: usize, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n**{title}**");
    for _ in 0..MOST_LINES {
        let fits = text.len() < MOST_BYTES;
        let Some(line) = lines.next_if(|_| fits) else { break };
        let _ = writeln!(text, "- {line}");
    }
    match lines.count() {
        0 => {}
        left => drop(writeln!(text, "- and {left} more")),
    }
}

fn endangered((stack, change): (&StackPlan, &ResourceChange)) -> String {
    format!(
        "{} {} ({}) of {}: {}{}",
        code(&change.resource_type),
        code(&change.logical_id),
        code(change.name()),
        code(&stack.stack),
        change.action,
        because(change)
    )
}

/// Those that hold no data: the others have a section of their own.
fn replaced(plan: &Plan) -> impl Iterator<Item = String> {
    let grave = |change: &&ResourceChange| {
        use ChangeAction::{MayReplace, Orphan, Remove, Replace};
        let gone = matches!(change.action, MayReplace | Orphan | Remove | Replace);
        gone && !change.endangers_data()
    };
    plan.stacks.iter().flat_map(move |stack| {
        stack.changes.iter().filter(grave).map(|change| endangered((stack, change)))
    })
}

fn because(change: &ResourceChange) -> String {
    let cause = change.causes.first();
    cause.map(|cause| format!(", because {} changes", code(&cause.path))).unwrap_or_default()
}

fn changed_text(change: &TextChange) -> String {
    let dataset = code(change.dataset.to_string());
    match (&change.before, &change.after) {
        (None, Some(after)) => {
            format!("{dataset} is new: {}", count(after.lines().count(), "line"))
        }
        (Some(_), None) => format!("{dataset} is taken away"),
        (Some(before), Some(after)) => {
            let (added, removed) = difference(before, after);
            format!("{dataset}: +{added} −{removed} lines")
        }
        (None, None) => dataset,
    }
}

/// Lines that are added and removed.
fn difference(before: &str, after: &str) -> (usize, usize) {
    let patch = diffy::create_patch(before, after);
    let lines = patch.hunks().iter().flat_map(|hunk| hunk.lines());
    lines.fold((0, 0), |(added, removed), line| match line {
        diffy::Line::Insert(_) => (added + 1, removed),
        diffy::Line::Delete(_) => (added, removed + 1),
        diffy::Line::Context(_) => (added, removed),
    })
}

fn rehearsed(rehearsal: &Rehearsal) -> String {
    match &rehearsal.outcome {
        RehearsalOutcome::Compared { partitions, added, removed, changed, same, columns } => {
            let names: Vec<_> = columns.iter().take(8).map(|one| code(&one.column)).collect();
            let names = match names.is_empty() {
                true => String::new(),
                false => format!("; columns that differ: {}", names.join(", ")),
            };
            let partitions = count(partitions.len(), "partition");
            format!(
                ". Over {partitions} of its data: {added} rows more, {removed} fewer, {changed} \
                 changed, {same} the same{names}"
            )
        }
        RehearsalOutcome::NotCompared { reason, fails } => {
            let failed = if *fails { "It fails over the data there" } else { "Not rehearsed" };
            format!(". {failed}: {}", prose(reason))
        }
    }
}

fn stack(stack: &StackPlan) -> String {
    let mut counted: Vec<(ChangeAction, usize)> = Vec::new();
    for change in &stack.changes {
        match counted.iter_mut().find(|(action, _)| *action == change.action) {
            Some((_, many)) => *many += 1,
            None => counted.push((change.action, 1)),
        }
    }
    counted.sort_unstable();
    let counted: Vec<_> = counted.iter().map(|(action, many)| format!("{many} {action}")).collect();
    format!("{}: {}", code(&stack.stack), counted.join(", "))
}

fn drifted(stack: &StackPlan) -> impl Iterator<Item = String> {
    stack.drift.iter().map(|found| {
        let (stack, resource) = (code(&stack.stack), code(&found.logical_id));
        let what = match (found.is_compared(), found.deleted) {
            (false, _) => "could not be compared with its template",
            (true, true) => "was deleted by hand",
            (true, false) => "was changed by hand",
        };
        format!("{resource} of {stack} {what}")
    })
}

/// Text as a code span: nothing in it means anything.
fn code(text: impl Display) -> String {
    format!("`{}`", shortened(&text.to_string()).replace('`', "'"))
}

/// Text as it is, with its own code spans, and nothing else that means something.
fn prose(text: &str) -> String {
    let text = shortened(text);
    let parts: Vec<_> = text.split('`').collect();
    if parts.len() % 2 == 0 {
        return escaped(&text);
    }
    let shown = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        1 if !part.trim().is_empty() => code(part),
        _ => escaped(part),
    });
    shown.collect()
}

/// Splits what GitHub would make a mention, a reference or a link of, wherever it looks for it: in the
/// text or in what the text became. It has no width.
const JOINER: char = '\u{2060}';

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '*' | '_' | '[' | ']' | '(' | ')' | '|' | '~' | '\\' | '`' | '!' | '$' => {
                escaped.extend(['\\', letter]);
            }
            '@' | '#' => escaped.extend([letter, JOINER]),
            ':' if letters.peek() == Some(&'/') => escaped.extend([letter, JOINER]),
            '.' if ends_with_www(&escaped) => escaped.extend([JOINER, letter]),
            _ => escaped.push(letter),
        }
    }
    escaped
}

fn ends_with_www(text: &str) -> bool {
    let start = text.len().checked_sub(3);
    start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// One line of bounded length, without control characters.
fn shortened(text: &str) -> String {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
