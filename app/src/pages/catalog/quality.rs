//! The quality rules of the table.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::section::Here;
use crate::components::table_quality;

/// Name in the address.
pub(super) const NAME: &str = "quality";

/// The section.
pub(super) fn quality(here: Here) -> AnyView {
    let params = use_params_map();
    let table = Memo::new(move |_| {
        let part = |name: &str| params.with(|params| params.get(name)).unwrap_or_default();
        (part("database"), part("table"))
    });
    table_quality(here.environment, table)
}
