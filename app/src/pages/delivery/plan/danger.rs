//! What could do harm, before everything else that would change: data that may be lost, other rules,
//! permissions, drift.

use domain::stack::{DriftedResource, PermissionChange, PropertyChange};
use leptos::prelude::*;

use crate::api::delivery::{PlanShown, StackShown};
use crate::components::status_badge;

/// With more sentences than these, those of each stack are folded.
const UNFOLDED: usize = 12;

/// The card; none when there is nothing to fear.
pub(super) fn danger(plan: &PlanShown) -> Option<AnyView> {
    let parts = [lost(plan), rules(plan), permissions(plan), drift(plan)];
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

/// What would be asked of the deployments after this one.
fn rules(plan: &PlanShown) -> Option<AnyView> {
    let item = |sentence: &String| view! { <li>{sentence.clone()}</li> };
    let items: Vec<_> = plan.rules_change.iter().map(item).collect();
    (!items.is_empty()).then(|| {
        view! {
            <div>
                <h3>"Rules of the environment that change"</h3>
                <p class="muted">"This plan is judged by the rules before; the next one by those after."</p>
                <ul class="sentences">{items}</ul>
            </div>
        }
        .into_any()
    })
}

fn permissions(plan: &PlanShown) -> Option<AnyView> {
    let all: usize = plan.stacks.iter().map(|stack| stack.permissions.len()).sum();
    let changing = plan.stacks.iter().filter(|stack| !stack.permissions.is_empty());
    let groups: Vec<_> = changing.map(|stack| of_stack(stack, all <= UNFOLDED)).collect();
    (all > 0).then(|| {
        view! { <div class="stack"><h3>"Who may do more or less"</h3>{groups}</div> }.into_any()
    })
}

/// The sentences of one stack, what widens first.
fn of_stack(stack: &StackShown, open: bool) -> AnyView {
    let widened = stack.permissions.iter().filter(|change| change.widened).count();
    let summary = match (widened, stack.permissions.len() - widened) {
        (wider, 0) => format!("{}: {wider} wider", stack.name),
        (0, narrower) => format!("{}: {narrower} narrower", stack.name),
        (wider, narrower) => format!("{}: {wider} wider, {narrower} narrower", stack.name),
    };
    let mut changes: Vec<_> = stack.permissions.iter().collect();
    changes.sort_by_key(|change| !change.widened);
    let item = |change: &PermissionChange| {
        let badge = match change.widened {
            true => status_badge("bad", "wider"),
            false => status_badge("calm", "narrower"),
        };
        view! { <li>{badge}" "{sentence(&change.sentence)}</li> }
    };
    let items = changes.into_iter().map(item).collect_view();
    view! {
        <details class="details" open=open>
            <summary>{summary}</summary>
            <ul class="sentences">{items}</ul>
        </details>
    }
    .into_any()
}

/// A sentence whose names stand between backticks.
pub(in crate::pages::delivery) fn sentence(text: &str) -> AnyView {
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => part.to_owned().into_any(),
        _ => view! { <code>{part.to_owned()}</code> }.into_any(),
    };
    text.split('`').enumerate().map(part).collect_view().into_any()
}

fn drift(plan: &PlanShown) -> Option<AnyView> {
    let all = plan.stacks.iter().flat_map(|stack| stack.drift.iter().map(move |d| (stack, d)));
    let items: Vec<_> = all.map(|(stack, drifted)| drifted_item(stack, drifted)).collect();
    (!items.is_empty()).then(|| {
        view! {
            <div>
                <h3>"Not as its stack made it"</h3>
                <p class="muted">"Somebody changed these past the pipeline, or nobody could compare them. Carrying the plan out puts back what it touches."</p>
                <ul class="sentences">{items}</ul>
            </div>
        }
        .into_any()
    })
}

fn drifted_item(stack: &StackShown, drifted: &DriftedResource) -> AnyView {
    let what = format!("{} in {}", drifted.resource_type, stack.name);
    let state = match (drifted.is_compared(), drifted.deleted) {
        (false, _) => status_badge("wait", "not compared"),
        (true, true) => status_badge("bad", "deleted"),
        (true, false) => status_badge("wait", "changed"),
    };
    let differences = drifted.is_compared().then(|| causes(&drifted.differences));
    view! {
        <li>{state}" "<code>{drifted.logical_id.clone()}</code>" "<span class="muted">{what}</span>
            {differences}</li>
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
