//! Runs with rejected rows.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn quarantine() -> impl IntoView {
    view! { <PageHeader title="Quarantine" /> }
}
