//! The lake at a glance.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn overview() -> impl IntoView {
    view! { <PageHeader title="Overview" /> }
}
