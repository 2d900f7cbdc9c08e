//! From a sample file to a registered source.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn register() -> impl IntoView {
    view! { <PageHeader title="Register a source" /> }
}
