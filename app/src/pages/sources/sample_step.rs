//! The first step: a sample, dropped or picked from the raw zone, held arrivals first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::draft::Draft;
use super::sample_file::{take_chosen, take_dropped};
use crate::api::samples::{RawObject, Sample};
use crate::api::sources::DatasetArrival;
use crate::api::{Page, get};
use crate::components::{RelativeTime, icon, loaded};
use crate::format::bytes;
use crate::place::in_environment;

/// Where the sample comes from.
pub(super) fn sample_step(draft: Draft) -> AnyView {
    let environment = draft.environment;
    let held = Resource::new(
        move || in_environment(&environment.get(), "/held-arrivals"),
        get::<Page<DatasetArrival>>,
    );
    let chosen = move || match draft.sample.get() {
        Some(sample) => {
            let name = sample.name().to_owned();
            view! { <p class="notice" data-tone="good">"Sample: "<code>{name}</code></p> }
                .into_any()
        }
        None => ().into_any(),
    };
    view! {
        <div class="sample-sources">
            <div class="stack">
                {drop_zone(draft)}
                {chosen}
                {loaded(held, 2, move |page| held_arrivals(draft, page.items))}
            </div>
            {raw_zone(draft)}
        </div>
    }
    .into_any()
}

fn drop_zone(draft: Draft) -> AnyView {
    let over = RwSignal::new(false);
    view! {
        <div class="sample-drop" data-over=move || over.get().to_string()
            on:dragover=move |event| { event.prevent_default(); over.set(true); }
            on:dragleave=move |_| over.set(false)
            on:drop=move |event| { event.prevent_default(); over.set(false); take_dropped(draft, &event); }>
            <label for="sample-file">{icon("file")}<strong>"Drop a sample file"</strong>" or choose one"</label>
            <input type="file" id="sample-file" disabled=move || draft.busy.get()
                on:change=move |event| take_chosen(draft, &event) />
            <p class="hint">"CSV, JSON lines or Parquet, plain or compressed by gzip or zstd. Of a file above 64 MiB the
                beginning is looked at. It is not put into the lake."</p>
            <p role="status" aria-live="polite">{move || draft.busy.get().then_some("Reading the sample…")}</p>
        </div>
    }
    .into_any()
}

fn held_arrivals(draft: Draft, arrivals: Vec<DatasetArrival>) -> AnyView {
    if arrivals.is_empty() {
        return ().into_any();
    }
    let items = arrivals.into_iter().map(|arrival| {
        let key = arrival.key.clone();
        let dataset = arrival.dataset.to_string();
        let take = move |_| {
            draft.name(dataset.clone());
            draft.look_at(Sample::Key(key.clone()), None);
        };
        view! {
            <li><button type="button" class="pick" on:click=take disabled=move || draft.busy.get()>
                {icon("file")}<code>{arrival.key}</code>
                <span class="muted">{bytes(arrival.size)}" · "<RelativeTime at=arrival.landed_at /></span>
            </button></li>
        }
        .into_any()
    });
    view! {
        <section>
            <h3>"Files that wait for a registration"</h3>
            <ul class="picks">{items.collect_view()}</ul>
        </section>
    }
    .into_any()
}

/// Folder by folder, by links that can be shared.
fn raw_zone(draft: Draft) -> AnyView {
    let (environment, query) = (draft.environment, use_query_map());
    // A dataset's own files are where its samples are.
    let prefix = Memo::new(move |_| {
        let query = query.get();
        query.get("prefix").or_else(|| query.get("dataset")).unwrap_or_default()
    });
    let dataset = Memo::new(move |_| query.get().get("dataset"));
    let folder = move |prefix: &str| {
        let dataset = dataset.get_untracked();
        let dataset = dataset.map(|dataset| format!("&dataset={}", encoded(&dataset)));
        format!("?prefix={}{}", encoded(prefix), dataset.unwrap_or_default())
    };
    let listing = Resource::new(
        move || {
            let query = query.get();
            let part = |name: &str, value: Option<String>| {
                value.map(|value| format!("&{name}={}", encoded(&value))).unwrap_or_default()
            };
            let after = part("after", query.get("after"));
            let path = format!("/raw-objects?limit=100&prefix={}{after}", encoded(&prefix.get()));
            in_environment(&environment.get(), &path)
        },
        get::<Page<RawObject>>,
    );
    let list = loaded(listing, 5, move |page| {
        let up = prefix.get_untracked();
        let up = (!up.is_empty()).then(|| {
            let parent = up.rsplit_once('/').map_or("", |(parent, _)| parent);
            view! { <li><a class="pick" href=folder(parent)>".."</a></li> }
        });
        let empty = (page.items.is_empty() && up.is_none())
            .then(|| view! { <li class="muted">"The raw zone is empty."</li> });
        let entry = |object: RawObject| {
            let href = object.is_folder.then(|| folder(&object.key));
            entry(draft, object, href)
        };
        let items = page.items.into_iter().map(entry).collect_view();
        let more = page.next.map(|next| {
            let href = format!("{}&after={}", folder(&prefix.get_untracked()), encoded(&next));
            view! { <li><a class="pick" href=href>"More"</a></li> }
        });
        view! { <ul class="picks">{up}{items}{empty}{more}</ul> }.into_any()
    });
    view! {
        <section>
            <h3>"Raw zone"<span class="muted">" / "{prefix}</span></h3>
            {list}
        </section>
    }
    .into_any()
}

fn entry(draft: Draft, object: RawObject, href: Option<String>) -> AnyView {
    if let Some(href) = href {
        return view! { <li><a class="pick" href=href>{icon("next")}{object.name}"/"</a></li> }
            .into_any();
    }
    let key = object.key.clone();
    view! {
        <li><button type="button" class="pick" disabled=move || draft.busy.get()
            on:click=move |_| draft.look_at(Sample::Key(key.clone()), None)>
            {icon("file")}<code>{object.name}</code>
            <span class="muted">{bytes(object.size)}</span>
        </button></li>
    }
    .into_any()
}

/// A text as part of a query: all but letters, digits and a few harmless characters by their bytes.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'=' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_part_of_the_query() {
        assert_eq!(encoded("a/b=1/é &c"), "a/b=1/%C3%A9%20%26c");
    }
}
