//! The tab History: all versions, the difference between any two, and the way back.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api::transformations::{
    SavedTransformation, TransformationSaved, VersionSummary, VersionToRestore,
};
use crate::api::{Problem, get, send};
use crate::components::{
    Dialog, Empty, RelativeTime, SqlDiff, close_dialog, failure, loaded, open_dialog, toast,
};

const DIALOG: &str = "restore";

/// The versions that somebody chose to compare; until then the newest with the one before it.
#[derive(Clone, Copy)]
struct Pair {
    before: RwSignal<Option<u64>>,
    after: RwSignal<Option<u64>>,
}

/// The version that runs now; 0: there is none.
fn newest_of(desk: Desk) -> u64 {
    desk.live.with(|live| live.as_ref().map_or(0, |live| live.version))
}

impl Pair {
    fn before(self, desk: Desk) -> Option<u64> {
        let newest = newest_of(desk);
        self.before.get().or_else(|| (newest > 0).then(|| newest.saturating_sub(1).max(1)))
    }

    fn after(self, desk: Desk) -> Option<u64> {
        let newest = newest_of(desk);
        self.after.get().or_else(|| (newest > 0).then_some(newest))
    }
}

/// The tab.
pub(super) fn history(desk: Desk) -> AnyView {
    let versions = Resource::new(
        move || (desk.path("/versions"), newest_of(desk)),
        |(path, _)| get::<Vec<VersionSummary>>(path),
    );
    let pair = Pair { before: RwSignal::new(None), after: RwSignal::new(None) };
    let wanted = RwSignal::new(None::<u64>);
    // Both resources are made here, one after the other: made when the first has come, server and
    // browser would count them in different orders.
    let both = both(desk, pair);
    view! {
        <div class="stack">
            {loaded(versions, 5, move |versions| table(desk, &versions, pair, wanted))}
            {loaded(both, 6, difference)}
            {restore_dialog(desk, wanted)}
        </div>
    }
    .into_any()
}

fn table(
    desk: Desk,
    versions: &[VersionSummary],
    pair: Pair,
    wanted: RwSignal<Option<u64>>,
) -> AnyView {
    let Some(newest) = versions.first().map(|newest| newest.version) else {
        return view! { <Empty title="Nothing was saved yet"><p>"The first save makes version 1."</p></Empty> }.into_any();
    };
    let rows: Vec<_> =
        versions.iter().map(|version| row(desk, version, newest, pair, wanted)).collect();
    view! {
        <div class="table-scroll trial-rows" tabindex="0" role="group" aria-label="Versions"><table class="table">
            <caption class="visually-hidden">"Versions, newest first"</caption>
            <thead><tr>
                <th scope="col">"Before"</th><th scope="col">"After"</th><th scope="col" class="number">"Version"</th>
                <th scope="col">"Why"</th><th scope="col">"By"</th><th scope="col">"When"</th><th scope="col"></th><th scope="col"></th>
            </tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

fn row(
    desk: Desk,
    version: &VersionSummary,
    newest: u64,
    pair: Pair,
    wanted: RwSignal<Option<u64>>,
) -> AnyView {
    let number = version.version;
    let radio = |name: &'static str, chosen: RwSignal<Option<u64>>, shown: Signal<Option<u64>>| {
        let label = format!("Version {number} as {name}");
        view! {
            <td><input type="radio" name=name aria-label=label prop:checked=move || shown.get() == Some(number)
                on:change=move |_| chosen.set(Some(number)) /></td>
        }
    };
    let restore = move || {
        (number != newest && desk.may_edit.get()).then(|| {
            let ask = move |_| {
                wanted.set(Some(number));
                open_dialog(DIALOG);
            };
            let label = format!("Restore version {number}");
            view! { <button type="button" class="button button-small" aria-label=label on:click=ask>"Restore"</button> }
        })
    };
    let lineage = format!("?tab=lineage&version={number}");
    let lineage_label = format!("Lineage of version {number}");
    view! {
        <tr>
            {radio("before", pair.before, Signal::derive(move || pair.before(desk)))}
            {radio("after", pair.after, Signal::derive(move || pair.after(desk)))}
            <td class="number">{number}</td>
            <td class="transformation-message">{version.message.clone()}</td>
            <td>{version.author.clone()}</td>
            <td class="nowrap"><RelativeTime at=version.saved_at /></td>
            <td class="nowrap"><a {..custom_attribute("noscroll", "")} href=lineage aria-label=lineage_label>"Lineage"</a></td>
            <td>{restore}</td>
        </tr>
    }
    .into_any()
}

type Both = (Option<SavedTransformation>, Option<SavedTransformation>);

/// The two versions that are compared.
fn both(desk: Desk, pair: Pair) -> Resource<Result<Both, Problem>> {
    let path = move |version: Option<u64>| {
        version.map(|version| desk.path(&format!("/versions/{version}")))
    };
    Resource::new(
        move || (path(pair.before(desk)), path(pair.after(desk))),
        |(before, after)| {
            let (before, after) = (fetch(before), fetch(after));
            async move { Ok::<_, Problem>((before.await?, after.await?)) }
        },
    )
}

fn difference(both: Both) -> AnyView {
    match both {
        (Some(before), Some(after)) if before.sql != after.sql => {
            let label = |saved: &SavedTransformation| {
                Signal::stored(format!("Version {}, by {}", saved.version, saved.author))
            };
            let (label_before, label_after) = (label(&before), label(&after));
            view! {
                <SqlDiff label_before=label_before before=Signal::stored(before.sql)
                    label_after=label_after after=Signal::stored(after.sql) />
            }
            .into_any()
        }
        (Some(_), Some(_)) => view! { <p class="muted">"Both hold the same SQL."</p> }.into_any(),
        _ => ().into_any(),
    }
}

/// One version, if one is chosen. The request is made at once, while the page's context is there.
fn fetch(
    path: Option<String>,
) -> impl Future<Output = Result<Option<SavedTransformation>, Problem>> + Send + 'static {
    let answer = path.map(get::<SavedTransformation>);
    async move {
        match answer {
            Some(answer) => answer.await.map(Some),
            None => Ok(None),
        }
    }
}

