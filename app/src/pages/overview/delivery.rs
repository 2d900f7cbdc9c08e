//! The environments side by side, to read; what is done to them is done on the page of pipelines.

use std::time::Duration;

use domain::access::Permission;
use leptos::prelude::*;

use crate::api::delivery::{Lane, Lanes};
use crate::api::{Problem, get};
use crate::components::{lanes, loaded};
use crate::live::{poll, refresh};
use crate::place::{in_environment, use_environment, use_rights};

/// Pauses between two looks.
const LOOK: Duration = Duration::from_secs(3);

/// The lanes of the page.
#[derive(Clone, Copy)]
pub(super) struct Delivery {
    shown: Resource<Result<Lanes, Problem>>,
    /// Whether there are any: only then it is worth looking again.
    any: RwSignal<bool>,
}

impl Delivery {
    pub(super) fn new() -> Self {
        let environment = use_environment();
        let path = Memo::new(move |_| in_environment(&environment.get(), "/lanes"));
        let shown = Resource::new(move || path.get(), lanes_or_none);
        let any = RwSignal::new(false);
        poll(LOOK, move || any.get(), move || refresh(shown, path));
        Self { shown, any }
    }

    /// The lanes; nothing for a lake that delivers nowhere.
    pub(super) fn view(self) -> AnyView {
        let show = move |found: Lanes| match found.lanes.is_empty() {
            true => ().into_any(),
            false => {
                Effect::new(move |_| self.any.set(true));
                let lanes = lanes(&found, &promote);
                view! { <section class="overview-lanes" aria-label="Delivery">{lanes}</section> }
                    .into_any()
            }
        };
        loaded(self.shown, 4, show)
    }
}

/// The lanes; none for a lake that has no repository to deliver from.
fn lanes_or_none(path: String) -> impl Future<Output = Result<Lanes, Problem>> + Send + 'static {
    let answer = get::<Lanes>(path);
    async move {
        match answer.await {
            Err(problem) if problem.status == 404 => Ok(Lanes::default()),
            answer => answer,
        }
    }
}

/// Leads to the question of the promotion, where there is something to promote.
fn promote(lane: &Lane) -> AnyView {
    let allowed = use_rights().allow(Permission::OperatePipelines, Some(&lane.environment));
    let offered = lane.offered().is_some_and(|offer| offer.refused.is_none());
    if !(allowed && offered) {
        return ().into_any();
    }
    let name = lane.environment.to_string();
    let href = format!("/{name}/pipelines?promote={name}");
    view! { <a class="button button-small" href=href>{format!("Promote to {name}…")}</a> }
        .into_any()
}
