//! A chart of the result, drawn as SVG from points over all its rows. The rows are its table.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::bench::Bench;
use super::chart_data::{fitting, short, ticks, usual_aggregate};
use crate::api::queries::{
    Aggregate, CellKind, ChartKind, ChartPoint, ChartPoints, ChartQuery, ResultColumn, ResultRows,
};
use crate::api::{Problem, get};
use crate::components::{Empty, failure_line, loaded};
use crate::format;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// What becomes of values at one place: as it is named, and before the name of the column.
const AGGREGATES: [(Aggregate, &str, &str); 6] = [
    (Aggregate::None, "Each row", ""),
    (Aggregate::Sum, "Sum", "Sum of "),
    (Aggregate::Average, "Average", "Average of "),
    (Aggregate::Least, "Smallest", "Smallest "),
    (Aggregate::Greatest, "Greatest", "Greatest "),
    (Aggregate::Count, "Number of rows", "Number of rows with "),
];

/// The chart with its choices.
pub(super) fn chart(bench: Bench) -> AnyView {
    let Some(info) = bench.info.get_untracked() else { return ().into_any() };
    let path = bench.path(&format!("/queries/{}", info.id));
    let head = format!("{path}/rows?limit=1");
    let rows = Resource::new(|| (), move |()| get::<ResultRows>(head.clone()));
    let has_more = info.has_more;
    let show = move |rows: ResultRows| match fitting(&rows.columns) {
        Some(fitting) => drawn(&path, rows.columns, fitting, has_more),
        None => view! {
            <Empty title="There is no number to draw">
                <p>"Select a column with numbers, for example a count or a sum."</p>
            </Empty>
        }
        .into_any(),
    };
    loaded(rows, 8, show)
}

fn drawn(path: &str, columns: Vec<ResultColumn>, fitting: ChartQuery, has_more: bool) -> AnyView {
    let choice = RwSignal::new(fitting);
    let answer = RwSignal::new(None::<(ChartQuery, Result<ChartPoints, Problem>)>);
    let path = path.to_owned();
    Effect::new(move |_| {
        let asked = choice.get();
        let query = serde_json::to_value(asked).unwrap_or_default();
        let part = |name: &str| query[name].to_string().replace('"', "");
        let query = ["kind", "x", "y", "aggregate"].map(|name| format!("{name}={}", part(name)));
        let points = get::<ChartPoints>(format!("{path}/chart?{}", query.join("&")));
        spawn_local(async move {
            let points = points.await;
            // Another choice may have been made meanwhile.
            if choice.try_get_untracked() == Some(asked) {
                answer.try_set(Some((asked, points)));
            }
        });
    });
    let choices = choices(&columns, choice);
    let columns = StoredValue::new(columns);
    let drawing = move || match answer.get() {
        None => view! { <p class="muted card-body">"Drawing…"</p> }.into_any(),
        Some((_, Err(problem))) => failure_line(&problem),
        Some((choice, Ok(points))) => {
            columns.with_value(|columns| drawing(columns, &points, choice, has_more))
        }
    };
    view! { <div class="card query-chart">{choices}{drawing}</div> }.into_any()
}

