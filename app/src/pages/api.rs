//! The API, described.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn api() -> impl IntoView {
    view! { <PageHeader title="API" /> }
}
