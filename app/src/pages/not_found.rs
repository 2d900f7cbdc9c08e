//! The page for addresses that lead nowhere.

use leptos::prelude::*;

use crate::components::{Empty, PageHeader};

/// Says so, with status 404.
pub(crate) fn not_found() -> impl IntoView {
    crate::client::say_no_page();
    view! {
        <PageHeader title="Not found" />
        <Empty title="There is nothing at this address.">
            <p>"It may be mistyped, or what it named is gone. "<a href="/">"Go to the overview"</a>"."</p>
        </Empty>
    }
}