fn restore_dialog(desk: Desk, wanted: RwSignal<Option<u64>>) -> AnyView {
    let (message, busy) = (RwSignal::new(String::new()), RwSignal::new(false));
    let problem = RwSignal::new(None::<Problem>);
    let (failing, reason) = (RwSignal::new(false), RwSignal::new(String::new()));
    let accepted = move || {
        let reason = reason.get_untracked().trim().to_owned();
        (failing.get_untracked() && !reason.is_empty()).then_some(reason)
    };
    let restore = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(version) = wanted.get_untracked() else { return };
        let text = message.get_untracked().trim().to_owned();
        let asked = VersionToRestore {
            version,
            base: desk.live.with_untracked(|live| live.as_ref().map_or(0, |live| live.version)),
            message: (!text.is_empty()).then_some(text),
            accept_failing_tests: accepted(),
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match send::<_, TransformationSaved>("POST", desk.path("/restore"), &asked).await {
                Ok(done) => {
                    close_dialog(DIALOG);
                    message.set(String::new());
                    toast(
                        "good",
                        format!("Version {version} runs again, as version {}", done.saved.version),
                    );
                    desk.saved(done.saved, done.standing);
                }
                Err(told) => {
                    failing.set(told.fields.iter().any(|f| f.field == "accept_failing_tests"));
                    problem.set(Some(told));
                }
            }
            busy.set(false);
        });
    };
    let because = move || {
        failing.get().then(|| {
            view! {
                <div class="field">
                    <label for="restore-reason">"Restore although tests fail, because"</label>
                    <input id="restore-reason" type="text" autocomplete="off" prop:value=reason
                        on:input=move |event| reason.set(event_target_value(&event)) />
                </div>
            }
        })
    };
    let title =
        Signal::derive(move || format!("Restore version {}?", wanted.get().unwrap_or_default()));
    let draft = move || {
        desk.is_changed().then(|| {
            view! { <p class="notice" data-tone="wait">"The editor holds SQL that is not saved. Restoring replaces it."</p> }
        })
    };
    view! {
        <Dialog id=DIALOG title=title>
            <form class="stack" on:submit=restore>
                <p>"It is saved again as the newest version. Nothing is taken out of the history."</p>
                {draft}
                <div class="field">
                    <label for="restore-message">"Why"</label>
                    <input id="restore-message" type="text" maxlength="500" autocomplete="off" prop:value=message
                        on:input=move |event| message.set(event_target_value(&event)) />
                </div>
                {because}
                {move || problem.get().map(failure)}
                <div class="actions">
                    <button type="button" class="button" on:click=move |_| close_dialog(DIALOG)>"Not now"</button>
                    <button type="submit" class="button button-primary" disabled=busy>"Restore"</button>
                </div>
            </form>
        </Dialog>
    }
    .into_any()
}
