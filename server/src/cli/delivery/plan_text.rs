//! A plan as text for a terminal.

use std::fmt::Write;

use diffy::DiffOptions;
use domain::approval::{Decision, Verdict};
use domain::branch::Person;
use domain::pipeline::ExecutionStatus;
use domain::plan::{Plan, Rehearsal, RehearsalOutcome, RulesChange, StackPlan, TextChange};
use domain::quality::RuleFate;
use domain::release::Digest;
use infra::approval::{Required, WhyNot};
use infra::diff::render;

use crate::cli::output::printable;

/// A plan, and where the decision on it stands.
#[derive(Debug)]
pub(super) struct PlanPage<'a> {
    pub(super) plan: &'a Plan,
    pub(super) digest: &'a Digest,
    pub(super) simulated: bool,
    pub(super) rules_change: Vec<String>,
    pub(super) status: ExecutionStatus,
    pub(super) required: Required,
    pub(super) could: Vec<(Person, Result<(), Vec<WhyNot>>)>,
    pub(super) decisions: &'a [Decision],
}

/// The whole page. What comes from files and people cannot steer the terminal.
pub(super) fn text(page: &PlanPage<'_>) -> String {
    let plan = page.plan;
    let mut text = String::new();
    head(&mut text, page);
    if plan.is_empty() {
        section(&mut text, "Nothing changes");
    }
    changes(&mut text, "SQL", "sql", &plan.transformations);
    if !plan.rehearsals.is_empty() {
        section(&mut text, "Old and new SQL over the same data of this environment");
        plan.rehearsals.iter().for_each(|rehearsal| rehearsed(&mut text, rehearsal));
    }
    changes(&mut text, "Sources", "toml", &plan.sources);
    rules(&mut text, &plan.quality);
    let simulated = if page.simulated { " (simulated: no account is touched)" } else { "" };
    section(&mut text, &format!("Stacks{simulated}"));
    plan.stacks.iter().for_each(|stack| stack_text(&mut text, stack));
    if !page.rules_change.is_empty() {
        section(&mut text, "Rules of the environment; this plan is judged by those before");
    }
    page.rules_change.iter().for_each(|sentence| line(&mut text, format_args!("! {sentence}")));
    warnings(&mut text, plan);
    decision(&mut text, page);
    printable(&text.replace('\t', "    "))
}

fn head(text: &mut String, page: &PlanPage<'_>) {
    let plan = page.plan;
    let baseline = plan.baseline.as_ref().map_or("nothing", |baseline| baseline.short());
    let by = plan.requested_by.as_ref().map_or("a push", |person| person.login.as_str());
    let authors: Vec<_> =
        plan.authors.iter().map(|author| format!("{} <{}>", author.name, author.email)).collect();
    line(
        text,
        format_args!("plan for      {} ({} {})", plan.environment, plan.account, plan.region),
    );
    line(text, format_args!("digest        {}", page.digest));
    line(text, format_args!("execution     {} ({})", plan.execution, page.status));
    line(text, format_args!("commit        {}", plan.commit));
    line(text, format_args!("release       {} (now: {baseline})", plan.release));
    line(text, format_args!("asked for by  {by}"));
    line(text, format_args!("written by    {}", authors.join(", ")));
    line(text, format_args!("made          {}", plan.made_at));
}

/// Changes of texts as unified diffs.
pub(super) fn changes(text: &mut String, title: &str, extension: &str, changes: &[TextChange]) {
    if changes.is_empty() {
        return;
    }
    section(text, title);
    for change in changes {
        let version = change.version.map_or("new".to_owned(), |version| version.to_string());
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        let ended = |text: Option<&str>| match text.unwrap_or_default().trim_end() {
            "" => String::new(),
            text => format!("{text}\n"),
        };
        let (before, after) = (ended(before), ended(after));
        let mut options = DiffOptions::new();
        options
            .set_original_filename(format!("{}.{extension} (version {version})", change.dataset));
        options.set_modified_filename(format!("{}.{extension}", change.dataset));
        text.push_str(&options.create_patch(&before, &after).to_string());
    }
}

fn rules(text: &mut String, changes: &[RulesChange]) {
    if !changes.is_empty() {
        section(text, "Quality rules");
    }
    for change in changes {
        line(text, format_args!("{}", change.table));
        for difference in change.differences() {
            let sign = match difference.fate {
                RuleFate::Added => '+',
                RuleFate::Changed => '~',
                RuleFate::Removed => '-',
            };
            let (fate, rule) = (difference.fate.as_str(), &difference.rule);
            line(text, format_args!("  {sign} {fate} {rule}: {}", difference.sentence));
            for sql in difference.sql.iter().flat_map(|sql| sql.lines()) {
                line(text, format_args!("      {sql}"));
            }
        }
    }
}

