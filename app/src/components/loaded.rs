//! Data of the API on its way: a skeleton while it loads, what went wrong, or the view of it.

use leptos::prelude::*;

use super::state::failure;
use crate::api::Problem;

/// Shows `resource` with `render` once it is there. While it loads for the first time, `rows` lines
/// of skeleton; while it loads again, what was there before.
pub fn loaded<T>(
    resource: Resource<Result<T, Problem>>,
    rows: usize,
    render: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    let view = move || {
        let render = render.clone();
        Suspend::new(async move {
            match resource.await {
                Ok(data) => render(data),
                Err(problem) => failure(problem),
            }
        })
    };
    view! { <Transition fallback=move || rows_skeleton(rows)>{view}</Transition> }.into_any()
}

/// Lines that stand for content to come.
pub fn rows_skeleton(rows: usize) -> AnyView {
    let lines = (0..rows).map(|_| view! { <div class="skeleton-line"></div> }).collect_view();
    view! { <div class="skeleton" role="status" aria-label="Loading">{lines}</div> }.into_any()
}
