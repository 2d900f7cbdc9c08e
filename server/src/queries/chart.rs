//! The points of a chart, from all kept rows of a result.

use std::collections::HashMap;

use app::api::queries::{Aggregate, CellKind, ChartKind, ChartPoint, ChartPoints, ChartQuery};
use domain::{Error, Result};

use super::cells::{Cells, kind_of};
use super::result_file::ResultReader;

/// Points of a line that a screen can show.
const MOST_POINTS: usize = 1_000;
/// Dots that can be told apart.
const MOST_DOTS: usize = 2_000;
/// Bars that can be told apart.
const MOST_BARS: usize = 60;

/// The points that `wanted` asks for. [`domain::ErrorKind::Invalid`] for columns that the result does
/// not have.
pub(super) fn chart(result: &mut ResultReader, wanted: &ChartQuery) -> Result<ChartPoints> {
    let (x, y) = (wanted.x as usize, wanted.y as usize);
    let width = result.schema.fields().len();
    if x >= width || y >= width {
        return Err(Error::invalid(format!("the result has {width} columns, counted from 0")));
    }
    let is_number = kind_of(result.schema.field(x).data_type()) == CellKind::Number;
    let mut points = Vec::new();
    let mut rows = 0;
    for piece in 0..result.pieces() {
        let batch = result.piece(piece)?;
        let cells = Cells::of(&batch)?;
        for row in 0..batch.num_rows() {
            let place = (rows + row) as f64;
            points.extend(point(&cells, row, wanted, is_number, place));
        }
        rows += batch.num_rows();
    }
    let without = rows - points.len();
    let mut points = aggregated(points, wanted);
    if matches!(wanted.kind, ChartKind::Line | ChartKind::Time) {
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
    }
    let total = points.len() as u64;
    let points = match wanted.kind {
        ChartKind::Bar => first(points, MOST_BARS),
        ChartKind::Scatter => spread(points, MOST_DOTS),
        ChartKind::Line | ChartKind::Time => outline(points, MOST_POINTS),
    };
    Ok(ChartPoints { points, total, rows: rows as u64, without: without as u64 })
}

/// The point of a row, if it has one.
fn point(
    cells: &Cells<'_>,
    row: usize,
    wanted: &ChartQuery,
    is_number: bool,
    place: f64,
) -> Option<ChartPoint> {
    let finite = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
    let value = cells.text(row, wanted.y as usize)?;
    // Whatever is there can be counted.
    let y = match wanted.aggregate {
        Aggregate::Count => 1.0,
        _ => finite(&value)?,
    };
    let label = cells.text(row, wanted.x as usize)?;
    let x = match wanted.kind {
        ChartKind::Scatter => finite(&label)?,
        ChartKind::Time => seconds(&label)?,
        ChartKind::Line if is_number && wanted.x != wanted.y => finite(&label)?,
        ChartKind::Line | ChartKind::Bar => place,
    };
    Some(ChartPoint { x, label, y })
}

