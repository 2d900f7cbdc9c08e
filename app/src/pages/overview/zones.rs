//! The three zones in the order of the flow, with what they hold and how fresh they are.

use domain::zone::Zone;
use leptos::prelude::*;

use crate::api::overview::{Overview, ZoneTotals};
use crate::components::RelativeTime;
use crate::format;

/// A card per zone.
pub(super) fn zones(overview: &Overview) -> AnyView {
    let cards = overview.zones.iter().map(card).collect_view();
    view! { <ol class="zones" aria-label="Zones">{cards}</ol> }.into_any()
}

fn card(zone: &ZoneTotals) -> AnyView {
    let (title, what) = match zone.zone {
        Zone::Raw => ("Raw", "as delivered, all that ever arrived"),
        Zone::Conformed => ("Conformed", "typed and checked"),
        Zone::PurposeBuilt => ("Purpose-built", "shaped for its readers"),
    };
    let plural = |number: u64, one: &str, many: &str| {
        format!("{} {}", format::count(number), if number == 1 { one } else { many })
    };
    let mut facts = vec![plural(zone.files, "file", "files")];
    facts.extend(zone.tables.map(|tables| plural(tables, "table", "tables")));
    facts.extend(zone.rows.map(|rows| plural(rows, "row", "rows")));
    let fresh = match zone.updated_at {
        Some(at) => {
            view! { <p class="zone-fresh">"Last change "<RelativeTime at=at /></p> }.into_any()
        }
        None => view! { <p class="zone-fresh">"Empty"</p> }.into_any(),
    };
    view! {
        <li class="card zone" data-zone=zone.zone.as_str()>
            <h2>{title}<span class="muted">{what}</span></h2>
            <p class="zone-bytes">{format::bytes(zone.bytes)}</p>
            <p class="muted">{facts.join(" · ")}</p>
            {fresh}
        </li>
    }
    .into_any()
}
