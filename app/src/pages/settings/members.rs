//! Members and their roles.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn members() -> impl IntoView {
    view! { <PageHeader title="Members" /> }
}
