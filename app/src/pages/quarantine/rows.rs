//! The rejected rows of a run.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn rejected_rows() -> impl IntoView {
    view! { <PageHeader title="Rejected rows" /> }
}
