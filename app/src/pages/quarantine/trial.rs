//! Testing an edited source against rejected rows, saving it, replaying.

use domain::access::Permission;
use domain::run::RunId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::facets::Chosen;
use super::form::{Edited, settings};
use super::others::{self, other_runs};
use super::outcome::outcome_view;
use crate::api::quarantine::{
    CurrentSource, Kind, RejectingRun, ReplayRequest, Replays, TrialOutcome, TrialRequest,
};
use crate::api::{Problem, send};
use crate::components::{
    Card, Dialog, close_dialog, failure, icon, open_dialog, toast, toast_problem,
};
use crate::format::count;
use crate::place::{in_environment, may};

/// The form, the button that tests it, what came of it, and the button that saves it.
pub(super) fn trial_card(
    environment: String,
    run: RejectingRun,
    current: CurrentSource,
    kinds: StoredValue<Vec<Kind>>,
    chosen: Memo<Chosen>,
) -> AnyView {
    let edited = Edited::new(current.source.clone());
    let before = StoredValue::new(current.source);
    let outcome = RwSignal::new(None::<(Result<TrialOutcome, Problem>, Vec<String>)>);
    let (busy, all) = (RwSignal::new(false), RwSignal::new(false));
    let narrowed = move || !all.get() && !chosen.get().is_all();
    let rows = move || {
        let chosen = if narrowed() { chosen.get() } else { Chosen::default() };
        kinds.with_value(|kinds| chosen.rows(kinds))
    };
    let (runs, path) =
        (others::Chosen::only(run.id), in_environment(&environment, "/quarantine/trials"));
    let test = move |_| {
        let chosen = narrowed().then(|| chosen.get_untracked());
        let request = request(runs.runs(), edited, chosen);
        let columns = request.source.columns.iter().map(|column| column.name.clone()).collect();
        let path = path.clone();
        busy.set(true);
        spawn_local(async move {
            let answer = send::<_, TrialOutcome>("POST", path, &request).await;
            outcome.set(Some((answer, columns)));
            busy.set(false);
        });
    };
    let whole = Signal::derive(move || chosen.get().column);
    let only = move || {
        (!chosen.get().is_all()).then(|| {
            view! {
                <label class="check">
                    <input type="checkbox" prop:checked=move || all.get()
                        on:change=move |event| all.set(event_target_checked(&event)) />
                    <span>"Test all rejected rows of the run, not only those shown above"</span>
                </label>
            }
        })
    };
    let found = move || {
        outcome.get().map(|(answer, columns)| match answer {
            Ok(outcome) => outcome_view(outcome, columns),
            Err(problem) => failure(problem),
        })
    };
    let changed =
        Signal::derive(move || edited.source.with(|now| before.with_value(|was| now != was)));
    let label = move || match busy.get() {
        true => "Testing…".to_owned(),
        // How many of the others' rows are of the chosen kind, the test will tell.
        false if runs.len() > 1 && narrowed() => "Test against such rows of all runs".to_owned(),
        false => format!("Test against {} rows", count(rows() + runs.rows_beside())),
    };
    view! {
        <div id="trial"></div>
        <Card title="Test an edited source" note="Nothing is changed by a test.">
            <div class="stack">
                <p class="muted">
                    {format!("Version {} of the source of {}. Change what you think is wrong and see how many of these rows would pass.", current.version, run.dataset)}
                </p>
                {settings(edited, whole)}
                {only}
                {other_runs(&environment, &run, runs)}
                <div class="row">
                    <button type="button" class="button" disabled=move || busy.get() || edited.is_faulty() on:click=test>
                        {icon("check")}{label}
                    </button>
                    {save_button(environment.clone(), &run, runs, current.version, edited, changed)}
                </div>
                <div aria-live="polite">{found}</div>
            </div>
        </Card>
    }
    .into_any()
}

fn request(runs: Vec<RunId>, edited: Edited, chosen: Option<Chosen>) -> TrialRequest {
    let chosen = chosen.unwrap_or_default();
    let reason = chosen.reason.and_then(|name| serde_json::from_value(name.into()).ok());
    TrialRequest { runs, source: edited.source.get_untracked(), reason, column: chosen.column }
}

