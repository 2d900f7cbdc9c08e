//! One run.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn run() -> impl IntoView {
    view! { <PageHeader title="Run" /> }
}
