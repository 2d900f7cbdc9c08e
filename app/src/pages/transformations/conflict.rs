//! Two people saved at once: their edits side by side, each meeting decided, nothing lost.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::transformations::{MergeConflict, Merged};
use crate::components::{RelativeTime, SqlDiff};

/// What a person decides for one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Mine,
    Theirs,
    MineThenTheirs,
}

/// The three-way view, in place of the editor until it is decided.
pub(super) fn conflict(desk: Desk, merged: Merged) -> AnyView {
    let number = merged.conflicts.len();
    let choices = RwSignal::new(vec![None::<Choice>; number]);
    let open = move || choices.with(|choices| choices.iter().filter(|c| c.is_none()).count());
    let (base, theirs) = (merged.base.clone(), merged.current.clone());
    let base_sql = base.as_ref().map(|base| base.sql.clone()).unwrap_or_default();
    let base_version = base.map_or(0, |base| base.version);
    let lead = match number {
        0 => {
            "Both edits fit together: look at the result, then take it into the editor and save it."
        }
        1 => "Both edits touch the same place. Decide it, then save the result.",
        _ => "Both edits touch the same places. Decide each, then save the result.",
    };
    let title = format!(
        "{} saved version {} while you were editing version {base_version}",
        theirs.author, theirs.version
    );
    let cards = merged.conflicts.iter().enumerate().map(|(at, found)| card(at, found, choices));
    let cards = cards.collect_view();
    let result = {
        let merged = merged.clone();
        Signal::derive(move || choices.with(|choices| resolved(&merged, choices)))
    };
    let (take_version, take_live) = (theirs.version, theirs.clone());
    let take = move |_| {
        desk.live.set(Some(take_live.clone()));
        desk.put(result.get_untracked(), take_version);
        desk.conflict.set(None);
    };
    let waits = move || open() > 0;
    let waiting = move || match open() {
        0 => String::new(),
        1 => "One place is still to be decided.".to_owned(),
        more => format!("{more} places are still to be decided."),
    };
    let mine = desk.sql.get_untracked();
    let diff = |before: String, after: String, before_is: String, after_is: String| {
        view! {
            <SqlDiff label_before=Signal::stored(before_is) before=Signal::stored(before)
                label_after=Signal::stored(after_is) after=Signal::stored(after) />
        }
        .into_any()
    };
    let (was, is) = (format!("Version {base_version}"), format!("Version {}", theirs.version));
    let theirs_diff = diff(
        base_sql.clone(),
        theirs.sql.clone(),
        was.clone(),
        format!("{is}, by {}", theirs.author),
    );
    let mine_diff = diff(base_sql, mine, was, "Yours".to_owned());
    let current_sql = Signal::stored(theirs.sql.clone());
    view! {
        <section class="card conflict" aria-label="Two edits of one version">
            <header class="card-header"><h2>{title}</h2><span class="muted"><RelativeTime at=theirs.saved_at /></span></header>
            <div class="card-body stack">
                <p>"“"{theirs.message.clone()}"”. "{lead}" Your edit is kept as your draft meanwhile."</p>
                {cards}
                <section class="stack">
                    <h3>{format!("Together, against {is}")}</h3>
                    <SqlDiff label_before=Signal::stored(is.clone()) before=current_sql
                        label_after=Signal::stored("Together".to_owned()) after=result />
                </section>
                <details class="details"><summary>{format!("What {} changed", theirs.author)}</summary>{theirs_diff}</details>
                <details class="details"><summary>"What you changed"</summary>{mine_diff}</details>
                <div class="actions">
                    <span class="muted" role="status">{waiting}</span>
                    <button type="button" class="button" on:click=move |_| desk.conflict.set(None)>"Back to my edit"</button>
                    <button type="button" class="button button-primary" disabled=waits on:click=take>"Take into the editor"</button>
                </div>
            </div>
        </section>
    }
    .into_any()
}