fn choices(columns: &[ResultColumn], choice: RwSignal<ChartQuery>) -> AnyView {
    let kind = move |kind: ChartKind, text: &'static str| {
        let choose = move |_| {
            choice.update(|choice| {
                (choice.kind, choice.aggregate) = (kind, usual_aggregate(kind));
            });
        };
        view! {
            <button type="button" class="query-side-tab"
                aria-pressed=move || (choice.get().kind == kind).to_string()
                on:click=choose>{text}</button>
        }
    };
    let options = |wanted: fn(CellKind) -> bool, chosen: u32| {
        let columns = (0_u32..).zip(columns).filter(move |(_, c)| wanted(c.kind));
        let option = move |(at, column): (u32, &ResultColumn)| {
            let name = column.name.clone();
            view! { <option value=at.to_string() selected=at == chosen>{name}</option> }
        };
        columns.map(option).collect_view()
    };
    let now = choice.get_untracked();
    let (xs, ys) = (options(|_| true, now.x), options(|kind| kind == CellKind::Number, now.y));
    let set = move |edit: fn(&mut ChartQuery, usize)| {
        move |event: leptos::ev::Event| {
            if let Ok(at) = event_target_value(&event).parse() {
                choice.update(|choice| edit(choice, at));
            }
        }
    };
    let aggregates = (0_usize..).zip(AGGREGATES).map(|(at, (aggregate, name, _))| {
        let selected = move || choice.get().aggregate == aggregate;
        view! { <option value=at.to_string() selected=selected>{name}</option> }
    });
    let aggregates = aggregates.collect_view();
    let set_aggregate = set(|choice, at| {
        choice.aggregate = AGGREGATES.get(at).map(|known| known.0).unwrap_or_default();
    });
    view! {
        <div class="filters card-body">
            <div class="query-side-tabs" role="group" aria-label="Kind of chart">
                {kind(ChartKind::Line, "Line")}
                {kind(ChartKind::Bar, "Bar")}
                {kind(ChartKind::Scatter, "Scatter")}
                {kind(ChartKind::Time, "Time")}
            </div>
            <div class="field"><label for="chart-x">"Along"</label>
                <select id="chart-x" on:change=set(|choice, at| choice.x = column(at))>{xs}</select></div>
            <div class="field"><label for="chart-y">"Value"</label>
                <select id="chart-y" on:change=set(|choice, at| choice.y = column(at))>{ys}</select></div>
            <div class="field"><label for="chart-aggregate">"Of rows at one place"</label>
                <select id="chart-aggregate" on:change=set_aggregate>{aggregates}</select></div>
        </div>
    }
    .into_any()
}

fn column(at: usize) -> u32 {
    u32::try_from(at).unwrap_or_default()
}

/// Where values stand in the drawing.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn of(points: &[ChartPoint], kind: ChartKind) -> Self {
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

fn drawing(
    columns: &[ResultColumn],
    found: &ChartPoints,
    choice: ChartQuery,
    has_more: bool,
) -> AnyView {
    let points = &found.points;
    if points.is_empty() {
        return view! { <p class="muted card-body">"These columns give no points: choose a time for a time chart, and numbers for a scatter chart."</p> }.into_any();
    }
    let name = |at: u32| columns.get(at as usize).map(|c| c.name.clone()).unwrap_or_default();
    let (along, value) = (name(choice.x), name(choice.y));
    let of =
        AGGREGATES.iter().find(|known| known.0 == choice.aggregate).map_or("", |known| known.2);
    let what = format!("{of}{value} by {along}");
    let label = format!("{what}: {} points", points.len());
    let note = note(found, choice, has_more);
    let scale = Scale::of(points, choice.kind);
    let marks = match choice.kind {
        ChartKind::Bar => bars(points, &scale),
        ChartKind::Scatter => dots(points, &scale, "chart-dot"),
        ChartKind::Line | ChartKind::Time => {
            let dots = (points.len() <= 200).then(|| dots(points, &scale, "chart-dot"));
            view! { {line(points, &scale)}{dots} }.into_any()
        }
    };
    let axes = axes(points, &scale, choice.kind);
    let view_box = format!("0 0 {WIDTH} {HEIGHT}");
    view! {
        <figure class="card-body">
            <div class="chart-scroll" tabindex="0" role="group" aria-label="Drawing">
                <svg class="chart" viewBox=view_box role="img" aria-label=label>{axes}{marks}</svg>
            </div>
            <figcaption class="muted">{format!("{what}. {note}")}</figcaption>
        </figure>
    }
    .into_any()
}

