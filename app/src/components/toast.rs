//! Short words about what just happened, spoken to screen readers too.

use leptos::prelude::*;

use crate::api::Problem;

#[derive(Clone)]
struct Toast {
    id: u64,
    tone: &'static str,
    text: String,
}

#[derive(Clone, Copy)]
struct Toasts(RwSignal<Vec<Toast>>);

#[cfg(not(feature = "ssr"))]
thread_local! {
    /// The ones of this browser window. What is said after an answer came is said outside of any
    /// component, where there is no context to ask.
    static OF_WINDOW: std::cell::Cell<Option<Toasts>> = const { std::cell::Cell::new(None) };
}

/// Makes [`toast`] work.
pub fn provide_toasts() {
    let toasts = Toasts(RwSignal::new(Vec::new()));
    #[cfg(not(feature = "ssr"))]
    OF_WINDOW.set(Some(toasts));
    provide_context(toasts);
}

fn toasts() -> Option<Toasts> {
    #[cfg(not(feature = "ssr"))]
    return OF_WINDOW.get();
    #[cfg(feature = "ssr")]
    use_context::<Toasts>()
}

/// Says something for some seconds; `tone` is `good` or `calm`.
pub fn toast(tone: &'static str, text: impl Into<String>) {
    let Some(Toasts(toasts)) = toasts() else { return };
    let id = toasts.with_untracked(|all| all.last().map_or(0, |last| last.id + 1));
    toasts.update(|all| all.push(Toast { id, tone, text: text.into() }));
    let seconds = if tone == "bad" { 12 } else { 5 };
    set_timeout(
        move || toasts.update(|all| all.retain(|toast| toast.id != id)),
        std::time::Duration::from_secs(seconds),
    );
}

/// Says what went wrong.
pub fn toast_problem(problem: &Problem) {
    toast("bad", problem.detail.clone());
}

/// Where they appear.
#[component]
pub(super) fn ToastRegion() -> impl IntoView {
    let shown = move || {
        let Some(Toasts(toasts)) = toasts() else { return Vec::new() };
        let show = |toast: Toast| view! { <p class="toast" data-tone=toast.tone>{toast.text}</p> };
        toasts.get().into_iter().map(show).collect()
    };
    view! { <div class="toasts" role="status" aria-live="polite">{shown}</div> }
}
