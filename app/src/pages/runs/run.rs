//! One run: where it stands, what it did, why it stopped, what to do.

use domain::quality::{Judgement, QUALITY_BLOCKS};
use domain::run::RunStatus;
use domain::run_log::LogLine;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::actions::{Actions, actions, dialogs};
use super::filters::{status_word, trigger_word};
use super::log::log;
use super::steps::steps;
use super::table::{run_link, run_table};
use super::versions::versions;
use crate::api::runs::RunDetail;
use crate::api::{Page, get};
use crate::components::{Card, PageHeader, RelativeTime, Stat, judgements, loaded, run_status};
use crate::format;
use crate::live::{refresh, use_live};
use crate::place::{in_environment, use_environment};

/// The page.
pub(crate) fn run() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let path =
        Memo::new(move |_| in_environment(&environment.get(), &format!("/runs/{}", id.get())));
    let log_path = Memo::new(move |_| format!("{}/log", path.get()));
    let detail = Resource::new(move || path.get(), get::<RunDetail>);
    let lines = Resource::new(move || log_path.get(), get::<Page<LogLine>>);
    let quality_path = Memo::new(move |_| format!("{}/quality", path.get()));
    let quality = Resource::new(move || quality_path.get(), get::<Vec<Judgement>>);
    let look_again = move || {
        refresh(detail, path);
        refresh(lines, log_path);
        refresh(quality, quality_path);
    };
    use_live(move |changed, _| {
        if changed.is_empty() || changed == id.get_untracked() {
            look_again();
        }
    });
    let todo = Actions::new(environment, id, look_again);
    let spoken = RwSignal::new(String::new());
    let sql_open = RwSignal::new(false);
    let show = move |detail: RunDetail| {
        // Only changes are spoken, not the first state.
        let status = status_word(detail.run.status);
        Effect::new(move |_| spoken.set(format!("Run {status}")));
        let environment = environment.get_untracked();
        view! {
            {header(&environment, &detail, todo)}
            <div class="stack">
                {failure_card(&environment, &detail)}
                {figures(&environment, &detail)}
                {steps(&detail)}
                {versions(&environment, &detail, sql_open)}
                {same_file(&environment, detail)}
            </div>
        }
        .into_any()
    };
    view! {
        <p class="visually-hidden" role="status">{spoken}</p>
        {loaded(detail, 10, show)}
        <div id="quality" class="run-quality">{loaded(quality, 0, move |found| judgements(&environment.get_untracked(), found))}</div>
        <div class="run-log-place">{loaded(lines, 4, log)}</div>
        {dialogs(todo)}
    }
}

fn header(environment: &str, detail: &RunDetail, todo: Actions) -> AnyView {
    let run = &detail.run;
    let crumbs = vec![(format!("/{environment}/runs"), "Runs".to_owned())];
    let dataset = run.dataset.to_string();
    let list = format!("/{environment}/runs?dataset={}", dataset.replace('/', "%2F"));
    let by = match run.actor.as_str() {
        "sluice" => trigger_word(run.trigger).to_owned(),
        actor => format!("{} by {actor}", trigger_word(run.trigger)),
    };
    let original = detail.original.map(|original| {
        let word = if run.status == RunStatus::Duplicate { "duplicate of" } else { "repeats" };
        view! { <span>{word}" "<a href=run_link(environment, original)>"an earlier run"</a></span> }
    });
    let actions = actions(run, todo);
    view! {
        <PageHeader title=run.file().to_owned() crumbs=crumbs>{actions}</PageHeader>
        <p class="run-head row">
            {run_status(run.status)}
            <a href=list>{dataset}</a>
            <span class="muted">{by}", recorded "<RelativeTime at=run.created_at /></span>
            {original}
            <code class="muted run-id">{run.id.to_string()}</code>
        </p>
    }
    .into_any()
}