/// What the chart is made of, and what is not drawn.
fn note(found: &ChartPoints, choice: ChartQuery, has_more: bool) -> String {
    let rows = format::count(found.rows);
    let mut notes = vec![match has_more {
        true => format!("From the {rows} rows that are kept; the query has more."),
        false => format!("From all {rows} rows."),
    }];
    let drawn = found.points.len() as u64;
    if drawn < found.total {
        let (drawn, all) = (format::count(drawn), format::count(found.total));
        notes.push(match choice.kind {
            ChartKind::Bar => format!("The first {drawn} of {all} bars are drawn."),
            ChartKind::Scatter => format!("{drawn} of {all} points are drawn, chosen at random."),
            ChartKind::Line | ChartKind::Time => format!(
                "{drawn} of {all} points are drawn: of each stretch its first, lowest, highest and last."
            ),
        });
    }
    match found.without {
        0 => {}
        1 => notes.push("One row has no value here.".to_owned()),
        without => notes.push(format!("{} rows have no value here.", format::count(without))),
    }
    notes.push("The table is under Rows.".to_owned());
    notes.join(" ")
}

fn tip(point: &ChartPoint) -> String {
    format!("{}: {}", point.label, point.y)
}

fn line(points: &[ChartPoint], scale: &Scale) -> AnyView {
    let places =
        points.iter().map(|point| format!("{:.1},{:.1}", scale.x(point.x), scale.y(point.y)));
    let places = places.collect::<Vec<_>>().join(" ");
    view! { <polyline class="chart-line" points=places></polyline> }.into_any()
}

fn dots(points: &[ChartPoint], scale: &Scale, class: &'static str) -> AnyView {
    let dot = |point: &ChartPoint| {
        let (x, y) = (format!("{:.1}", scale.x(point.x)), format!("{:.1}", scale.y(point.y)));
        view! { <circle class=class cx=x cy=y r="3.500"><title>{tip(point)}</title></circle> }
    };
    points.iter().map(dot).collect_view().into_any()
}

fn bars(points: &[ChartPoint], scale: &Scale) -> AnyView {
    let room = (WIDTH - LEFT - RIGHT) / points.len() as f64;
    let bar = |(at, point): (usize, &ChartPoint)| {
        let (top, base) = (scale.y(point.y.max(0.0)), scale.y(point.y.min(0.0)));
        let x = format!("{:.1}", LEFT + room * (at as f64 + 0.1));
        let (width, y) = (format!("{:.1}", room * 0.8), format!("{top:.1}"));
        let height = format!("{:.1}", (base - top).max(0.5));
        view! { <rect class="busy" x=x y=y width=width height=height><title>{tip(point)}</title></rect> }
    };
    points.iter().enumerate().map(bar).collect_view().into_any()
}

fn axes(points: &[ChartPoint], scale: &Scale, kind: ChartKind) -> AnyView {
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
    // Where numbers stand at their own places, round ones are told.
    let is_at_its_number = |point: &ChartPoint| point.label.parse() == Ok(point.x);
    let by_number = match kind {
        ChartKind::Scatter => true,
        ChartKind::Line => points.iter().all(is_at_its_number),
        ChartKind::Bar | ChartKind::Time => false,
    };
    let labels: Vec<_> = match by_number {
        true => {
            let inside = |value: &f64| *value >= scale.x.0 && *value <= scale.x.1;
            let marks = ticks(scale.x.0, scale.x.1, 6).into_iter().filter(inside);
            marks.map(|value| at(scale.x(value), short(value))).collect()
        }
        false => {
            let step = points.len().div_ceil(8).max(1);
            let room = (WIDTH - LEFT - RIGHT) / points.len() as f64;
            let place = |at: usize, point: &ChartPoint| match kind {
                ChartKind::Bar => LEFT + room * (at as f64 + 0.5),
                _ => scale.x(point.x),
            };
            let shown = points.iter().enumerate().step_by(step);
            shown.map(|(index, point)| at(place(index, point), point.label.clone())).collect()
        }
    };
    view! { {levels}{labels} }.into_any()
}
