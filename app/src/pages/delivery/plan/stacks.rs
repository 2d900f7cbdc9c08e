//! Every stack's change set, resource by resource.

use domain::stack::{ChangeAction, ResourceChange};
use leptos::prelude::*;

use super::danger::causes;
use crate::api::delivery::{PlanShown, StackShown};
use crate::components::{Card, status_badge};

/// The card; none when there are no stacks.
pub(super) fn stacks(plan: &PlanShown) -> Option<AnyView> {
    if plan.stacks.is_empty() {
        return None;
    }
    let changing = plan.stacks.iter().filter(|stack| !stack.changes.is_empty()).count();
    let note = format!("{changing} of {} would change", plan.stacks.len());
    let simulated = plan.simulated.then(|| {
        view! { <p class="notice">"Stacks are simulated: nothing is made in any account."</p> }
    });
    let items = plan.stacks.iter().map(stack).collect_view();
    Some(
        view! {
            <div id="stacks"><Card title="Stacks" note=note>
                <div class="stack">{simulated}<ul class="file-changes">{items}</ul></div>
            </Card></div>
        }
        .into_any(),
    )
}

fn stack(stack: &StackShown) -> AnyView {
    let name = stack.name.clone();
    if stack.changes.is_empty() {
        return view! { <li class="file-change plan-idle"><code>{name}</code><span class="muted">"nothing changes"</span></li> }
            .into_any();
    }
    let change_set = match stack.change_set.clone() {
        Some(arn) => view! { "Change set "<code>{arn}</code> }.into_any(),
        None => "Told from the template: it needs what another stack makes. Its change set is prepared after that one, and refused if it says anything else."
            .into_any(),
    };
    let number = match stack.changes.len() {
        1 => "1 resource".to_owned(),
        many => format!("{many} resources"),
    };
    let label = format!("Resources of {name}");
    let rows = stack.changes.iter().map(row).collect_view();
    view! {
        <li><details class="details file-change" open=true>
            <summary><code>{name}</code><span class="muted">{number}</span></summary>
            <p class="muted plan-change-set">{change_set}</p>
            <div class="table-scroll" tabindex="0" role="region" aria-label=label><table class="table plan-resources">
                <thead><tr><th scope="col">"Action"</th><th scope="col">"Resource"</th><th scope="col">"Type"</th><th scope="col">"Why"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </details></li>
    }
    .into_any()
}

fn row(change: &ResourceChange) -> AnyView {
    let tone = match change.action {
        ChangeAction::Add => "good",
        ChangeAction::Modify => "busy",
        ChangeAction::MayReplace | ChangeAction::Orphan => "wait",
        ChangeAction::Replace | ChangeAction::Remove => "bad",
    };
    let holds =
        change.stateful.then(|| view! { <span class="source-description">"holds data"</span> });
    let physical = change.physical_id.clone();
    let physical = physical.map(|id| view! { <span class="source-description">{id}</span> });
    view! {
        <tr>
            <td class="nowrap">{status_badge(tone, change.action.as_str())}</td>
            <th scope="row"><code>{change.logical_id.clone()}</code>{physical}{holds}</th>
            <td>{change.resource_type.clone()}</td>
            <td class="plan-causes">{causes(&change.causes)}</td>
        </tr>
    }
    .into_any()
}