fn card(at: usize, found: &MergeConflict, choices: RwSignal<Vec<Option<Choice>>>) -> AnyView {
    let offers = [
        (Choice::Mine, "Yours", found.mine.clone()),
        (Choice::Theirs, "Theirs", found.theirs.clone()),
    ];
    let offers = offers.map(|(choice, name, text)| offer(at, choice, name, text, choices));
    let both = radio(at, Choice::MineThenTheirs, "Both, yours first", choices);
    let base = found.base.clone();
    view! {
        <fieldset class="conflict-place">
            <legend>{format!("Place {}", at + 1)}</legend>
            <div class="conflict-sides">
                <div class="conflict-side"><span class="muted">"Before"</span><pre>{base}</pre></div>
                {offers}
            </div>
            {both}
        </fieldset>
    }
    .into_any()
}

fn offer(
    at: usize,
    choice: Choice,
    name: &'static str,
    text: String,
    choices: RwSignal<Vec<Option<Choice>>>,
) -> AnyView {
    let chosen = move || choices.with(|all| all[at] == Some(choice)).then_some("true");
    view! {
        <div class="conflict-side" data-chosen=chosen>{radio(at, choice, name, choices)}<pre>{text}</pre></div>
    }
    .into_any()
}

fn radio(
    at: usize,
    choice: Choice,
    text: &'static str,
    choices: RwSignal<Vec<Option<Choice>>>,
) -> AnyView {
    let choose = move |_| choices.update(|all| all[at] = Some(choice));
    view! {
        <label class="check"><input type="radio" name=format!("place-{at}") on:change=choose />{text}</label>
    }
    .into_any()
}

/// The merged text with what was decided; what is not decided yet stands as in the newest version.
fn resolved(merged: &Merged, choices: &[Option<Choice>]) -> String {
    let mut places = merged.conflicts.iter().zip(choices).peekable();
    let mut text = String::new();
    for (at, line) in merged.merged.split_inclusive('\n').enumerate() {
        let number = at as u64 + 1;
        let Some((place, choice)) = places.peek() else {
            text.push_str(line);
            continue;
        };
        if number < place.line {
            text.push_str(line);
        }
        if number == place.end_line {
            match choice {
                Some(Choice::Mine) => push(&mut text, &place.mine),
                Some(Choice::MineThenTheirs) => {
                    push(&mut text, &place.mine);
                    push(&mut text, &place.theirs);
                }
                Some(Choice::Theirs) | None => push(&mut text, &place.theirs),
            }
            places.next();
        }
    }
    text
}

/// Whole lines: the last of a place may come without its end.
fn push(text: &mut String, lines: &str) {
    text.push_str(lines);
    if !lines.is_empty() && !lines.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::transformations::SavedTransformation;

    fn merged() -> Merged {
        let current = SavedTransformation {
            version: 2,
            author: "ada".into(),
            message: "theirs".into(),
            saved_at: "2026-08-05T10:00:00Z".parse().unwrap(),
            sql: "SELECT\n  a,\n  theirs\nFROM t\n".into(),
        };
        Merged {
            base: None,
            current,
            merged: "SELECT\n  a,\n<<<<<<< mine\n  mine\n||||||| base\n  base\n=======\n  theirs\n>>>>>>> theirs\nFROM t\n".into(),
            conflicts: vec![MergeConflict {
                line: 3,
                end_line: 9,
                mine: "  mine\n".into(),
                base: "  base\n".into(),
                theirs: "  theirs".into(),
            }],
        }
    }

    #[test]
    fn every_choice_gives_whole_sql_without_marks() {
        let found = |choice| resolved(&merged(), &[choice]);
        assert_eq!(found(Some(Choice::Mine)), "SELECT\n  a,\n  mine\nFROM t\n");
        assert_eq!(found(Some(Choice::Theirs)), "SELECT\n  a,\n  theirs\nFROM t\n");
        assert_eq!(found(Some(Choice::MineThenTheirs)), "SELECT\n  a,\n  mine\n  theirs\nFROM t\n");
        assert_eq!(found(None), merged().current.sql);
    }
}
