//! From rows to points: which columns, on which scale, at which ticks.

use crate::api::queries::{CellKind, ResultColumn, ResultRows};

/// Points that are drawn; of more, every n-th.
pub(super) const MOST_POINTS: usize = 1_000;

/// Bars that can be told apart.
pub(super) const MOST_BARS: usize = 60;

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChartKind {
    Line,
    Bar,
    Scatter,
    Time,
}

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChartChoice {
    pub(super) kind: ChartKind,
    pub(super) x: usize,
    pub(super) y: usize,
}

/// A point: its place along x, its label there, its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) label: String,
    pub(super) y: f64,
}

impl ChartChoice {
    /// What suits the columns: a value over a time or a name. `None` without any number.
    pub(super) fn fitting(columns: &[ResultColumn]) -> Option<Self> {
        let of_kind = |kind| columns.iter().position(|column| column.kind == kind);
        let y = columns.iter().rposition(|column| column.kind == CellKind::Number)?;
        let (x, kind) = match (of_kind(CellKind::Time), of_kind(CellKind::Text)) {
            (Some(x), _) => (x, ChartKind::Time),
            (None, Some(x)) => (x, ChartKind::Bar),
            (None, None) => {
                let other = columns.iter().position(|column| column.kind == CellKind::Number)?;
                (other, if other == y { ChartKind::Line } else { ChartKind::Scatter })
            }
        };
        Some(Self { kind, x, y })
    }
}

/// The points of a choice, in the order they are drawn, and how many rows had none.
pub(super) fn points(rows: &ResultRows, choice: ChartChoice) -> (Vec<Point>, usize) {
    let kind = rows.columns.get(choice.x).map(|column| column.kind);
    let cell = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten();
    let point = |(at, row): (usize, &Vec<Option<String>>)| {
        let y = cell(row, choice.y)?.parse().ok().filter(|y: &f64| y.is_finite())?;
        let label = cell(row, choice.x)?;
        let x = match choice.kind {
            ChartKind::Scatter => label.parse().ok().filter(|x: &f64| x.is_finite())?,
            ChartKind::Time => seconds(&label)?,
            ChartKind::Line if kind == Some(CellKind::Number) && choice.x != choice.y => {
                label.parse().ok()?
            }
            ChartKind::Line | ChartKind::Bar => at as f64,
        };
        Some(Point { x, label, y })
    };
    let mut points: Vec<_> = rows.rows.iter().enumerate().filter_map(point).collect();
    let without = rows.rows.len() - points.len();
    if matches!(choice.kind, ChartKind::Line | ChartKind::Time) {
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    let most = if choice.kind == ChartKind::Bar { MOST_BARS } else { MOST_POINTS };
    (thinned(points, most, choice.kind), without)
}

/// At most so many points: the first bars, else every n-th point.
fn thinned(points: Vec<Point>, most: usize, kind: ChartKind) -> Vec<Point> {
    let step = if kind == ChartKind::Bar { 1 } else { points.len().div_ceil(most).max(1) };
    points.into_iter().step_by(step).take(most).collect()
}

/// Seconds of a time as it is written by ISO 8601; also of a day alone.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim_end_matches('Z').replace(' ', "T");
    let time = text.parse::<jiff::civil::DateTime>().ok();
    let time = time.or_else(|| Some(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond() as f64 / 1000.0)
}

/// Round numbers that cover a range, about `count` of them; a range without extent has one.
pub(super) fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let span = high - low;
    if span <= 0.0 || !span.is_finite() {
        return vec![low];
    }
    let rough = span / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (low / step).floor();
    let mut ticks: Vec<_> = (0..=(count * 2 + 2)).map(|n| (first + n as f64) * step).collect();
    if let Some(end) = ticks.iter().position(|tick| *tick >= high - step * 1e-9) {
        ticks.truncate(end + 1);
    }
    ticks
}

/// A number as it stands at an axis.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    let (divided, unit) = match size {
        size if size >= 1e9 => (value / 1e9, "G"),
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{divided:.3}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(kinds: &[CellKind], cells: &[[&str; 2]]) -> ResultRows {
        let column =
            |kind: &CellKind| ResultColumn { name: "c".into(), data_type: "t".into(), kind: *kind };
        let row = |row: &[&str; 2]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        ResultRows {
            columns: kinds.iter().map(column).collect(),
            rows: cells.iter().map(row).collect(),
            ..ResultRows::default()
        }
    }

    #[test]
    fn a_time_and_a_number_are_drawn_over_time() {
        let kinds = [CellKind::Time, CellKind::Number];
        let rows = rows(&kinds, &[["2020-08-02", "2"], ["2020-08-01T12:00:00", "1"], ["x", "3"]]);
        let choice = ChartChoice::fitting(&rows.columns).unwrap();
        assert_eq!(choice.kind, ChartKind::Time);
        let (points, without) = points(&rows, choice);
        assert_eq!((points.len(), without), (2, 1));
        assert!(points[0].y == 1.0 && points[0].x < points[1].x);
    }

    #[test]
    fn without_a_number_there_is_no_chart() {
        assert_eq!(ChartChoice::fitting(&rows(&[CellKind::Text; 2], &[]).columns), None);
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(ticks(0.0, 97.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(5.0, 5.0, 4).len(), 1);
        assert_eq!([1_500_000.0, 12_000.0, 0.25, -3.0].map(short), ["1.5M", "12k", "0.25", "-3"]);
    }
}