/// Rows of one place put together, in the order in which places come first.
fn aggregated(points: Vec<ChartPoint>, wanted: &ChartQuery) -> Vec<ChartPoint> {
    if wanted.aggregate == Aggregate::None {
        return points;
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(ChartPoint, f64)> = Vec::new();
    for point in points {
        let Some((group, count)) =
            places.get(&point.label).and_then(|place| groups.get_mut(*place))
        else {
            places.insert(point.label.clone(), groups.len());
            groups.push((point, 1.0));
            continue;
        };
        *count += 1.0;
        group.y = match wanted.aggregate {
            Aggregate::Least => group.y.min(point.y),
            Aggregate::Greatest => group.y.max(point.y),
            _ => group.y + point.y,
        };
    }
    let of_group = |(point, count): (ChartPoint, f64)| match wanted.aggregate {
        Aggregate::Average => ChartPoint { y: point.y / count, ..point },
        _ => point,
    };
    groups.into_iter().map(of_group).collect()
}

fn first(mut points: Vec<ChartPoint>, most: usize) -> Vec<ChartPoint> {
    points.truncate(most);
    points
}

/// One point of each stretch, at a place that jumps about: every n-th would show of rows that repeat
/// themselves always the same one.
fn spread(points: Vec<ChartPoint>, most: usize) -> Vec<ChartPoint> {
    let stretch = points.len().div_ceil(most).max(1);
    let parts = (0_u64..).zip(points.chunks(stretch));
    let chosen = parts.filter_map(|(number, part)| {
        let jump = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let at = usize::try_from(jump).unwrap_or_default() % part.len().max(1);
        part.get(at).cloned()
    });
    chosen.collect()
}

/// Of each stretch along the chart its first, lowest, highest and last point: a line through them
/// looks as the line through all, peaks included.
fn outline(points: Vec<ChartPoint>, most: usize) -> Vec<ChartPoint> {
    if points.len() <= most {
        return points;
    }
    let stretch = points.len().div_ceil(most / 4).max(1);
    let mut kept = Vec::with_capacity(most);
    for part in points.chunks(stretch) {
        let by_value = |a: &(usize, &ChartPoint), b: &(usize, &ChartPoint)| a.1.y.total_cmp(&b.1.y);
        let lowest = part.iter().enumerate().min_by(by_value).map_or(0, |(at, _)| at);
        let highest = part.iter().enumerate().max_by(by_value).map_or(0, |(at, _)| at);
        let mut places = vec![0, lowest, highest, part.len() - 1];
        places.sort_unstable();
        places.dedup();
        kept.extend(places.into_iter().filter_map(|at| part.get(at).cloned()));
    }
    kept
}

/// Seconds of a time as it is written by ISO 8601; also of a day alone.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim_end_matches('Z').replace(' ', "T");
    let time = text.parse::<jiff::civil::DateTime>().ok();
    let time = time.or_else(|| Some(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_millisecond() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl IntoIterator<Item = (&'static str, f64)>) -> Vec<ChartPoint> {
        let point = |(at, (label, y)): (usize, (&str, f64))| ChartPoint {
            x: at as f64,
            label: label.to_owned(),
            y,
        };
        values.into_iter().enumerate().map(point).collect()
    }

    #[test]
    fn values_at_one_place_are_put_together_in_the_order_of_places() {
        let of = |aggregate| {
            let wanted = ChartQuery { kind: ChartKind::Bar, x: 0, y: 1, aggregate };
            let rows = points([("b", 4.0), ("a", 1.0), ("b", 2.0)]);
            let found = aggregated(rows, &wanted).into_iter();
            found.map(|point| (point.label, point.y)).collect::<Vec<_>>()
        };
        let groups = |b: f64, a: f64| vec![("b".to_owned(), b), ("a".to_owned(), a)];
        assert_eq!(of(Aggregate::Sum), groups(6.0, 1.0));
        assert_eq!(of(Aggregate::Average), groups(3.0, 1.0));
        assert_eq!(of(Aggregate::Least), groups(2.0, 1.0));
        assert_eq!(of(Aggregate::Greatest), groups(4.0, 1.0));
        assert_eq!(of(Aggregate::None).len(), 3);
    }

    #[test]
    fn a_line_with_fewer_points_keeps_its_ends_and_its_peaks() {
        let mut all = points((0..100_000).map(|_| ("", 1.0)));
        all[4_711].y = 99.0;
        all[70_007].y = -99.0;
        let kept = outline(all, MOST_POINTS);
        assert!(kept.len() <= MOST_POINTS, "{}", kept.len());
        assert_eq!((kept[0].x, kept[kept.len() - 1].x), (0.0, 99_999.0));
        assert!(kept.iter().any(|point| (point.x, point.y) == (4_711.0, 99.0)));
        assert!(kept.iter().any(|point| (point.x, point.y) == (70_007.0, -99.0)));
        assert!(kept.windows(2).all(|pair| pair[0].x < pair[1].x));
    }

    #[test]
    fn fewer_dots_still_show_what_repeats() {
        let all = points((0..100_000).map(|n| ("", f64::from(n % 10))));
        let kept = spread(all, MOST_DOTS);
        assert_eq!(kept.len(), MOST_DOTS);
        for value in 0..10 {
            let found = kept.iter().filter(|point| point.y == f64::from(value)).count();
            assert!((150..=250).contains(&found), "{value}: {found} of about 200");
        }
    }

    #[test]
    fn times_and_days_have_their_place() {
        assert_eq!(seconds("1970-01-02"), Some(86_400.0));
        assert_eq!(seconds("1970-01-01T00:01:00.5"), Some(60.5));
        assert_eq!(seconds("x"), None);
    }
}
