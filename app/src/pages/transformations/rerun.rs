//! After a save: the way to a table that is built by the new version.
//!
//! The engine rebuilds the whole table in the first run after the version changed, so that running
//! the newest file again is enough.

use domain::access::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::Desk;
use crate::api::runs::RunSummary;
use crate::api::{Page, Problem, get, send};
use crate::components::{failure_line, icon};
use crate::place::{in_environment, may};

/// The notice after a save; nothing before one.
pub(super) fn rerun(desk: Desk) -> AnyView {
    let may_run = may(Permission::OperateRuns);
    let busy = RwSignal::new(false);
    let started = RwSignal::new(None::<Result<RunSummary, Problem>>);
    let start = move |_| {
        busy.set(true);
        spawn_local(async move {
            let answer = run_again(desk).await;
            started.try_set(Some(answer));
            busy.try_set(false);
        });
    };
    // Another version, another run.
    Effect::new(move |_| {
        desk.fresh.track();
        started.set(None);
    });
    let outcome = move || {
        match started.get() {
        Some(Ok(run)) => {
            let href = format!("/{}/runs/{}", desk.environment.get_untracked(), run.id);
            view! { <a class="button button-primary" href=href>{icon("runs")}"Follow the run"</a> }.into_any()
        }
        Some(Err(problem)) => failure_line(&problem),
        None if may_run.get() => view! {
            <button type="button" class="button button-primary" disabled=busy on:click=start>{icon("runs")}"Run it over the data now"</button>
        }
        .into_any(),
        None => ().into_any(),
    }
    };
    let notice = move || {
        desk.fresh.get().map(|version| {
            let text = match started.with(|started| matches!(started, Some(Ok(_)))) {
                true => format!("A run is rebuilding the table by version {version}. Readers see the old rows until it is done."),
                false => format!("Version {version} is saved and builds the table from the next run on. Until then the table holds what the version before built."),
            };
            view! { <div class="notice row rerun" data-tone="good" role="status"><span class="rerun-text">{text}</span>{outcome}</div> }
        })
    };
    notice.into_any()
}

/// Runs the newest file of the dataset again.
async fn run_again(desk: Desk) -> Result<RunSummary, Problem> {
    let (environment, dataset) = (desk.environment.get_untracked(), desk.dataset.get_value());
    let newest = format!("/runs?dataset={dataset}&status=SUCCEEDED&limit=1");
    let page = get::<Page<RunSummary>>(in_environment(&environment, &newest)).await?;
    let Some(run) = page.items.first() else {
        let text = "No file of this dataset has run yet: the first one that arrives is built by this version.";
        return Err(Problem::new(404, "nothing to run", text));
    };
    let path = in_environment(&environment, &format!("/runs/{}/replay", run.id));
    send("POST", path, &serde_json::json!({})).await
}
