//! What suits a result's columns, and round numbers for axes.

use crate::api::queries::{Aggregate, CellKind, ChartKind, ChartQuery, ResultColumn};

/// What suits the columns: a value over a time or a name. `None` without any number.
pub(super) fn fitting(columns: &[ResultColumn]) -> Option<ChartQuery> {
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
    let number = |at| u32::try_from(at).ok();
    Some(ChartQuery { kind, x: number(x)?, y: number(y)?, aggregate: usual_aggregate(kind) })
}

/// Bars stand for names, which may come again; elsewhere each row is a point.
pub(super) fn usual_aggregate(kind: ChartKind) -> Aggregate {
    match kind {
        ChartKind::Bar => Aggregate::Sum,
        _ => Aggregate::None,
    }
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

    fn columns(kinds: &[CellKind]) -> Vec<ResultColumn> {
        let column =
            |kind: &CellKind| ResultColumn { name: "c".into(), data_type: "t".into(), kind: *kind };
        kinds.iter().map(column).collect()
    }

    #[test]
    fn a_time_and_a_number_are_drawn_over_time_and_names_as_bars() {
        let over_time = fitting(&columns(&[CellKind::Time, CellKind::Number])).unwrap();
        assert_eq!((over_time.kind, over_time.x, over_time.y), (ChartKind::Time, 0, 1));
        let bars = fitting(&columns(&[CellKind::Number, CellKind::Text])).unwrap();
        assert_eq!((bars.kind, bars.x, bars.aggregate), (ChartKind::Bar, 1, Aggregate::Sum));
        assert_eq!(fitting(&columns(&[CellKind::Text; 2])), None, "no number, no chart");
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(ticks(0.0, 97.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(5.0, 5.0, 4).len(), 1);
        assert_eq!([1_500_000.0, 12_000.0, 0.25, -3.0].map(short), ["1.5M", "12k", "0.25", "-3"]);
    }
}
