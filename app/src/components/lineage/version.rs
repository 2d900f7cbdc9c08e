//! An earlier version of a transformation in the graph: which one the address asks for, that it is
//! not the one that runs, and the way to another.

use leptos::html::Select;
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::Address;
use crate::api::lineage::{LineageGraph, LineageTable};
use crate::components::RelativeTime;

/// Whose version the address asks for, `{system}/{table}`; without it that of the page.
const WHOSE: &str = "transformation";
/// Which version the address asks for.
const VERSION: &str = "version";

/// The question for the version that the address asks for, as the API reads it. Of what is no number
/// nothing is passed on: the API then says how a version is named.
pub(super) fn question(query: &ParamsMap, own: Option<&str>) -> String {
    let Some(version) = query.get(VERSION) else { return String::new() };
    let mut asked = ParamsMap::new();
    if let Some(whose) = query.get(WHOSE).or_else(|| own.map(ToOwned::to_owned)) {
        asked.insert(WHOSE, whose);
    }
    if version.parse::<u64>().is_ok() {
        asked.insert(VERSION, version);
    }
    asked.to_query_string()
}

/// An address that asks for a version of a dataset's transformation; `None`: for what runs.
pub(super) fn address(address: &Address, asked: Option<(&str, u64)>) -> String {
    let mut query = address.query.clone();
    query.remove(WHOSE);
    query.remove(VERSION);
    if let Some((whose, version)) = asked {
        query.insert(WHOSE, whose.to_owned());
        query.insert(VERSION, version.to_string());
    }
    format!("{}{}", address.path, query.to_query_string())
}

/// Says that what is drawn of a table is not what runs, and why nothing is if its SQL cannot be
/// planned any more.
pub(super) fn notice(graph: &LineageGraph, here: &Address) -> Option<AnyView> {
    let (table, earlier) =
        graph.tables.iter().find_map(|table| Some((table, table.earlier.as_ref()?)))?;
    let (version, runs) = (table.version.unwrap_or_default(), earlier.runs);
    let back = address(here, None);
    let name = format!("{}.{}", table.database, table.table);
    let why = match earlier.message.trim() {
        "" => String::new(),
        message => format!(": “{message}”"),
    };
    let unknown = table.problem.clone().map(|problem| {
        view! { <p>"Its SQL cannot be planned over the tables of today, so nothing is known of its columns: "{problem}</p> }
    });
    let author = earlier.author.clone();
    Some(view! {
        <section class="notice" data-tone="wait" aria-label="Earlier version">
            <p><strong>"Version "{version}" of "<code>{name}</code>" is drawn. It is not the one that runs."</strong></p>
            <p>"Saved by "{author}" "<RelativeTime at=earlier.saved_at />{why}</p>
            {unknown}
            <p><a href=back>"Show version "{runs}", which runs"</a></p>
        </section>
    }
    .into_any())
}

/// The versions of the transformation that builds a table, where there are several: a form, so that
/// it works without JavaScript.
pub(super) fn chooser(table: &LineageTable, here: &Address) -> Option<AnyView> {
    let shown = table.version?;
    let newest = table.earlier.as_ref().map_or(shown, |earlier| earlier.runs);
    let whose = table.dataset.as_ref()?.to_string();
    if table.zone != "purpose-built" || newest < 2 {
        return None;
    }
    let kept =
        here.query.latest_values().filter(|(key, _)| ![WHOSE, VERSION].contains(&key.as_ref()));
    let kept = kept.map(|(key, value)| (key.to_string(), value.to_owned()));
    let kept = kept.chain([(WHOSE.to_owned(), whose.clone())]).map(|(key, value)| {
        view! { <input type="hidden" name=key value=value /> }
    });
    let kept = kept.collect_view();
    let options = (1..=newest).rev().map(|version| {
        let text =
            if version == newest { format!("{version}, which runs") } else { version.to_string() };
        view! { <option value=version.to_string() selected=version == shown>{text}</option> }
    });
    let options = options.collect_view();
    let chosen = NodeRef::<Select>::new();
    // In the browser the page stays as it is: an editor may stand above.
    let (address_of, go) =
        (Address { query: here.query.clone(), path: here.path.clone(), ..*here }, here.go);
    let choose = move |event: leptos::ev::SubmitEvent| {
        let version = chosen.get_untracked().and_then(|chosen| chosen.value().parse().ok());
        let Some(version) = version else { return };
        event.prevent_default();
        let asked = (version != newest).then_some((whose.as_str(), version));
        go.run(address(&address_of, asked));
    };
    Some(
        view! {
            <form method="get" class="lineage-version" on:submit=choose>
                {kept}
                <label for="lineage-version">"Version of its SQL"</label>
                <select id="lineage-version" name=VERSION node_ref=chosen>{options}</select>
                <button type="submit" class="button button-small">"Show"</button>
            </form>
        }
        .into_any(),
    )
}
