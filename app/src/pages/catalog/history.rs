//! The section History: every change of columns and descriptions, and any two points side by side.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::difference::{changes, side_by_side};
use super::section::{Here, answered, ask};
use crate::api::catalog::{TableDifference, TablePoint};
use crate::components::{Card, RelativeTime, icon};
use crate::format::count;

/// Its name in the address.
pub(super) const NAME: &str = "history";

/// The section.
pub(super) fn history(here: Here) -> AnyView {
    let query = use_query_map();
    let points =
        ask::<Vec<TablePoint>>(NAME, move || Some(format!("{}/history", here.path.get()))).follow();
    let pair = move || {
        let number = |name: &str| query.with(|query| query.get(name))?.parse::<u64>().ok();
        Some((number("before")?, number("to")?))
    };
    let difference = ask::<TableDifference>(NAME, move || {
        let (before, after) = pair()?;
        Some(format!("{}/history/{before}/compare/{after}", here.path.get()))
    });
    view! {
        <div class="stack">
            {answered(points, 1, move |points| chooser(&points, pair()))}
            {answered(difference, 6, side_by_side)}
            {answered(points, 5, move |points| list(here, &points))}
        </div>
    }
    .into_any()
}

/// Two points to compare: the newest with the one before it until others are chosen.
fn chooser(points: &[TablePoint], pair: Option<(u64, u64)>) -> AnyView {
    let (Some(newest), Some(previous)) = (points.first(), points.get(1)) else {
        return ().into_any();
    };
    let (before, after) = pair.unwrap_or((previous.version, newest.version));
    let choice = |id: &'static str, name: &'static str, label: &'static str, chosen: u64| {
        let options = points.iter().map(|point| {
            let (version, selected) = (point.version, point.version == chosen);
            let text = format!("Version {version}, {}", when(point));
            view! { <option value=version.to_string() selected=selected>{text}</option> }
        });
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <select id=id name=name>{options.collect_view()}</select>
            </div>
        }
        .into_any()
    };
    view! {
        <form method="get" class="filters catalog-compare">
            <input type="hidden" name="show" value=NAME />
            {choice("compare-before", "before", "Compare", before)}
            {choice("compare-to", "to", "With", after)}
            <button type="submit" class="button">{icon("check")}"Show differences"</button>
        </form>
    }
    .into_any()
}

fn when(point: &TablePoint) -> String {
    let day = |at: jiff::Timestamp| at.to_string().get(..10).unwrap_or_default().to_owned();
    point.changed_at.map_or_else(|| "when the history began".to_owned(), day)
}

fn list(here: Here, points: &[TablePoint]) -> AnyView {
    let environment = here.environment.get_untracked();
    let last = points.len().saturating_sub(1);
    let items = points.iter().enumerate().map(|(at, point)| {
        let what = match at == last {
            true => {
                let text = format!("First known with {} columns", count(point.columns));
                view! { <p class="muted">{text}</p> }.into_any()
            }
            false => changes(&point.change),
        };
        view! { <li>{head(&environment, point)}{what}</li> }.into_any()
    });
    let items: Vec<_> = items.collect();
    let note = "Every change of columns and descriptions, newest first";
    view! { <Card title="History" note=note><ol class="versions catalog-history">{items}</ol></Card> }
        .into_any()
}

fn head(here: &str, point: &TablePoint) -> AnyView {
    let by = match (&point.run, &point.person) {
        (Some(run), _) => {
            let href = format!("/{here}/runs/{run}");
            let by = point
                .definition_version
                .map(|version| format!(" with version {version} of the {}", point.defined_by));
            view! { " by "<a href=href>"a run"</a>{by} }.into_any()
        }
        (None, Some(person)) => view! { " by "{person.clone()} }.into_any(),
        (None, None) => ().into_any(),
    };
    let at = match point.changed_at {
        Some(at) => view! { ", "<RelativeTime at=at /> }.into_any(),
        None => ", when the history began to be kept".into_any(),
    };
    view! { <p><strong>{format!("Version {}", point.version)}</strong><span class="muted">{by}{at}</span></p> }
        .into_any()
}
