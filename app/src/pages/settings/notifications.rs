//! Where notifications go.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn notifications() -> impl IntoView {
    view! { <PageHeader title="Notifications" /> }
}
