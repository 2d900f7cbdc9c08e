//! Every change: who, what, before, after.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn audit() -> impl IntoView {
    view! { <PageHeader title="Audit log" /> }
}
