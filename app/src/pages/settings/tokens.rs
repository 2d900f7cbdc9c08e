//! Tokens for automation.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn tokens() -> impl IntoView {
    view! { <PageHeader title="API tokens" /> }
}
