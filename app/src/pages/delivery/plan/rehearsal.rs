//! What changed SQL would do to the rows of the target's own data.

use domain::plan::{ColumnDifference, Rehearsal, RehearsalOutcome};
use leptos::prelude::*;

use crate::api::delivery::PlanShown;
use crate::components::{Card, Stat, status_badge};
use crate::format;

/// The card; none when nothing was rehearsed.
pub(super) fn rehearsals(plan: &PlanShown) -> Option<AnyView> {
    if plan.rehearsals.is_empty() {
        return None;
    }
    let note = format!("Old and new SQL over the same data of {}", plan.environment);
    let items = plan.rehearsals.iter().map(item).collect_view();
    Some(
        view! {
            <div id="rows"><Card title="What it does to the rows" note=note><ul class="rehearsals">{items}</ul></Card></div>
        }
        .into_any(),
    )
}

fn item(rehearsal: &Rehearsal) -> AnyView {
    let dataset = rehearsal.dataset.to_string();
    let outcome = match &rehearsal.outcome {
        RehearsalOutcome::NotCompared { reason, fails: true } => view! {
            <div class="failure"><p class="failure-title">"The new SQL fails over this data"</p><p>{reason.clone()}</p></div>
        }
        .into_any(),
        RehearsalOutcome::NotCompared { reason, fails: false } => {
            view! { <p class="notice">"Not compared: "{reason.clone()}</p> }.into_any()
        }
        RehearsalOutcome::Compared { partitions, added, removed, changed, same, columns } => {
            let quiet = added + removed + changed == 0;
            let verdict = quiet.then(|| status_badge("good", "every row stays as it is"));
            let days = match partitions.len() {
                0 => "the whole table".to_owned(),
                _ => partitions.join(", "),
            };
            view! {
                <dl class="stats">
                    <Stat label="Added" value=format::count(*added) />
                    <Stat label="Removed" value=format::count(*removed) />
                    <Stat label="Changed" value=format::count(*changed) />
                    <Stat label="Same" value=format::count(*same) />
                </dl>
                <p class="muted">"Over "{days}" "{verdict}</p>
                {by_column(columns, changed + same)}
            }
            .into_any()
        }
    };
    view! { <li class="rehearsal"><h3><code>{dataset}</code></h3>{outcome}</li> }.into_any()
}

/// Columns with rows whose value differs, of `all` rows that both have.
fn by_column(columns: &[ColumnDifference], all: u64) -> Option<AnyView> {
    let differ: Vec<_> = columns.iter().filter(|column| column.changed > 0).collect();
    if differ.is_empty() {
        return None;
    }
    let row = |column: &&ColumnDifference| {
        let share = format::share(column.changed, all);
        let (max, value) = (all.max(1).to_string(), column.changed.to_string());
        let label = format!("Share of rows whose {} differs", column.column);
        view! {
            <tr>
                <th scope="row"><code>{column.column.clone()}</code></th>
                <td class="number">{format::count(column.changed)}</td>
                <td class="number">{share}</td>
                <td class="rehearsal-share"><progress class="meter" max=max value=value aria-label=label></progress></td>
            </tr>
        }
    };
    let rows = differ.iter().map(row).collect_view();
    Some(
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="Values that differ, by column"><table class="table rehearsal-columns">
                <caption class="visually-hidden">"Values that differ, by column"</caption>
                <thead><tr><th scope="col">"Column"</th><th scope="col" class="number">"Rows that differ"</th>
                    <th scope="col" class="number">"Share"</th><th scope="col"><span class="visually-hidden">"Share, drawn"</span></th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
        .into_any(),
    )
}