fn rehearsed(text: &mut String, rehearsal: &Rehearsal) {
    let dataset = &rehearsal.dataset;
    match &rehearsal.outcome {
        RehearsalOutcome::NotCompared { reason, .. } => {
            line(text, format_args!("{dataset}: not compared: {reason}"));
        }
        RehearsalOutcome::Compared { partitions, added, removed, changed, same, columns } => {
            line(
                text,
                format_args!(
                    "{dataset}: {added} rows added, {removed} removed, {changed} changed, {same} the \
                     same; days {}",
                    partitions.join(", ")
                ),
            );
            for column in columns {
                let kind = |kind: &Option<String>| kind.clone().unwrap_or("(none)".to_owned());
                let (before, after) = (kind(&column.before), kind(&column.after));
                let types = match before == after {
                    true => before,
                    false => format!("{before} -> {after}"),
                };
                line(text, format_args!("  {} ({types}): {} rows", column.column, column.changed));
            }
        }
    }
}

fn stack_text(text: &mut String, stack: &StackPlan) {
    line(text, format_args!("{}", stack.stack));
    if let Some(arn) = &stack.change_set {
        line(text, format_args!("  change set {arn}"));
    } else if !stack.changes.is_empty() {
        line(text, format_args!("  its change set is prepared once the stacks above are there"));
    }
    for rendered in render(&stack.changes, &stack.permissions).lines() {
        line(text, format_args!("  {rendered}"));
    }
    for drifted in &stack.drift {
        let what = match (drifted.is_compared(), drifted.deleted) {
            (false, _) => "could not be compared with its template",
            (true, true) => "was deleted by somebody else",
            (true, false) => "was changed by somebody else",
        };
        let (name, kind) = (&drifted.logical_id, &drifted.resource_type);
        line(text, format_args!("  drift: {name} ({kind}) {what}"));
    }
}

fn warnings(text: &mut String, plan: &Plan) {
    let widened: Vec<_> = plan.widened().collect();
    if !widened.is_empty() {
        section(text, "Permissions that widen");
    }
    for (stack, change) in widened {
        line(text, format_args!("! {}: {}", stack.stack, change.sentence));
    }
    let endangered: Vec<_> = plan.endangered().collect();
    if !endangered.is_empty() {
        section(text, "Data that may be lost");
    }
    for (stack, change) in endangered {
        let (action, name) = (change.action, change.name());
        line(text, format_args!("! {}: {action} {name} ({})", stack.stack, change.resource_type));
    }
}

fn decision(text: &mut String, page: &PlanPage<'_>) {
    section(text, "Approval");
    if page.required.approvers == 0 {
        line(text, format_args!("nobody has to approve"));
        return;
    }
    line(text, format_args!("{} needed:", page.required.approvers));
    for because in &page.required.because {
        line(text, format_args!("  {because}"));
    }
    for decision in page.decisions {
        let verdict = match (decision.verdict, decision.break_glass) {
            (Verdict::Approve, false) => "approved",
            (Verdict::Approve, true) => "broke the glass",
            (Verdict::Reject, _) => "rejected it",
        };
        let (login, at) = (&decision.by.login, decision.at);
        line(text, format_args!("{login} {verdict} at {at} {}", decision.reason));
    }
    if page.status != ExecutionStatus::AwaitingApproval {
        return;
    }
    for (person, could) in &page.could {
        match could {
            Ok(()) => line(text, format_args!("{} could approve", person.login)),
            Err(why) => {
                let why: Vec<_> = why.iter().map(ToString::to_string).collect();
                line(text, format_args!("{} could not: {}", person.login, why.join("; ")));
            }
        }
    }
    let (execution, digest) = (page.plan.execution, page.digest);
    let typed: String = page.required.typed.iter().map(|name| format!(" --type {name}")).collect();
    line(text, format_args!("sluice approve {execution} --digest {digest}{typed}"));
}

/// A heading.
pub(super) fn section(text: &mut String, title: &str) {
    line(text, format_args!("\n{title}"));
    line(text, format_args!("{}", "─".repeat(title.chars().count())));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(content);
    text.push('\n');
}