/// Saves the edited source and replays the runs; only for who may do both.
fn save_button(
    environment: String,
    run: &RejectingRun,
    runs: others::Chosen,
    version: u64,
    edited: Edited,
    changed: Signal<bool>,
) -> AnyView {
    let (edits, operates) = (may(Permission::EditSources), may(Permission::OperateRuns));
    if !edits.get_untracked() || !operates.get_untracked() {
        return view! { <p class="muted">"To save it as a new version you need the role engineer."</p> }.into_any();
    }
    let busy = RwSignal::new(false);
    let save = {
        let go = replayer(environment, busy);
        move |_| {
            let source = edited.source.get_untracked();
            go(ReplayRequest { runs: runs.runs(), save: Some(CurrentSource { version, source }) });
            close_dialog("save-source");
        }
    };
    let title = format!("Save version {} and replay?", version + 1);
    let dataset = run.dataset.to_string();
    let text = move || {
        let files = match runs.len() {
            1 => {
                "The file of this run is read again, and its rows take the place of those it wrote \
                  before."
                    .to_owned()
            }
            several => format!(
                "The files of {several} runs are read again, and their rows take the place of those \
                 they wrote before."
            ),
        };
        format!("Every later file of {dataset} is read by the new version. {files}")
    };
    let disabled = move || !changed.get() || edited.is_faulty() || busy.get();
    view! {
        <button type="button" class="button button-primary" disabled=disabled on:click=move |_| open_dialog("save-source")>
            {icon("replay")}{format!("Save as version {} and replay…", version + 1)}
        </button>
        <Dialog id="save-source" title=title>
            <p>{text}</p>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| close_dialog("save-source")>"Cancel"</button>
                <button type="button" class="button button-primary" on:click=save>"Save and replay"</button>
            </div>
        </Dialog>
    }
    .into_any()
}

/// Replays the run by the source as it is; nothing for who may not.
pub(super) fn replay_button(environment: String, run: &RejectingRun) -> AnyView {
    if !may(Permission::OperateRuns).get_untracked() {
        return ().into_any();
    }
    let busy = RwSignal::new(false);
    let (go, id) = (replayer(environment, busy), run.id);
    let replay = move |_| go(ReplayRequest { runs: vec![id], save: None });
    view! {
        <button type="button" class="button" disabled=move || busy.get() on:click=replay
            title="Read the file again by the current source and transformation">
            {icon("replay")}"Replay"
        </button>
    }
    .into_any()
}

/// Sends the request and goes to the new run.
fn replayer(environment: String, busy: RwSignal<bool>) -> impl Fn(ReplayRequest) + Clone + 'static {
    let navigate = use_navigate();
    // What is said after the answer is said on behalf of this component.
    let owner = Owner::current().unwrap_or_default();
    move |request: ReplayRequest| {
        let (environment, navigate) = (environment.clone(), navigate.clone());
        let owner = owner.clone();
        let path = in_environment(&environment, "/quarantine/replays");
        busy.set(true);
        spawn_local(async move {
            let answer = send::<_, Replays>("POST", path, &request).await;
            // Before the page is left: what it shows must not change after its signals are gone.
            busy.set(false);
            match answer {
                Ok(replays) => {
                    let saved = replays.version.map(|version| format!("Version {version} saved. "));
                    let started = match replays.runs.len() {
                        1 => "The run was started.".to_owned(),
                        several => format!("{several} runs were started."),
                    };
                    let text = format!("{}{started}", saved.unwrap_or_default());
                    owner.with(|| toast("good", text));
                    let target = match &replays.runs[..] {
                        [run] => format!("/{environment}/runs/{run}"),
                        _ => format!("/{environment}/runs?trigger=replay"),
                    };
                    navigate(&target, Default::default());
                }
                Err(problem) => owner.with(|| toast_problem(&problem)),
            }
        });
    }
}
