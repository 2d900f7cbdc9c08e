//! What sets this result apart from an earlier one: with last time, or with that of another tab.

use domain::query::QueryId;
use leptos::prelude::*;

use super::bench::{Bench, Shown};
use super::history::encoded;
use crate::api::queries::{DifferentRow, QueryInfo, ResultComparison};
use crate::api::{Problem, get};
use crate::components::{Empty, Stat, loaded};
use crate::format;

/// The comparison, with the choice of what to compare with and by which key.
pub(super) fn comparison(bench: Bench) -> AnyView {
    let Some(after) = bench.info.with_untracked(|info| info.as_ref().map(|info| info.id)) else {
        return ().into_any();
    };
    let chosen = RwSignal::new(None::<QueryId>);
    let key = RwSignal::new(String::new());
    let previous_path = bench.path(&format!("/queries/{after}/previous"));
    let previous = Resource::new(|| (), move |()| get::<Option<QueryInfo>>(previous_path.clone()));
    let others = bench.tabs.with_untracked(|tabs| {
        let others = tabs.iter().filter_map(|tab| Some((tab.query?, tab.title.clone())));
        others.filter(|(query, _)| *query != after).collect::<Vec<_>>()
    });
    let choices = others.into_iter().map(|(query, title)| {
        view! { <option value=query.to_string()>{format!("with tab {title}")}</option> }
    });
    let choices = choices.collect_view();
    let told = move |last: Option<QueryInfo>| {
        let before = Memo::new(move |_| chosen.get().or(last.as_ref().map(|last| last.id)));
        let path = move || {
            let before = before.get()?;
            let key = encoded(key.get().trim());
            Some(bench.path(&format!("/queries/{before}/compare/{after}?key={key}")))
        };
        let compared = Resource::new(path, |path| {
            let answer = path.map(get::<ResultComparison>);
            async move {
                match answer {
                    Some(answer) => answer.await.map(Some),
                    None => Ok::<_, Problem>(None),
                }
            }
        });
        loaded(compared, 6, move |compared| {
            match compared {
            Some(compared) => show(compared),
            None => view! {
                <Empty title="Nothing to compare with yet">
                    <p>"Run the same text again later and come back, or choose another tab's result above."</p>
                </Empty>
            }
            .into_any(),
        }
        })
    };
    let choose =
        move |event: leptos::ev::Event| chosen.set(event_target_value(&event).parse().ok());
    view! {
        <div class="card query-compare">
            <div class="filters card-body">
                <div class="field">
                    <label for="compare-with">"Compare"</label>
                    <select id="compare-with" on:change=choose>
                        <option value="">"with last time"</option>
                        {choices}
                    </select>
                </div>
                <div class="field">
                    <label for="compare-key">"Key columns"</label>
                    <input id="compare-key" type="text" placeholder="found by itself" autocomplete="off"
                        spellcheck="false" on:change=move |event| key.set(event_target_value(&event)) />
                </div>
                <button type="button" class="button" on:click=move |_| bench.shown.set(Shown::Rows)>"Back to the rows"</button>
            </div>
            {loaded(previous, 6, told)}
        </div>
    }
    .into_any()
}

fn show(told: ResultComparison) -> AnyView {
    let key = match told.key.is_empty() {
        true => "Whole rows were compared: no columns tell all rows apart.".to_owned(),
        false => format!("Rows are told apart by {}.", told.key.join(", ")),
    };
    let columns = |what: &str, names: &[String]| {
        let text = format!("{what}: {}", names.join(", "));
        (!names.is_empty()).then(|| view! { <p class="notice" data-tone="wait">{text}</p> })
    };
    let added = columns("Columns that are new", &told.columns_added);
    let removed = columns("Columns that are gone", &told.columns_removed);
    let both = told.changed + told.same;
    let cells = told.columns.iter().zip(&told.changed_cells).filter(|(_, changed)| **changed > 0);
    let cells = cells.map(|(name, changed)| {
        let text = format!("{} of {} rows", format::count(*changed), format::count(both));
        view! { <li><code>{name.clone()}</code>" changed in "{text}</li> }
    });
    let cells = cells.collect_view();
    let heads = told.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> });
    let heads = heads.collect_view();
    let any = !told.examples.is_empty();
    let shown = told.examples.len() as u64;
    let all = told.added + told.removed + told.changed;
    let caption = match shown < all {
        true => {
            format!("First {} of {} rows that differ", format::count(shown), format::count(all))
        }
        false => format!("{} rows that differ", format::count(all)),
    };
    let rows = told.examples.into_iter().map(row).collect_view();
    view! {
        <div class="card-body stack">
            <dl class="stats">
                <Stat label="Added" value=format::count(told.added) />
                <Stat label="Removed" value=format::count(told.removed) />
                <Stat label="Changed" value=format::count(told.changed) />
                <Stat label="Same" value=format::count(told.same) />
            </dl>
            <p class="muted">{key}</p>
            {told.remark.map(|remark| view! { <p class="notice" data-tone="wait">{remark}</p> })}
            {added}{removed}
            <ul class="query-changed">{cells}</ul>
        </div>
        {any.then(|| view! {
            <div class="table-scroll query-differences" tabindex="0" role="region" aria-label="Rows that differ">
                <table class="table diff">
                    <caption>{caption}</caption>
                    <thead><tr><th scope="col">"Row"</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        })}
    }
    .into_any()
}

fn row(different: DifferentRow) -> AnyView {
    let text = |cell: Option<String>| cell.unwrap_or_else(|| "NULL".to_owned());
    let (word, cells): (_, Vec<AnyView>) = match (different.before, different.after) {
        (Some(before), Some(after)) => {
            let cell = |(before, after): (Option<String>, Option<String>)| match before == after {
                true => view! { <td>{text(after)}</td> }.into_any(),
                false => view! { <td><del>{text(before)}</del>" → "<ins>{text(after)}</ins></td> }
                    .into_any(),
            };
            ("changed", before.into_iter().zip(after).map(cell).collect())
        }
        (None, Some(after)) => {
            let cell = |cell| view! { <td><ins>{text(cell)}</ins></td> }.into_any();
            ("added", after.into_iter().map(cell).collect())
        }
        (Some(before), None) => {
            let cell = |cell| view! { <td><del>{text(cell)}</del></td> }.into_any();
            ("removed", before.into_iter().map(cell).collect())
        }
        (None, None) => ("", Vec::new()),
    };
    view! { <tr><th scope="row">{word}</th>{cells}</tr> }.into_any()
}
