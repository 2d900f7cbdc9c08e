//! The environments side by side, in the order in which releases move: what runs, what is under way,
//! what could come next.

use domain::pipeline::ExecutionStatus;
use leptos::prelude::*;

use super::words::{commit_line, execution_link, execution_status, short};
use crate::api::delivery::{CommitShown, ExecutionSummary, Lane, Lanes, Running};
use crate::components::{RelativeTime, status_badge};

/// A lane per environment; `actions` gives the buttons of each.
pub fn lanes(lanes: &Lanes, actions: &dyn Fn(&Lane) -> AnyView) -> AnyView {
    let items = lanes.lanes.iter().map(|lane| item(lane, actions(lane))).collect_view();
    let simulated = lanes.simulated.then(|| {
        view! { <p class="muted lanes-note">"Stacks are simulated: nothing is made in any account."</p> }
    });
    view! { <ol class="lanes" aria-label="Environments">{items}</ol>{simulated} }.into_any()
}

fn item(lane: &Lane, actions: AnyView) -> AnyView {
    let name = lane.environment.to_string();
    let (dot, history) = (name.clone(), format!("/{name}/deployments"));
    let place = format!("{} · account {} · {}", lane.branch, lane.account, lane.region);
    view! {
        <li class="card lane">
            <header class="lane-head">
                <h2><span class="env-dot" data-env=dot></span>{name.clone()}</h2>
                {drift(lane.drifted)}
                <a class="lane-history" href=history aria-label=format!("History of {name}")>"History"</a>
            </header>
            {running(lane.running.as_ref())}
            {lane.execution.as_ref().map(under_way)}
            {head(lane)}
            {notices(lane)}
            {offer(lane)}
            <footer class="lane-foot"><span class="muted">{place}</span>{actions}</footer>
        </li>
    }
    .into_any()
}

fn drift(drifted: Option<u64>) -> AnyView {
    match drifted {
        None => ().into_any(),
        Some(0) => view! { <span class="muted">"no drift"</span> }.into_any(),
        Some(1) => status_badge("wait", "1 resource drifted"),
        Some(many) => status_badge("wait", format!("{many} resources drifted")),
    }
}

fn running(running: Option<&Running>) -> AnyView {
    let Some(running) = running else {
        return view! { <p class="lane-running muted">"Nothing was deployed here yet."</p> }
            .into_any();
    };
    let (commit, release) = (&running.commit, running.release.clone());
    view! {
        <div class="lane-running">
            <p class="lane-summary">{commit.summary.clone()}</p>
            <p class="muted"><code title=commit.id.clone()>{short(&commit.id)}</code>" by "{commit.author.clone()}</p>
            <p class="muted">"release "<code title=release.clone()>{short(&release)}</code>", since "<RelativeTime at=running.since /></p>
        </div>
    }
    .into_any()
}

/// The execution that is under way or waits; of the last one only if it did not succeed.
fn under_way(execution: &ExecutionSummary) -> AnyView {
    let href = execution_link(execution);
    match execution.status {
        ExecutionStatus::Succeeded => ().into_any(),
        ExecutionStatus::AwaitingApproval => view! {
            <p class="lane-execution row">
                {execution_status(execution)}
                <span>{execution.commit.summary.clone()}</span>
                <a href=format!("{href}/plan")>"Review the plan"</a>
            </p>
        }
        .into_any(),
        _ => view! {
            <p class="lane-execution row">
                <a class="quiet" href=href.clone()>{execution_status(execution)}</a>
                <a href=href>{execution.commit.summary.clone()}</a>
            </p>
        }
        .into_any(),
    }
}

/// The head of the branch, unless the execution above delivers it.
fn head(lane: &Lane) -> Option<AnyView> {
    let head = lane.head.as_ref()?;
    let delivered = lane.execution.as_ref().is_some_and(|last| last.commit.id == head.id);
    (!delivered).then(|| {
        view! {
            <p class="lane-head-commit muted">"Head of "{lane.branch.clone()}", not deployed: "
                <code title=head.id.clone()>{short(&head.id)}</code>" "{head.summary.clone()}</p>
        }
        .into_any()
    })
}

fn notices(lane: &Lane) -> AnyView {
    let paused = lane.paused.as_ref().map(|paused| {
        view! {
            <p class="notice lane-notice" data-tone="wait">"Promotion is stopped since a rollback by "
                <strong>{paused.by.clone()}</strong>", "<RelativeTime at=paused.at />": “"{paused.reason.clone()}"”"</p>
        }
    });
    let frozen = lane.frozen.clone();
    let frozen = frozen.map(|why| {
        view! { <p class="notice lane-notice" data-tone="wait">"Nothing is deployed now: "{why}</p> }
    });
    view! { {paused}{frozen} }.into_any()
}

fn offer(lane: &Lane) -> Option<AnyView> {
    let offer = lane.offer.as_ref()?;
    let from = &offer.from;
    let told = |text: String| Some(view! { <p class="muted lane-offer">{text}</p> }.into_any());
    let text = match offer.ahead {
        _ if lane.offered().is_none() => return told(format!("The same release as {from}")),
        0 => return told(format!("{from} runs another release")),
        1 => format!("{from} is 1 commit ahead"),
        many => format!("{from} is {many} commits ahead"),
    };
    let commits = commit_list(&offer.commits, offer.ahead);
    Some(
        view! { <details class="details lane-offer"><summary>{text}</summary>{commits}</details> }
            .into_any(),
    )
}

/// Commits, the newest first; of more than are given, how many there are besides.
pub fn commit_list(commits: &[CommitShown], all: u64) -> AnyView {
    let rest = all.saturating_sub(commits.len() as u64);
    let items = commits.iter().map(|commit| view! { <li>{commit_line(commit)}</li> });
    let items = items.collect_view();
    let rest = (rest > 0).then(|| view! { <li class="muted">{format!("and {rest} more")}</li> });
    view! { <ul class="commits">{items}{rest}</ul> }.into_any()
}
