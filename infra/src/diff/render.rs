//! A diff as text for a terminal: one line per resource, its causes below.

use std::fmt::Write;

use domain::stack::{ChangeAction, PermissionChange, PropertyChange, Recreation, ResourceChange};

/// Longest a value is shown, in characters.
const MOST_CHARACTERS: usize = 100;

/// The text, each line ended; "nothing changes" when there is nothing. What comes from templates
/// cannot steer the terminal.
pub fn render(changes: &[ResourceChange], permissions: &[PermissionChange]) -> String {
    let mut text = String::new();
    for change in changes {
        resource(&mut text, change);
    }
    for permission in permissions {
        let sign = if permission.widened { "! widened  " } else { "  narrowed " };
        line(&mut text, format_args!("{sign}{}", permission.sentence));
    }
    if text.is_empty() {
        text.push_str("nothing changes\n");
    }
    text
}

fn resource(text: &mut String, change: &ResourceChange) {
    let sign = match change.action {
        ChangeAction::Add => "+",
        ChangeAction::Modify => "~",
        ChangeAction::MayReplace | ChangeAction::Replace => "-/+",
        ChangeAction::Orphan | ChangeAction::Remove => "-",
    };
    let named = change.physical_id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    let held = match (change.endangers_data(), change.action) {
        (true, _) => ", which holds data",
        (false, ChangeAction::Orphan) => ", which stays in the account",
        _ => "",
    };
    let (action, name) = (change.action, &change.logical_id);
    let kind = &change.resource_type;
    line(text, format_args!("{sign:<3} {action} {name} ({kind}){named}{held}"));
    for cause in &change.causes {
        property(text, cause);
    }
}

fn property(text: &mut String, cause: &PropertyChange) {
    let effect = match cause.recreation {
        Recreation::Never => "",
        Recreation::Conditionally => " (may replace)",
        Recreation::Always => " (replaces)",
    };
    let path = &cause.path;
    match (&cause.before, &cause.after) {
        (Some(before), Some(after)) if before == after => {
            let value = short(after);
            line(text, format_args!("      ~ {path}: {value} follows what is replaced{effect}"));
        }
        (Some(before), Some(after)) => {
            let (before, after) = (short(before), short(after));
            line(text, format_args!("      ~ {path}: {before} -> {after}{effect}"));
        }
        (None, Some(after)) => {
            line(text, format_args!("      + {path}: {}{effect}", short(after)));
        }
        (Some(before), None) => {
            line(text, format_args!("      - {path}: {}{effect}", short(before)));
        }
        (None, None) => line(text, format_args!("      ~ {path}{effect}")),
    }
}

fn short(value: &str) -> String {
    let shown: String = value.chars().take(MOST_CHARACTERS).collect();
    if shown.len() < value.len() { format!("{shown}…") } else { shown }
}

/// Writes one line.
fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    let mut written = String::new();
    // Writing into a String does not fail.
    let _ = written.write_fmt(content);
    text.push_str(&printable(&written));
    text.push('\n');
}

/// The text with characters masked that steer terminals or change the direction of what follows.
pub(crate) fn printable(text: &str) -> String {
    let steers = |one: char| {
        one.is_control() || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|one| if steers(one) { '\u{fffd}' } else { one }).collect()
}
