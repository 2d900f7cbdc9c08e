//! The filters of the list, in the address: every list is a link that can be shared.

use domain::run::{RunStatus, Trigger};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

/// Frequent questions, as (text, statuses).
const QUESTIONS: [(&str, &[RunStatus]); 5] = [
    ("All", &[]),
    ("Under way", &[RunStatus::Running, RunStatus::Queued]),
    ("Failed", &[RunStatus::Failed]),
    ("Held", &[RunStatus::Held]),
    ("Succeeded", &[RunStatus::Succeeded]),
];

/// Links to frequent questions; the one that is asked is marked.
pub(super) fn questions(query: &ParamsMap) -> AnyView {
    let asked = query.get_all("status").unwrap_or_default();
    let link = |(text, statuses): &(&'static str, &[RunStatus])| {
        let same = asked.len() == statuses.len()
            && statuses.iter().all(|status| asked.iter().any(|asked| asked == status.as_str()));
        let mut target = query.clone();
        for name in ["status", "after", "newer_than"] {
            target.remove(name);
        }
        for status in *statuses {
            target.insert("status", status.as_str().to_owned());
        }
        let href = match target.to_query_string() {
            empty if empty.is_empty() => "?".to_owned(),
            filled => filled,
        };
        view! { <a href=href aria-current=same.then_some("page")>{*text}</a> }
    };
    let links = QUESTIONS.iter().map(link).collect_view();
    view! { <nav class="tabs" aria-label="Frequent questions">{links}</nav> }.into_any()
}

/// The form. Sends its fields as the query of this address.
pub(super) fn form(query: &ParamsMap) -> AnyView {
    let value = |name: &str| query.get(name).unwrap_or_default();
    let statuses = query.get_all("status").unwrap_or_default();
    let status = RunStatus::ALL.map(|status| {
        let checked = statuses.iter().any(|asked| asked == status.as_str());
        view! {
            <label class="pill">
                <input type="checkbox" name="status" value=status.as_str() checked=checked />
                <span>{status_word(status)}</span>
            </label>
        }
    });
    let asked = value("trigger");
    let triggers = Trigger::ALL.map(|trigger| {
        let selected = trigger.as_str() == asked;
        view! { <option value=trigger.as_str() selected=selected>{trigger_word(trigger)}</option> }
    });
    view! {
        <form class="filters run-filters" method="get" role="search" aria-label="Runs">
            <div class="field">
                <label for="run-dataset">"Dataset"</label>
                <input id="run-dataset" name="dataset" value=value("dataset") placeholder="system/table" autocomplete="off" spellcheck="false" />
            </div>
            <div class="field run-filter-short">
                <label for="run-trigger">"Started by"</label>
                <select id="run-trigger" name="trigger">
                    <option value="">"Anything"</option>
                    {triggers}
                </select>
            </div>
            <div class="field run-filter-short">
                <label for="run-actor">"Who"</label>
                <input id="run-actor" name="actor" value=value("actor") placeholder="login" autocomplete="off" spellcheck="false" />
            </div>
            <div class="field">
                <label for="run-from">"From (UTC)"</label>
                <input id="run-from" name="from" type="datetime-local" value=value("from") />
            </div>
            <div class="field">
                <label for="run-to">"To (UTC)"</label>
                <input id="run-to" name="to" type="datetime-local" value=value("to") />
            </div>
            <fieldset class="run-statuses">
                <legend>"Status"</legend>
                <div class="pills">{status}</div>
            </fieldset>
            <div class="actions">
                <button type="submit" class="button button-primary">"Show"</button>
                <a class="button" href="?">"Clear"</a>
            </div>
        </form>
    }
    .into_any()
}

/// Whether anything is asked for beside the page.
pub(super) fn is_filtered(query: &ParamsMap) -> bool {
    ["dataset", "status", "trigger", "actor", "from", "to", "key"]
        .iter()
        .any(|name| query.get(name).is_some_and(|value| !value.is_empty()))
}

/// A status as people read it.
pub(super) fn status_word(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Queued => "Queued",
        RunStatus::Running => "Running",
        RunStatus::Held => "Held",
        RunStatus::Succeeded => "Succeeded",
        RunStatus::Failed => "Failed",
        RunStatus::Cancelled => "Cancelled",
        RunStatus::Duplicate => "Duplicate",
        RunStatus::Superseded => "Superseded",
    }
}

/// A trigger as people read it.
pub(super) fn trigger_word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "Arrival",
        Trigger::Sweep => "Sweep",
        Trigger::Landing => "Upload",
        Trigger::Replay => "Replay",
    }
}
