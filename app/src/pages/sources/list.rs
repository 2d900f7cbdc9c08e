//! The list of sources.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn sources() -> impl IntoView {
    view! { <PageHeader title="Sources" /> }
}
