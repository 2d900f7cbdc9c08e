//! Where readers come who have no session.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn sign_in() -> impl IntoView {
    view! { <PageHeader title="Sign in" /> }
}
