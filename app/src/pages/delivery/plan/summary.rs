//! What would be deployed and whose it is; and what it comes to, with links to the parts.

use leptos::prelude::*;

use crate::api::delivery::PlanShown;
use crate::components::{Card, CopyButton, RelativeTime, cause_words, commit_list, short};

/// The first card.
pub(super) fn what_and_whose(plan: &PlanShown) -> AnyView {
    let run = &plan.execution;
    let by = run.requested_by.clone().unwrap_or_else(|| "nobody who is signed in".to_owned());
    let digest = plan.digest.clone();
    let (release, copied) = (plan.release.clone(), digest.clone());
    let baseline = match plan.baseline.clone() {
        Some(release) => {
            view! { <dd>"release "<code title=release.clone()>{short(&release)}</code></dd> }
                .into_any()
        }
        None => view! { <dd>"nothing: this is the first deployment"</dd> }.into_any(),
    };
    let place = format!("{}, account {}, {}", plan.environment, plan.account, plan.region);
    let expires = plan.expires_at.filter(|_| plan.standing.open).map(|at| {
        view! { <dt>"Expires"</dt><dd>"undecided, "<RelativeTime at=at /></dd> }
    });
    let commits = match plan.commits.is_empty() {
        true => view! { <p class="muted">"No commit is new there."</p> }.into_any(),
        false => commit_list(&plan.commits, plan.commits.len() as u64),
    };
    let (made_at, cause, contents) = (plan.made_at, cause_words(&run.cause), contents(plan));
    view! {
        <Card title="What, and whose">
            <div class="plan-what">
                <dl class="facts">
                    <dt>"Into"</dt><dd>{place}</dd>
                    <dt>"Asked for by"</dt><dd><strong>{by}</strong>{format!(", {cause}")}</dd>
                    <dt>"Would run"</dt><dd>"release "<code title=release.clone()>{short(&release)}</code></dd>
                    <dt>"Runs now"</dt>{baseline}
                    <dt>"Plan"</dt>
                    <dd class="plan-digest"><code>{digest}</code><CopyButton label="Copy" text=copied /></dd>
                    <dt>"Made"</dt><dd><RelativeTime at=made_at /></dd>
                    {expires}
                </dl>
                <div><h3>"Commits that would come"</h3>{commits}</div>
            </div>
            {contents}
        </Card>
    }
    .into_any()
}

/// What the plan comes to, a link for each part that is there.
fn contents(plan: &PlanShown) -> AnyView {
    if plan.changes_nothing {
        return view! { <p class="notice plan-contents">"Nothing would change: what runs is the same."</p> }
            .into_any();
    }
    let resources: usize = plan.stacks.iter().map(|stack| stack.changes.len()).sum();
    let changes = plan.stacks.iter().flat_map(|stack| &stack.permissions);
    let widened = changes.filter(|change| change.widened).count();
    let drift = plan.stacks.iter().flat_map(|stack| &stack.drift);
    let (drifted, unknown): (Vec<_>, Vec<_>) = drift.partition(|one| one.is_compared());
    let parts = [
        (
            "danger",
            plan.to_type.len(),
            "resource whose data may be lost",
            "resources whose data may be lost",
        ),
        ("danger", widened, "permission widened", "permissions widened"),
        ("danger", drifted.len(), "resource drifted", "resources drifted"),
        ("danger", unknown.len(), "resource not compared", "resources not compared"),
        ("transformations", plan.transformations.len(), "transformation", "transformations"),
        ("sources", plan.sources.len(), "source", "sources"),
        (
            "quality",
            plan.quality.len(),
            "table with other quality rules",
            "tables with other quality rules",
        ),
        ("stacks", resources, "resource of stacks", "resources of stacks"),
    ];
    let links = parts.into_iter().filter(|part| part.1 > 0).map(|(place, number, one, many)| {
        let text = format!("{number} {}", if number == 1 { one } else { many });
        let tone = (place == "danger").then_some("bad");
        view! { <li data-tone=tone><a href=format!("#{place}")>{text}</a></li> }
    });
    let links = links.collect_view();
    view! { <nav class="plan-contents" aria-label="What would change"><ul>{links}</ul></nav> }
        .into_any()
}
