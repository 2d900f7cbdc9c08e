//! What is kept, and how long.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn retention() -> impl IntoView {
    view! { <PageHeader title="Retention" /> }
}
