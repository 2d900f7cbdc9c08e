//! What was asked before, with a search.

use domain::access::Permission;
use leptos::prelude::*;

use super::bench::Bench;
use super::words::{one_line, state_word};
use crate::api::queries::QueryInfo;
use crate::api::{Page, get};
use crate::components::{RelativeTime, loaded, status_badge};
use crate::format;
use crate::place::{in_environment, may};

/// The list. Begins anew when a query has ended.
pub(super) fn history(bench: Bench) -> AnyView {
    let search = RwSignal::new(String::new());
    let everybody = RwSignal::new(false);
    let after = RwSignal::new(None::<String>);
    let admin = may(Permission::ManageSettings);
    let ended = Memo::new(move |_| {
        bench.info.with(|info| info.as_ref().filter(|info| info.state.is_terminal()).map(|i| i.id))
    });
    let path = Memo::new(move |_| {
        ended.track();
        let mut query = format!("?limit=30&everybody={}", everybody.get());
        let words = search.get();
        if !words.trim().is_empty() {
            query.push_str(&format!("&search={}", encoded(words.trim())));
        }
        if let Some(after) = after.get() {
            query.push_str(&format!("&after={after}"));
        }
        (in_environment(&bench.environment.get(), &format!("/queries{query}")), ended.get())
    });
    let found = Resource::new(move || path.get(), |(path, _)| get::<Page<QueryInfo>>(path));
    let list = move |page: Page<QueryInfo>| {
        let next = page.next;
        let none = page.items.is_empty();
        let items = page.items.into_iter().map(|info| entry(bench, info)).collect_view();
        let older = next.map(|next| {
            view! { <button type="button" class="button button-small" on:click=move |_| after.set(Some(next.clone()))>"Older"</button> }
        });
        let newest = after.get_untracked().map(|_| {
            view! { <button type="button" class="button button-small" on:click=move |_| after.set(None)>"Newest"</button> }
        });
        view! {
            <ul class="query-list">{items}</ul>
            {none.then(|| view! { <p class="muted">"Nothing was asked with these words."</p> })}
            <div class="actions">{newest}{older}</div>
        }
        .into_any()
    };
    view! {
        <input type="search" class="input" placeholder="Find in the history" aria-label="Find in the history"
            on:change=move |event| { after.set(None); search.set(event_target_value(&event)); } />
        <label class="check" hidden=move || !admin.get()>
            <input type="checkbox" on:change=move |event| { after.set(None); everybody.set(event_target_checked(&event)); } />
            <span>"Of everybody"</span>
        </label>
        {loaded(found, 6, list)}
    }
    .into_any()
}

fn entry(bench: Bench, info: QueryInfo) -> AnyView {
    let (tone, word) = state_word(info.state);
    let (id, sql) = (info.id, info.sql.clone());
    let query = info.has_result.then_some(id);
    let open = move |_| _ = bench.open(None, sql.clone(), query);
    let facts = format!("{} · {}", info.by, format::seconds(info.run_seconds));
    view! {
        <li>
            <button type="button" class="query-entry" title=info.sql.clone() on:click=open>
                <code>{one_line(&info.sql, 90)}</code>
                <span class="row">{status_badge(tone, word)}<span class="muted"><RelativeTime at=info.created_at />" · "{facts}</span></span>
            </button>
        </li>
    }
    .into_any()
}

/// A text as it stands in a query string.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
