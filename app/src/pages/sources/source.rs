//! One source.

use leptos::prelude::*;

use crate::components::PageHeader;

/// The page.
pub(crate) fn source() -> impl IntoView {
    view! { <PageHeader title="Source" /> }
}
