//! How things stand: statuses, emptiness, failure.

use domain::run::RunStatus;
use leptos::prelude::*;

use crate::api::Problem;

/// A status with a sign and a colour; `tone` is one of `good`, `bad`, `busy`, `wait`, `calm`.
pub fn status_badge(tone: &'static str, text: impl Into<String>) -> AnyView {
    let text = text.into();
    view! { <span class="badge" data-tone=tone>{text}</span> }.into_any()
}

/// The status of a run.
pub fn run_status(status: RunStatus) -> AnyView {
    let (tone, text) = match status {
        RunStatus::Queued => ("wait", "Queued"),
        RunStatus::Running => ("busy", "Running"),
        RunStatus::Held => ("wait", "Held"),
        RunStatus::Succeeded => ("good", "Succeeded"),
        RunStatus::Failed => ("bad", "Failed"),
        RunStatus::Cancelled => ("calm", "Cancelled"),
        RunStatus::Duplicate => ("calm", "Duplicate"),
        RunStatus::Superseded => ("calm", "Superseded"),
    };
    status_badge(tone, text)
}

/// Nothing is here, and what to do about it.
#[component]
pub fn Empty(
    /// What is not here.
    #[prop(into)]
    title: String,
    /// What to do next: text and links.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p class="empty-title">{title}</p>
            <div class="empty-text">{children()}</div>
        </div>
    }
}

/// What went wrong, where, and what to do, in place of the content.
pub fn failure(problem: Problem) -> AnyView {
    let id = problem.request_id.clone();
    let fields = problem.fields.iter().map(|field| {
        view! { <li><code>{field.field.clone()}</code>": "{field.message.clone()}</li> }
    });
    let fields = (!problem.fields.is_empty()).then(|| view! { <ul>{fields.collect_view()}</ul> });
    view! {
        <div class="failure" role="alert">
            <p class="failure-title">{problem.title}</p>
            <p>{problem.detail}</p>
            {fields}
            {id.map(|id| view! { <p class="muted">"Request "<code>{id}</code>", for the log of the server"</p> })}
        </div>
    }
    .into_any()
}

/// A problem in one line, beside the button that caused it.
pub fn failure_line(problem: &Problem) -> AnyView {
    let text = problem.detail.clone();
    view! { <p class="failure-line" role="alert">{text}</p> }.into_any()
}
