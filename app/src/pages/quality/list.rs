//! All tables with their quality rules and what came of them.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::quality::QualitySummary;
use crate::api::{Page, get};
use crate::components::{Empty, PageHeader, Pager, RelativeTime, icon, loaded, verdict_badge};
use crate::format;
use crate::live::{refresh, use_live};
use crate::place::{in_environment, use_environment};

/// What can be asked for alone: (value, text).
const ONLY: [(&str, &str); 3] =
    [("", "All tables"), ("rules", "Tables with rules"), ("broken", "Tables with a broken rule")];

/// The page.
pub(crate) fn quality() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let path = Memo::new(move |_| {
        in_environment(&environment.get(), &format!("/quality{}", query.get().to_query_string()))
    });
    let page = Resource::new(move || path.get(), get::<Page<QualitySummary>>);
    use_live(move |_, _| refresh(page, path));
    let search = move || query.get().get("search").unwrap_or_default();
    let only = move || query.get().get("only").unwrap_or_default();
    let choices = ONLY.map(|(value, text)| {
        view! { <option value=value selected=move || only() == value>{text}</option> }
    });
    view! {
        <PageHeader title="Quality" lead="What must hold of each table's rows before readers see them, and what came of it in the last run." />
        <form method="get" class="filters" role="search">
            <div class="field source-search">
                <label for="search">"Table"</label>
                <input type="search" id="search" name="search" value=search autocomplete="off" />
            </div>
            <div class="field">
                <label for="only">"Show"</label>
                <select id="only" name="only">{choices.collect_view()}</select>
            </div>
            <button type="submit" class="button">{icon("search")}"Find"</button>
        </form>
        {loaded(page, 8, move |page| {
            let here = environment.get_untracked();
            if page.items.is_empty() {
                return nothing(&here, !search().is_empty() || !only().is_empty());
            }
            let rows = page.items.into_iter().map(|item| row(&here, item)).collect_view();
            view! {
                <section class="card"><div class="table-scroll" tabindex="0" role="group" aria-label="Tables"><table class="table">
                    <caption class="visually-hidden">"Tables with their quality rules"</caption>
                    <thead><tr>
                        <th scope="col">"Table"</th><th scope="col">"Zone"</th>
                        <th scope="col" class="number">"Rules"</th><th scope="col" class="number">"Block here"</th>
                        <th scope="col">"In the last run"</th><th scope="col">"When"</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table></div></section>
                <Pager next=page.next />
            }
            .into_any()
        })}
    }
}

fn row(here: &str, item: QualitySummary) -> AnyView {
    let name = format!("{}.{}", item.database, item.table);
    let href = format!("/{here}/quality/{}/{}", item.database, item.table);
    let (last, when) = match item.last {
        Some(last) => {
            let run = format!("/{here}/runs/{}", last.run);
            let broken = last.broken.join(", ");
            let verdict = view! {
                <a class="quiet" href=run aria-label=format!("Last run that checked {name}")>{verdict_badge(last.verdict)}</a>
                <span class="source-description">{broken}</span>
            };
            (verdict.into_any(), view! { <RelativeTime at=last.judged_at /> }.into_any())
        }
        None if item.rules == 0 => {
            (view! { <span class="muted">"No rules"</span> }.into_any(), ().into_any())
        }
        None => (view! { <span class="muted">"Not checked yet"</span> }.into_any(), ().into_any()),
    };
    view! {
        <tr>
            <th scope="row"><a href=href>{name}</a></th>
            <td>{item.zone}</td>
            <td class="number">{format::count(item.rules)}</td>
            <td class="number">{format::count(item.blocking)}</td>
            <td>{last}</td>
            <td class="nowrap">{when}</td>
        </tr>
    }
    .into_any()
}

fn nothing(here: &str, narrowed: bool) -> AnyView {
    if narrowed {
        let all = format!("/{here}/quality");
        return view! {
            <Empty title="No table is like that"><a class="button" href=all>"All tables"</a></Empty>
        }
        .into_any();
    }
    let register = format!("/{here}/sources/new");
    view! {
        <Empty title="There are no tables yet">
            <p>"Tables come with registered sources."</p>
            <a class="button button-primary" href=register>{icon("plus")}"Register a source"</a>
        </Empty>
    }
    .into_any()
}