/// Why it stands where it stands, and what to do.
fn failure_card(environment: &str, detail: &RunDetail) -> Option<AnyView> {
    let failure = detail.failure.as_ref()?;
    let run = &detail.run;
    let bad = run.status == RunStatus::Failed;
    let title = match run.status {
        RunStatus::Failed => "Why it failed",
        RunStatus::Held => "Why it waits",
        RunStatus::Queued | RunStatus::Running => "Why the last attempt failed",
        _ => "Why it ended",
    };
    let hop =
        failure.hop.map(|hop| view! { <dt>"Step"</dt><dd>{super::steps::hop_title(hop)}</dd> });
    let line = failure
        .line
        .map(|line| view! { <dt>"Line"</dt><dd class="mono">{format::count(line)}</dd> });
    let next = match run.status {
        RunStatus::Held => {
            let href = super::table::register_link(environment, run);
            view! { <a class="button button-primary" href=href>"Register this source"</a> }
                .into_any()
        }
        RunStatus::Failed if failure.message.starts_with(QUALITY_BLOCKS) => view! {
            <a class="button" href="#quality">"See the rows that break the rules"</a>
        }
        .into_any(),
        RunStatus::Failed if run.rows_rejected > 0 => {
            let href = format!("/{environment}/quarantine/{}", run.id);
            view! { <a class="button" href=href>"See the rejected rows"</a> }.into_any()
        }
        RunStatus::Failed if failure.kind.is_transient() => {
            "Nothing need be changed: retry goes on from the failed step.".into_any()
        }
        RunStatus::Failed => {
            "Correct the file or the source, then replay the file. Retry repeats the step as it is."
                .into_any()
        }
        _ => ().into_any(),
    };
    let class = if bad { "failure" } else { "notice" };
    Some(
        view! {
            <section class=class data-tone="wait" aria-label=title>
                <h2 class="failure-title">{title}</h2>
                <p>{failure.message.clone()}</p>
                <dl class="facts">
                    <dt>"File"</dt><dd class="mono">{run.key.clone()}</dd>
                    {line}{hop}
                    <dt>"Kind"</dt><dd>{kind_word(failure.kind)}</dd>
                </dl>
                <p>{next}</p>
            </section>
        }
        .into_any(),
    )
}

fn kind_word(kind: domain::ErrorKind) -> &'static str {
    use domain::ErrorKind;
    match kind {
        ErrorKind::Invalid => "the file, the source or the SQL does not fit",
        ErrorKind::NotFound => "something it needs is not there",
        ErrorKind::Conflict => "something else was faster",
        ErrorKind::Denied => "the server may not do this",
        ErrorKind::Throttled => "a service asked to slow down",
        ErrorKind::Unavailable => "a service or disk could not do it at the time",
        ErrorKind::Cancelled => "somebody asked for it",
        ErrorKind::Internal => "a fault of Sluice",
    }
}

fn figures(environment: &str, detail: &RunDetail) -> AnyView {
    let run = &detail.run;
    let rejected = (run.rows_rejected > 0).then(|| {
        let href = format!("/{environment}/quarantine/{}", run.id);
        let share = format::share(run.rows_rejected, run.rows_read);
        view! { <dd class="stat-note"><a href=href>"Browse them"</a>{format!(" ({share})")}</dd> }
    });
    let took = run.seconds().map_or_else(|| "–".to_owned(), format::seconds);
    view! {
        <dl class="stats card run-figures">
            <Stat label="Rows read" value=format::count(run.rows_read) />
            <Stat label="Rows written" value=format::count(run.rows_written) />
            <div class="stat"><dt>"Rows rejected"</dt><dd>{format::count(run.rows_rejected)}</dd>{rejected}</div>
            <Stat label="File" value=format::bytes(run.size) />
            <Stat label="Took" value=took />
            <Stat label="Attempts" value=run.attempt.to_string() />
        </dl>
    }
    .into_any()
}

fn same_file(environment: &str, detail: RunDetail) -> Option<AnyView> {
    let runs = detail.same_file;
    if runs.is_empty() {
        return None;
    }
    let table = run_table(environment, "Other runs of this file", runs);
    Some(view! { <Card title="Other runs of this file">{table}</Card> }.into_any())
}
