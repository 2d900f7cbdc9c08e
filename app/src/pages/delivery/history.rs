//! What was deployed in an environment, and the way back to it.

use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::actions::{Question, begin};
use crate::api::delivery::{DeploymentShown, RollbackAsked};
use crate::api::{Page, get};
use crate::components::{
    Dialog, Empty, PageHeader, Pager, RelativeTime, cause_words, commit_line, loaded, short,
    status_badge,
};
use crate::place::{in_environment, may, use_environment};

const ROLLBACK: &str = "rollback";

/// What a rollback is asked with.
#[derive(Clone, Copy)]
struct Rollback {
    environment: Memo<String>,
    allowed: Memo<bool>,
    wanted: RwSignal<Option<DeploymentShown>>,
    reason: RwSignal<String>,
    question: Question,
}

/// The page.
pub(crate) fn deployments() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let path = Memo::new(move |_| {
        let after = query.with(|query| query.get("after")).unwrap_or_default();
        let rest = if after.is_empty() { String::new() } else { format!("?after={after}") };
        in_environment(&environment.get(), &format!("/deployments{rest}"))
    });
    let page = Resource::new(move || path.get(), get::<Page<DeploymentShown>>);
    let todo = Rollback {
        environment,
        allowed: may(Permission::OperatePipelines),
        wanted: RwSignal::new(None),
        reason: RwSignal::new(String::new()),
        question: Question::new(ROLLBACK),
    };
    let crumbs =
        vec![(format!("/{}/pipelines", environment.get_untracked()), "Pipelines".to_owned())];
    let show = move |page: Page<DeploymentShown>| {
        let environment = environment.get_untracked();
        if page.items.is_empty() {
            return view! {
                <Empty title="Nothing was deployed here yet">
                    <p>"Every deployment is listed here with what it changed and who approved it."</p>
                </Empty>
            }
            .into_any();
        }
        let items = page.items.into_iter().map(|found| item(&environment, found, todo));
        let items = items.collect_view();
        view! { <ol class="deployments">{items}</ol><Pager next=page.next /> }.into_any()
    };
    view! {
        <PageHeader title=Signal::derive(move || format!("History of {}", environment.get())) crumbs=crumbs
            lead="What was deployed: what each deployment changed, and who approved it." />
        {loaded(page, 8, show)}
        {dialog(todo)}
    }
}

fn item(environment: &str, deployment: DeploymentShown, todo: Rollback) -> AnyView {
    let execution = format!("/{environment}/pipelines/{}", deployment.execution);
    let asked = deployment.requested_by.clone().map(|by| format!(" by {by}")).unwrap_or_default();
    let cause = format!("{}{asked}", cause_words(&deployment.cause));
    let approved = match deployment.approved_by.is_empty() {
        true => "needed no approval".to_owned(),
        false => format!("approved by {}", deployment.approved_by.join(", ")),
    };
    let changed = deployment.changed.iter().map(|line| view! { <li>{line.clone()}</li> });
    let changed = match deployment.changed.is_empty() {
        true => view! { <p class="muted">"It changed nothing."</p> }.into_any(),
        false => view! { <ul class="deployment-changes">{changed.collect_view()}</ul> }.into_any(),
    };
    let current = deployment.current.then(|| status_badge("good", "Runs now"));
    let (release, plan) = (deployment.release.clone(), format!("{execution}/plan"));
    let back = (!deployment.current).then(|| {
        let label = format!("Roll back to release {}", short(&release));
        let wanted = deployment.clone();
        let ask = move |_| {
            todo.wanted.set(Some(wanted.clone()));
            todo.question.ask();
        };
        view! {
            <button type="button" class="button button-small" aria-label=label hidden=move || !todo.allowed.get()
                on:click=ask>"Roll back to this"</button>
        }
    });
    view! {
        <li class="card deployment">
            <div class="row deployment-head">
                {current}
                <span class="row commit">{commit_line(&deployment.commit)}</span>
            </div>
            <p class="muted">"release "<code title=release.clone()>{short(&release)}</code>", deployed "
                <RelativeTime at=deployment.at />". "{cause}", "{approved}"."</p>
            {changed}
            <div class="row deployment-foot"><a href=execution>"Execution"</a><a href=plan>"Plan"</a>{back}</div>
        </li>
    }
    .into_any()
}

fn dialog(todo: Rollback) -> AnyView {
    let title = Signal::derive(move || {
        let name = todo.environment.get();
        let release = todo.wanted.with(|wanted| wanted.as_ref().map(|back| short(&back.release)));
        format!("Roll {name} back to release {}?", release.unwrap_or_default())
    });
    let navigate = use_navigate();
    let roll_back = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(wanted) = todo.wanted.get_untracked() else { return };
        let reason = todo.reason.get_untracked().trim().to_owned();
        let asked = RollbackAsked { release: wanted.release, reason };
        let path = in_environment(&todo.environment.get_untracked(), "/rollbacks");
        begin(todo.question, path, &asked, navigate.clone());
    };
    let unsaid = move || todo.reason.with(|reason| reason.trim().is_empty());
    let button = view! {
        <button type="submit" class="button button-danger" disabled=move || unsaid() || todo.question.busy.get()>"Make the plan"</button>
    };
    let button = button.into_any();
    let what = move || {
        todo.wanted.get().map(|back| {
            view! { <p class="row commit">{commit_line(&back.commit)}</p> }
        })
    };
    view! {
        <Dialog id=ROLLBACK title=title>
            <form class="stack" on:submit=roll_back>
                {what}
                <p>"First a plan says what would change; it is approved as always. When it is carried out, SQL, sources and stacks are as that release had them. Data stays. Promotion into this environment stops until somebody lets it go on."</p>
                <div class="field">
                    <label for="rollback-reason">"Why (required)"</label>
                    <input id="rollback-reason" type="text" maxlength="500" autocomplete="off" prop:value=todo.reason
                        on:input=move |event| todo.reason.set(event_target_value(&event)) />
                </div>
                {todo.question.buttons(button)}
            </form>
        </Dialog>
    }
    .into_any()
}
