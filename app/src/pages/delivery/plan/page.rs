//! The page of one plan, in the order in which an approver reads.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::decision::Form;
use super::{asked, danger, decision, rehearsal, stacks, summary, texts};
use crate::api::delivery::PlanShown;
use crate::api::get;
use crate::components::{PageHeader, execution_link, execution_status, loaded};
use crate::live::{poll, refresh};
use crate::place::{in_environment, use_environment};

/// Pauses between two looks while it can be decided.
const LOOK: Duration = Duration::from_secs(5);

/// The page.
pub(crate) fn plan() -> impl IntoView {
    let (environment, params) = (use_environment(), use_params_map());
    let id = move || params.with(|params| params.get("id").unwrap_or_default());
    let path = Memo::new(move |_| {
        in_environment(&environment.get(), &format!("/executions/{}/plan", id()))
    });
    let plan = Resource::new(move || path.get(), get::<PlanShown>);
    let form = Form::new(path, plan);
    let open = RwSignal::new(true);
    poll(LOOK, move || open.get(), move || refresh(plan, path));
    let show = move |plan: PlanShown| {
        let still = plan.standing.open;
        Effect::new(move |_| open.set(still));
        form.follows(&plan);
        view! {
            {header(&plan)}
            {form.moved_notice()}
            <div class="stack plan">
                {summary::what_and_whose(&plan)}
                {asked::asked(&plan)}
                {danger::danger(&plan)}
                {texts::transformations(&plan)}
                {rehearsal::rehearsals(&plan)}
                {texts::sources(&plan)}
                {texts::rules(&plan)}
                {stacks::stacks(&plan)}
            </div>
        }
        .into_any()
    };
    view! {
        {loaded(plan, 14, show)}
        <div class="plan-decision">{loaded(plan, 0, move |plan| decision::decision(&plan, form))}</div>
    }
}

fn header(plan: &PlanShown) -> AnyView {
    let name = plan.environment.to_string();
    let execution = execution_link(&plan.execution);
    let crumbs = vec![
        (format!("/{name}/pipelines"), "Pipelines".to_owned()),
        (execution, "Execution".to_owned()),
    ];
    let title = format!("Plan for {name}: {}", plan.execution.commit.summary);
    let status = execution_status(&plan.execution);
    let decide = plan.standing.open.then(|| {
        view! { <a class="button" href="#decision">"To the decision"</a> }
    });
    view! { <PageHeader title=title crumbs=crumbs>{status}{decide}</PageHeader> }.into_any()
}
