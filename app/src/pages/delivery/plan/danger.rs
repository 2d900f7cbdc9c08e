//! What could do harm, before everything else that would change: data that may be lost, permissions,
//! drift.

use domain::stack::{DriftedResource, PropertyChange};
use leptos::prelude::*;

use crate::api::delivery::{PlanShown, StackShown};
use crate::components::status_badge;

/// The card; none when there is nothing to fear.
pub(super) fn danger(plan: &PlanShown) -> Option<AnyView> {
    let parts = [lost(plan), permissions(plan), drift(plan)];
    if parts.iter().all(Option::is_none) {
        return None;
    }
    let alarming = !plan.to_type.is_empty()
        || plan.stacks.iter().flat_map(|stack| &stack.permissions).any(|change| change.widened);
    Some(
        view! {
            <section class="card plan-danger" id="danger" data-alarming=alarming.then_some("")>
                <header class="card-header"><h2>"Look twice"</h2></header>
                <div class="card-body stack">{parts}</div>
            </section>
        }
        .into_any(),
    )
}

fn lost(plan: &PlanShown) -> Option<AnyView> {
    let item = |named: &crate::api::delivery::Named| {
        view! { <li><code>{named.name.clone()}</code>" in stack "<code>{named.stack.clone()}</code>": "{named.why.clone()}</li> }
    };
    let items: Vec<_> = plan.to_type.iter().map(item).collect();
    (!items.is_empty()).then(|| {
        view! {
            <div>
                <h3>"Data may be lost"</h3>
                <p class="muted">"To approve, each name has to be typed."</p>
                <ul class="sentences">{items}</ul>
            </div>
        }
        .into_any()
    })
}

fn permissions(plan: &PlanShown) -> Option<AnyView> {
    let all =
        plan.stacks.iter().flat_map(|stack| stack.permissions.iter().map(move |c| (stack, c)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(_, change)| !change.widened);
    let items = all.into_iter().map(|(stack, change)| {
        let badge = match change.widened {
            true => status_badge("bad", "wider"),
            false => status_badge("calm", "narrower"),
        };
        view! { <li>{badge}" "{change.sentence.clone()}" "<span class="muted">{format!("{} in {}", change.logical_id, stack.name)}</span></li> }
    });
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then(|| {
        view! { <div><h3>"Who may do more or less"</h3><ul class="sentences">{items}</ul></div> }
            .into_any()
    })
}

fn drift(plan: &PlanShown) -> Option<AnyView> {
    let all = plan.stacks.iter().flat_map(|stack| stack.drift.iter().map(move |d| (stack, d)));
    let items: Vec<_> = all.map(|(stack, drifted)| drifted_item(stack, drifted)).collect();
    (!items.is_empty()).then(|| {
        view! {
            <div>
                <h3>"Not as its stack made it"</h3>
                <p class="muted">"Somebody changed these past the pipeline. Carrying the plan out puts back what it touches."</p>
                <ul class="sentences">{items}</ul>
            </div>
        }
        .into_any()
    })
}

fn drifted_item(stack: &StackShown, drifted: &DriftedResource) -> AnyView {
    let what = format!("{} in {}", drifted.resource_type, stack.name);
    let state = match drifted.deleted {
        true => status_badge("bad", "deleted"),
        false => status_badge("wait", "changed"),
    };
    view! {
        <li>{state}" "<code>{drifted.logical_id.clone()}</code>" "<span class="muted">{what}</span>
            {causes(&drifted.differences)}</li>
    }
    .into_any()
}

/// Properties before and after.
pub(super) fn causes(changes: &[PropertyChange]) -> AnyView {
    // Read aloud, the signs of a diff are silent: words stand beside them.
    let item = |change: &PropertyChange| {
        let before = change.before.clone().map(|text| {
            view! { <del><span class="visually-hidden">"before: "</span>{text}</del>" " }
        });
        let after = change.after.clone().map(|text| {
            view! { <ins><span class="visually-hidden">"after: "</span>{text}</ins> }
        });
        let recreation = match change.recreation {
            domain::stack::Recreation::Never => None,
            domain::stack::Recreation::Conditionally => Some(" may make it anew"),
            domain::stack::Recreation::Always => Some(" makes it anew"),
        };
        let recreation = recreation.map(|text| view! { <strong class="recreates">{text}</strong> });
        view! { <li><code>{change.path.clone()}</code>" "{before}{after}{recreation}</li> }
    };
    match changes.is_empty() {
        true => ().into_any(),
        false => {
            let items = changes.iter().map(item).collect_view();
            view! { <ul class="diff causes">{items}</ul> }.into_any()
        }
    }
}
