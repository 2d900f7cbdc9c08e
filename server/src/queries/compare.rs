//! What sets one result apart from an earlier one: rows added, removed, changed by key.

use std::collections::{HashMap, HashSet};

use app::api::queries::{CellKind, DifferentRow, ResultColumn, ResultComparison};
use domain::{Error, Result};

use super::cells::{Cells, columns};
use super::result_file::ResultReader;

/// Cells that are compared of each result; more would take too much memory.
const MOST_CELLS: usize = 4_000_000;

/// Rows that are shown.
const EXAMPLES: usize = 200;

/// Columns of a key that is found by itself.
const LONGEST_KEY: usize = 8;

type Row = Vec<Option<String>>;

/// A result in memory, with the columns that both have.
struct Loaded {
    rows: Vec<Row>,
}

/// Compares two results by `key`, or by a key that tells the rows of both apart.
pub(super) fn compare(
    mut before: ResultReader,
    mut after: ResultReader,
    key: Option<&[String]>,
) -> Result<ResultComparison> {
    let (old, new) = (columns(&before.schema), columns(&after.schema));
    let common: Vec<ResultColumn> =
        new.iter().filter(|column| position(&old, &column.name).is_some()).cloned().collect();
    if common.is_empty() {
        return Err(Error::invalid("the results have no column in common"));
    }
    let missing = |of: &[ResultColumn], from: &[ResultColumn]| {
        let missing = of.iter().filter(|column| position(from, &column.name).is_none());
        missing.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let (columns_added, columns_removed) = (missing(&new, &old), missing(&old, &new));
    let one = load(&mut before, &old, &common)?;
    let two = load(&mut after, &new, &common)?;
    let key = match key {
        Some(key) => chosen(key, &common)?,
        None => found(&common, &one, &two),
    };
    let mut comparison = match key.is_empty() {
        true => whole_rows(&one, &two, common.len()),
        false => by_key(&one, &two, &key, common.len()),
    };
    comparison.key = key.iter().map(|at| common[*at].name.clone()).collect();
    comparison.columns = common.into_iter().map(|column| column.name).collect();
    (comparison.columns_added, comparison.columns_removed) = (columns_added, columns_removed);
    Ok(comparison)
}

fn position(columns: &[ResultColumn], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}

fn load(result: &mut ResultReader, of: &[ResultColumn], wanted: &[ResultColumn]) -> Result<Loaded> {
    let places: Vec<_> = wanted.iter().filter_map(|column| position(of, &column.name)).collect();
    let rows = usize::try_from(result.rows()).unwrap_or(usize::MAX);
    if rows.saturating_mul(places.len()) > MOST_CELLS {
        return Err(Error::invalid(format!(
            "the results have more than {MOST_CELLS} cells: select fewer columns or rows to compare"
        )));
    }
    let mut loaded = Vec::with_capacity(rows);
    for piece in 0..result.pieces() {
        let batch = result.piece(piece)?;
        let cells = Cells::of(&batch)?;
        loaded.extend(
            (0..batch.num_rows())
                .map(|row| places.iter().map(|column| cells.text(row, *column)).collect::<Row>()),
        );
    }
    Ok(Loaded { rows: loaded })
}

fn chosen(key: &[String], common: &[ResultColumn]) -> Result<Vec<usize>> {
    let place = |name: &String| {
        position(common, name)
            .ok_or_else(|| Error::invalid(format!("key: the results do not both have {name:?}")))
    };
    key.iter().map(place).collect()
}

/// Few columns that tell all rows of both apart: texts, days and flags first, then whole numbers.
/// Empty when there are none.
fn found(common: &[ResultColumn], one: &Loaded, two: &Loaded) -> Vec<usize> {
    let rank = |column: &ResultColumn| match column.kind {
        CellKind::Text | CellKind::Time | CellKind::Boolean => Some(0),
        CellKind::Number if column.data_type.contains("int") => Some(1),
        CellKind::Number | CellKind::Nested => None,
    };
    let mut candidates: Vec<_> = common
        .iter()
        .enumerate()
        .filter_map(|(at, column)| rank(column).map(|rank| (rank, at)))
        .collect();
    candidates.sort_unstable();
    let mut key: Vec<usize> = Vec::new();
    let unique = |key: &[usize]| is_unique(one, key) && is_unique(two, key);
    for (_, at) in candidates.into_iter().take(LONGEST_KEY * 2) {
        key.push(at);
        if unique(&key) {
            break;
        }
    }
    if !unique(&key) {
        return Vec::new();
    }
    // Columns that the others make superfluous are values, not keys; the likeliest keys came first.
    for at in key.clone().into_iter().rev() {
        let without: Vec<_> = key.iter().copied().filter(|other| *other != at).collect();
        if !without.is_empty() && unique(&without) {
            key = without;
        }
    }
    key.sort_unstable();
    key
}

fn is_unique(loaded: &Loaded, key: &[usize]) -> bool {
    let mut seen = HashSet::with_capacity(loaded.rows.len());
    loaded.rows.iter().all(|row| seen.insert(key_of(row, key)))
}

fn key_of<'a>(row: &'a Row, key: &[usize]) -> Vec<Option<&'a str>> {
    key.iter().map(|at| row[*at].as_deref()).collect()
}

