//! The tab Impact: old and new SQL over the same rows, what would change.

use leptos::prelude::*;

use super::desk::Desk;
use super::impact_rows::examples;
use super::output::answer;
use super::preview::sample;
use crate::api::transformations::{ColumnImpact, ColumnPresence, Impact, ImpactRequest, KeySource};
use crate::components::{Stat, icon, status_badge};
use crate::format::{count, seconds, share};

/// The tab.
pub(super) fn impact(desk: Desk) -> AnyView {
    let keys = RwSignal::new(String::new());
    let stopped = move || desk.impact.busy.get() || desk.errors() > 0 || !desk.may_edit.get();
    let text =
        move || if desk.impact.busy.get() { "Comparing…" } else { "Compare with what runs" };
    let no_version = move || desk.live.with(Option::is_none);
    let ask = move |_| compute(desk, &keys.get_untracked());
    view! {
        <div class="stack">
            <div class="filters impact-ask">
                <div class="field">
                    <label for="impact-keys">"Columns that tell rows apart"</label>
                    <input id="impact-keys" type="text" placeholder="from GROUP BY" autocomplete="off" spellcheck="false"
                        prop:value=keys on:input=move |event| keys.set(event_target_value(&event)) />
                </div>
                <button type="button" class="button" disabled=move || stopped() || no_version() on:click=ask>{icon("runs")}{text}</button>
                <span class="muted impact-lead">{move || if no_version() {
                    "Nothing runs yet that could be compared with."
                } else {
                    "Runs both versions over the same newest days. Nothing is written."
                }}</span>
            </div>
            {answer(desk, desk.impact, shown)}
        </div>
    }
    .into_any()
}

/// Asks what the SQL in the editor would change.
pub(super) fn compute(desk: Desk, keys: &str) {
    let keys: Vec<_> =
        keys.split(',').map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).collect();
    let sql = desk.sql.get_untracked();
    let keys = (!keys.is_empty()).then_some(keys);
    let request = ImpactRequest { sql: sql.clone(), keys, ..ImpactRequest::default() };
    desk.impact.ask(desk.path("/impact"), sql, &request);
}

/// The verdict in a sentence.
pub(super) fn verdict(found: &Impact) -> String {
    if found.same {
        return format!("Nothing changes: {} rows are alike.", count(found.rows.unchanged));
    }
    let parts = [
        (found.rows.changed, "changed"),
        (found.rows.added, "added"),
        (found.rows.removed, "removed"),
    ];
    let told = parts.iter().filter(|part| part.0 > 0);
    let told: Vec<_> = told.map(|(rows, what)| format!("{} {what}", count(*rows))).collect();
    let columns = found.columns.iter().filter(|column| column.presence != ColumnPresence::Both);
    let columns = columns.count();
    let rows = if told.is_empty() { "no row".to_owned() } else { told.join(", ") };
    let also = match columns {
        0 => String::new(),
        1 => "; one column comes or goes".to_owned(),
        more => format!("; {more} columns come or go"),
    };
    format!("Of {} rows: {rows}{also}.", count(found.rows.old.max(found.rows.new)))
}

fn shown(found: Impact) -> AnyView {
    let rows = found.rows;
    let keys = match found.key_source {
        KeySource::WholeRow => "The SQL groups by nothing: whole rows are compared, so none counts as changed. Name the columns that tell rows apart to see changes.".to_owned(),
        KeySource::GroupBy => format!("Rows are told apart by {} (from GROUP BY).", found.keys.join(", ")),
        KeySource::Given => format!("Rows are told apart by {}.", found.keys.join(", ")),
    };
    let duplicates = found.duplicates;
    let doubled = (duplicates.old + duplicates.new > 0).then(|| {
        let text = format!(
            "{} keys before and {} after stand for several rows; those are compared in order.",
            count(duplicates.old),
            count(duplicates.new)
        );
        view! { <p class="notice" data-tone="wait">{text}</p> }
    });
    let columns: Vec<_> = found.columns.iter().map(column).collect();
    let about = format!(
        "Version {} against the editor, over {}, in {}.",
        found.base.version,
        sample(&found.sampled),
        seconds(found.seconds)
    );
    let tolerance =
        format!("Doubles count as equal up to a relative difference of {:e}.", found.tolerance);
    let verdict = verdict(&found);
    let of = |part: u64, whole: u64| if whole == 0 { String::new() } else { share(part, whole) };
    view! {
        <p class="impact-verdict"><strong>{verdict}</strong></p>
        <p class="muted">{about}" "{keys}" "{tolerance}</p>
        {doubled}
        <dl class="stats impact-figures">
            <Stat label="Changed" value=count(rows.changed) note=of(rows.changed, rows.old) />
            <Stat label="Added" value=count(rows.added) note=of(rows.added, rows.new) />
            <Stat label="Removed" value=count(rows.removed) note=of(rows.removed, rows.old) />
            <Stat label="Alike" value=count(rows.unchanged) note=of(rows.unchanged, rows.old) />
        </dl>
        <div class="table-scroll"><table class="table">
            <caption class="visually-hidden">"How far each column is alike"</caption>
            <thead><tr>
                <th scope="col">"Column"</th><th scope="col">"Alike"</th><th scope="col" class="number">"Per cent"</th>
                <th scope="col" class="number">"Rows that differ"</th><th scope="col">"Type"</th>
            </tr></thead>
            <tbody>{columns}</tbody>
        </table></div>
        {examples(&found)}
    }
    .into_any()
}

fn column(column: &ColumnImpact) -> AnyView {
    let types = match (&column.old_type, &column.new_type) {
        (Some(old), Some(new)) if old != new => {
            view! { <code><del>{old.clone()}</del>" "<ins>{new.clone()}</ins></code> }.into_any()
        }
        (old, new) => {
            let shown = new.clone().or_else(|| old.clone()).unwrap_or_default();
            view! { <code>{shown}</code> }.into_any()
        }
    };
    let label = format!("Rows alike in {}", column.name);
    let bar = match (column.presence, column.match_percent) {
        (ColumnPresence::Added, _) => status_badge("good", "New"),
        (ColumnPresence::Removed, _) => status_badge("bad", "Gone"),
        (_, None) => view! { <span class="muted">"nothing to compare"</span> }.into_any(),
        (_, Some(percent)) => view! {
            <progress class="meter impact-bar" data-full=(percent >= 100.0).then_some("true") max="100" value=percent.to_string() aria-label=label></progress>
        }
        .into_any(),
    };
    let percent = column.match_percent.map(percent);
    let key = column.key.then(|| view! { " "<span class="muted">"key"</span> });
    let differing = (column.compared > 0).then(|| count(column.differing));
    view! {
        <tr class="diff">
            <th scope="row"><code>{column.name.clone()}</code>{key}</th>
            <td>{bar}</td>
            <td class="number">{percent}</td>
            <td class="number">{differing}</td>
            <td>{types}</td>
        </tr>
    }
    .into_any()
}

/// Never rounds up to 100 % nor down to 0 %.
fn percent(value: f64) -> String {
    let shown = if value > 0.0 && value < 100.0 { value.clamp(0.01, 99.99) } else { value };
    format!("{shown:.2} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(percent(99.999), "99.99 %");
        assert_eq!(percent(0.0001), "0.01 %");
        assert_eq!(percent(100.0), "100.00 %");
    }
}
