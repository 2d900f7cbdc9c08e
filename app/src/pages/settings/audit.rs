//! Every change: who, what, before, after.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::change::changes;
use super::tabs;
use crate::api::audit::{AuditChoices, AuditEntry};
use crate::api::{Page, get};
use crate::components::{Empty, PageHeader, Pager, RelativeTime, icon, loaded};
use crate::place::use_me;

/// The page. The filter is the query of the address.
pub(crate) fn audit() -> impl IntoView {
    let query = use_query_map();
    let address = move || query.with(|query| query.to_query_string());
    let page =
        Resource::new(move || format!("/api/v1/audit{}", address()), get::<Page<AuditEntry>>);
    let choices = Resource::new(|| "/api/v1/audit/choices".to_owned(), get::<AuditChoices>);
    view! {
        <PageHeader title="Settings" lead="Every change in this lake: who made it, what it was before and after. Entries are never changed or deleted." />
        {tabs("/settings/audit")}
        {loaded(choices, 1, filters)}
        {loaded(page, 10, entries)}
    }
}

fn filters(choices: AuditChoices) -> AnyView {
    let query = use_query_map();
    let value =
        move |name: &'static str| query.with_untracked(|query| query.get(name)).unwrap_or_default();
    let select = |name: &'static str, label: &'static str, options: Vec<String>| {
        let (current, id) = (value(name), format!("audit-{name}"));
        let options = options.into_iter().map(|option| {
            let (selected, text) = (option == current, option.clone());
            view! { <option value=option selected=selected>{text}</option> }
        });
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <select id=id name=name><option value="">"Any"</option>{options.collect_view()}</select>
            </div>
        }
        .into_any()
    };
    let input = |name: &'static str, label: &'static str, kind: &'static str| {
        let id = format!("audit-{name}");
        view! {
            <div class="field">
                <label for=id.clone()>{label}</label>
                <input id=id name=name type=kind value=value(name) />
            </div>
        }
        .into_any()
    };
    let environments = use_me().environments.iter().map(ToString::to_string).collect();
    let export = move |format: &'static str| {
        move || {
            let mut query = query.get();
            query.remove("after");
            query.insert("format", format.to_owned());
            format!("/api/v1/audit/export{}", query.to_query_string())
        }
    };
    view! {
        <form class="filters" method="get" action="/settings/audit">
            {select("actor", "Who", choices.actors)}
            {select("action", "What", choices.actions)}
            {select("environment", "Environment", environments)}
            {input("object", "Object contains", "search")}
            {input("from", "From (UTC)", "date")}
            {input("to", "To (UTC)", "date")}
            <div class="actions">
                <button type="submit" class="button button-primary">"Filter"</button>
                <a class="button" href="/settings/audit">"Clear"</a>
            </div>
            <div class="actions audit-export">
                <a class="button" href=export("csv") rel="external" download>{icon("download")}"CSV"</a>
                <a class="button" href=export("json") rel="external" download>{icon("download")}"JSON"</a>
            </div>
        </form>
    }
    .into_any()
}

fn entries(page: Page<AuditEntry>) -> AnyView {
    if page.items.is_empty() {
        return view! {
            <Empty title="No change matches"><p><a href="/settings/audit">"Show all changes"</a></p></Empty>
        }
        .into_any();
    }
    view! {
        <div class="card"><div class="table-scroll"><table class="table audit">
            <caption class="visually-hidden">"Changes, newest first"</caption>
            <thead><tr>
                <th scope="col">"When"</th>
                <th scope="col">"Who"</th>
                <th scope="col">"What"</th>
                <th scope="col">"Object"</th>
                <th scope="col">"Change"</th>
            </tr></thead>
            <tbody>{page.items.into_iter().map(row).collect_view()}</tbody>
        </table></div></div>
        <Pager next=page.next />
    }
    .into_any()
}

fn row(entry: AuditEntry) -> AnyView {
    let via = entry.via.starts_with("token").then(|| view! { <div class="muted">"by token"</div> });
    let place = entry.environment.map(|name| view! { <div class="muted">{name.to_string()}</div> });
    view! {
        <tr>
            <td class="nowrap"><RelativeTime at=entry.at /></td>
            <td>{entry.actor}{via}</td>
            <td class="nowrap"><code>{entry.action}</code>{place}</td>
            <td class="audit-object">{entry.object}</td>
            <td>{changes(entry.before.as_ref(), entry.after.as_ref())}</td>
        </tr>
    }
    .into_any()
}
