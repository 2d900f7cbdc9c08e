//! A chart of the result, drawn as SVG. The rows are its table.

use leptos::prelude::*;

use super::bench::Bench;
use super::chart_data::{
    ChartChoice, ChartKind, MOST_BARS, MOST_POINTS, Point, points, short, ticks,
};
use crate::api::get;
use crate::api::queries::{CellKind, ResultRows};
use crate::components::{Empty, loaded};
use crate::format;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// The chart with its choices.
pub(super) fn chart(bench: Bench) -> AnyView {
    let Some(info) = bench.info.get_untracked() else { return ().into_any() };
    let path = bench.path(&format!("/queries/{}/rows?limit=1000", info.id));
    let rows = Resource::new(|| (), move |()| get::<ResultRows>(path.clone()));
    let show = move |rows: ResultRows| {
        let Some(fitting) = ChartChoice::fitting(&rows.columns) else {
            return view! {
                <Empty title="There is no number to draw">
                    <p>"Select a column with numbers, for example a count or a sum."</p>
                </Empty>
            }
            .into_any();
        };
        let choice = RwSignal::new(fitting);
        let rows = StoredValue::new(rows);
        view! {
            <div class="card query-chart">
                {rows.with_value(|rows| choices(rows, choice))}
                {move || rows.with_value(|rows| drawing(rows, choice.get()))}
            </div>
        }
        .into_any()
    };
    loaded(rows, 8, show)
}

fn choices(rows: &ResultRows, choice: RwSignal<ChartChoice>) -> AnyView {
    let kind = move |kind: ChartKind, text: &'static str| {
        view! {
            <button type="button" class="query-side-tab"
                aria-pressed=move || (choice.get().kind == kind).to_string()
                on:click=move |_| choice.update(|choice| choice.kind = kind)>{text}</button>
        }
    };
    let options = |wanted: fn(CellKind) -> bool, chosen: usize| {
        let columns = rows.columns.iter().enumerate().filter(move |(_, c)| wanted(c.kind));
        let option = move |(at, column): (usize, &crate::api::queries::ResultColumn)| {
            let name = column.name.clone();
            view! { <option value=at.to_string() selected=at == chosen>{name}</option> }
        };
        columns.map(option).collect_view()
    };
    let now = choice.get_untracked();
    let (xs, ys) = (options(|_| true, now.x), options(|kind| kind == CellKind::Number, now.y));
    let set = move |edit: fn(&mut ChartChoice, usize)| {
        move |event: leptos::ev::Event| {
            if let Ok(at) = event_target_value(&event).parse() {
                choice.update(|choice| edit(choice, at));
            }
        }
    };
    view! {
        <div class="filters card-body">
            <div class="query-side-tabs" role="group" aria-label="Kind of chart">
                {kind(ChartKind::Line, "Line")}
                {kind(ChartKind::Bar, "Bar")}
                {kind(ChartKind::Scatter, "Scatter")}
                {kind(ChartKind::Time, "Time")}
            </div>
            <div class="field"><label for="chart-x">"Along"</label>
                <select id="chart-x" on:change=set(|choice, at| choice.x = at)>{xs}</select></div>
            <div class="field"><label for="chart-y">"Value"</label>
                <select id="chart-y" on:change=set(|choice, at| choice.y = at)>{ys}</select></div>
        </div>
    }
    .into_any()
}

/// Where values stand in the drawing.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn of(points: &[Point], kind: ChartKind) -> Self {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let x = range(&mut points.iter().map(|point| point.x));
        let (low, high) = range(&mut points.iter().map(|point| point.y));
        // Lengths are compared from nothing on; positions need not be.
        let (low, high) = match kind {
            ChartKind::Scatter => (low, high),
            _ => (low.min(0.0), high.max(0.0)),
        };
        let marks = ticks(low, if high > low { high } else { low + 1.0 }, 5);
        let y = (marks.first().copied().unwrap_or(low), marks.last().copied().unwrap_or(high));
        Self { x, y }
    }

    fn x(&self, value: f64) -> f64 {
        let (low, high) = self.x;
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.y;
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }
}

fn drawing(rows: &ResultRows, choice: ChartChoice) -> AnyView {
    let (points, without) = points(rows, choice);
    if points.is_empty() {
        return view! { <p class="muted card-body">"These columns give no points: choose a time for a time chart, and numbers for a scatter chart."</p> }.into_any();
    }
    let name = |at: usize| rows.columns.get(at).map(|c| c.name.clone()).unwrap_or_default();
    let (along, value) = (name(choice.x), name(choice.y));
    let label = format!("{value} by {along}: {} points", points.len());
    let note = note(rows, &points, choice.kind, without);
    let scale = Scale::of(&points, choice.kind);
    let marks = match choice.kind {
        ChartKind::Bar => bars(&points, &scale),
        ChartKind::Scatter => dots(&points, &scale, "chart-dot"),
        ChartKind::Line | ChartKind::Time => {
            let dots = (points.len() <= 200).then(|| dots(&points, &scale, "chart-dot"));
            view! { {line(&points, &scale)}{dots} }.into_any()
        }
    };
    let axes = axes(&points, &scale, choice.kind);
    let view_box = format!("0 0 {WIDTH} {HEIGHT}");
    view! {
        <figure class="card-body">
            <svg class="chart" viewBox=view_box role="img" aria-label=label>{axes}{marks}</svg>
            <figcaption class="muted">{format!("{value} by {along}. {note}")}</figcaption>
        </figure>
    }
    .into_any()
}