fn by_key(one: &Loaded, two: &Loaded, key: &[usize], width: usize) -> ResultComparison {
    let mut comparison = ResultComparison { changed_cells: vec![0; width], ..Default::default() };
    let old: HashMap<_, _> = one.rows.iter().map(|row| (key_of(row, key), row)).collect();
    let mut seen = HashSet::with_capacity(old.len());
    for row in &two.rows {
        let name = key_of(row, key);
        match old.get(&name) {
            None => {
                comparison.added += 1;
                example(&mut comparison, None, Some(row));
            }
            Some(before) if *before == row => comparison.same += 1,
            Some(before) => {
                comparison.changed += 1;
                for (at, cell) in row.iter().enumerate() {
                    comparison.changed_cells[at] += u64::from(before[at] != *cell);
                }
                example(&mut comparison, Some(before), Some(row));
            }
        }
        seen.insert(name);
    }
    for row in one.rows.iter().filter(|row| !seen.contains(&key_of(row, key))) {
        comparison.removed += 1;
        example(&mut comparison, Some(row), None);
    }
    comparison
}

/// Without a key: how often each whole row occurs.
fn whole_rows(one: &Loaded, two: &Loaded, width: usize) -> ResultComparison {
    let mut comparison = ResultComparison { changed_cells: vec![0; width], ..Default::default() };
    let mut old: HashMap<&Row, u64> = HashMap::with_capacity(one.rows.len());
    for row in &one.rows {
        *old.entry(row).or_default() += 1;
    }
    for row in &two.rows {
        match old.get_mut(row).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                comparison.same += 1;
            }
            None => {
                comparison.added += 1;
                example(&mut comparison, None, Some(row));
            }
        }
    }
    for (row, left) in old.into_iter().filter(|(_, left)| *left > 0) {
        comparison.removed += left;
        example(&mut comparison, Some(row), None);
    }
    comparison
}

fn example(comparison: &mut ResultComparison, before: Option<&Row>, after: Option<&Row>) {
    if comparison.examples.len() < EXAMPLES {
        let different = DifferentRow { before: before.cloned(), after: after.cloned() };
        comparison.examples.push(different);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(rows: &[[&str; 3]]) -> Loaded {
        let row = |row: &[&str; 3]| row.iter().map(|cell| Some((*cell).to_owned())).collect();
        Loaded { rows: rows.iter().map(row).collect() }
    }

    fn common() -> Vec<ResultColumn> {
        let column = |name: &str, data_type: &str, kind| ResultColumn {
            name: name.into(),
            data_type: data_type.into(),
            kind,
        };
        vec![
            column("count", "bigint", CellKind::Number),
            column("vendor", "bigint", CellKind::Number),
            column("day", "string", CellKind::Text),
        ]
    }

    #[test]
    fn a_key_is_found_and_values_are_left_out_of_it() {
        let one = loaded(&[["5", "1", "01"], ["5", "2", "01"], ["7", "1", "02"]]);
        let two = loaded(&[["6", "1", "01"], ["5", "2", "01"], ["8", "2", "02"]]);
        let key = found(&common(), &one, &two);
        assert_eq!(key, [1, 2]);
        let told = by_key(&one, &two, &key, 3);
        assert_eq!((told.added, told.removed, told.changed, told.same), (1, 1, 1, 1));
        assert_eq!(told.changed_cells, [1, 0, 0]);
    }

    #[test]
    fn without_a_key_rows_are_counted_whole() {
        let one = loaded(&[["1", "1", "01"], ["1", "1", "01"]]);
        let two = loaded(&[["1", "1", "01"], ["2", "1", "01"]]);
        assert!(found(&common(), &one, &two).is_empty());
        let told = whole_rows(&one, &two, 3);
        assert_eq!((told.added, told.removed, told.same), (1, 1, 1));
    }
}
