//! From one page of a list to the next, by links that can be shared.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// Link to the next page: the address of this one with `after` set to `next`, and back to the first.
#[component]
pub fn Pager(
    /// Where the next page begins; `None` on the last page.
    next: Option<String>,
) -> impl IntoView {
    let (path, query) = (use_location().pathname, use_query_map());
    let with_after = move |after: Option<String>| {
        let mut query = query.get_untracked();
        query.remove("after");
        if let Some(after) = after {
            query.insert("after", after);
        }
        format!("{}{}", path.get_untracked(), query.to_query_string())
    };
    let paged = query.get_untracked().get("after").is_some();
    let first = paged.then(|| view! { <a class="button" href=with_after(None)>"First page"</a> });
    let next = next.map(|next| {
        view! { <a class="button" rel="next" href=with_after(Some(next))>"Next page"</a> }
    });
    (first.is_some() || next.is_some())
        .then(|| view! { <nav class="pager" aria-label="Pages">{first}{next}</nav> })
}