/// What is not drawn.
fn note(rows: &ResultRows, points: &[Point], kind: ChartKind, without: usize) -> String {
    let mut notes = Vec::new();
    if rows.total > rows.rows.len() as u64 {
        let (part, all) = (format::count(rows.rows.len() as u64), format::count(rows.total));
        notes.push(format!("The first {part} of {all} rows: aggregate to see all."));
    }
    let fitting = rows.rows.len() - without;
    if points.len() < fitting {
        let most = if kind == ChartKind::Bar { MOST_BARS } else { MOST_POINTS };
        let how = if kind == ChartKind::Bar { "the first" } else { "evenly chosen" };
        notes.push(format!("{how} {most} of {} points are drawn.", format::count(fitting as u64)));
    }
    if without > 0 {
        notes.push(format!("{without} rows have no value here."));
    }
    notes.push("The table is under Rows.".to_owned());
    notes.join(" ")
}

fn tip(point: &Point) -> String {
    format!("{}: {}", point.label, point.y)
}

fn line(points: &[Point], scale: &Scale) -> AnyView {
    let places =
        points.iter().map(|point| format!("{:.1},{:.1}", scale.x(point.x), scale.y(point.y)));
    let places = places.collect::<Vec<_>>().join(" ");
    view! { <polyline class="chart-line" points=places></polyline> }.into_any()
}

fn dots(points: &[Point], scale: &Scale, class: &'static str) -> AnyView {
    let dot = |point: &Point| {
        let (x, y) = (format!("{:.1}", scale.x(point.x)), format!("{:.1}", scale.y(point.y)));
        view! { <circle class=class cx=x cy=y r="3.500"><title>{tip(point)}</title></circle> }
    };
    points.iter().map(dot).collect_view().into_any()
}

fn bars(points: &[Point], scale: &Scale) -> AnyView {
    let room = (WIDTH - LEFT - RIGHT) / points.len() as f64;
    let bar = |(at, point): (usize, &Point)| {
        let (top, base) = (scale.y(point.y.max(0.0)), scale.y(point.y.min(0.0)));
        let x = format!("{:.1}", LEFT + room * (at as f64 + 0.1));
        let (width, y) = (format!("{:.1}", room * 0.8), format!("{top:.1}"));
        let height = format!("{:.1}", (base - top).max(0.5));
        view! { <rect class="busy" x=x y=y width=width height=height><title>{tip(point)}</title></rect> }
    };
    points.iter().enumerate().map(bar).collect_view().into_any()
}

fn axes(points: &[Point], scale: &Scale, kind: ChartKind) -> AnyView {
    let marks = ticks(scale.y.0, scale.y.1, 5);
    let level = |value: f64| {
        let y = format!("{:.1}", scale.y(value));
        let below = format!("{:.1}", scale.y(value) + 4.0);
        view! {
            <line class="axis" x1=LEFT.to_string() x2=(WIDTH - RIGHT).to_string() y1=y.clone() y2=y></line>
            <text x=(LEFT - 8.0).to_string() y=below text-anchor="end">{short(value)}</text>
        }
    };
    let levels = marks.into_iter().map(level).collect_view();
    let at = |x: f64, label: String| {
        let x = format!("{x:.1}");
        let shown: String = label.chars().take(16).collect();
        view! { <text x=x y=(HEIGHT - BOTTOM + 18.0).to_string() text-anchor="middle">{shown}</text> }
    };
    let labels: Vec<_> = match kind {
        ChartKind::Scatter => {
            let inside = |value: &f64| *value >= scale.x.0 && *value <= scale.x.1;
            let marks = ticks(scale.x.0, scale.x.1, 6).into_iter().filter(inside);
            marks.map(|value| at(scale.x(value), short(value))).collect()
        }
        _ => {
            let step = points.len().div_ceil(8).max(1);
            let room = (WIDTH - LEFT - RIGHT) / points.len() as f64;
            let place = |at: usize, point: &Point| match kind {
                ChartKind::Bar => LEFT + room * (at as f64 + 0.5),
                _ => scale.x(point.x),
            };
            let shown = points.iter().enumerate().step_by(step);
            shown.map(|(index, point)| at(place(index, point), point.label.clone())).collect()
        }
    };
    view! { {levels}{labels} }.into_any()
}
