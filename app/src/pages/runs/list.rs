//! The list of runs.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn runs() -> impl IntoView {
    view! { <PageHeader title="Runs" /> }
}
