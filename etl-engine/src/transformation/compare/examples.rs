//! Some of the rows that differ, as text.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use domain::Result;

use super::pairs::Pair;
use crate::query::cells::{TextRow, text_rows};

/// Most examples of each kind.
const MAX_EXAMPLES: usize = 20;

/// What happens to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowChange {
    /// Only the new result has it.
    Added,
    /// Only the old result has it.
    Removed,
    /// Both have its key, with other values.
    Changed,
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// How.
    pub change: RowChange,
    /// The values of the keys, in their order; `None` is NULL.
    pub key: TextRow,
    /// The other columns: all of an added or removed row, the differing ones of a changed row.
    pub cells: Vec<ExampleCell>,
}

/// One column of a row that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleCell {
    /// The column.
    pub column: String,
    /// Its old value; `None` is NULL, or that the row is not there.
    pub old: Option<String>,
    /// Its new value; likewise.
    pub new: Option<String>,
}

/// Examples as they are found.
pub(super) struct Examples<'a> {
    old: &'a RecordBatch,
    new: &'a RecordBatch,
    keys: &'a [String],
    found: Vec<Example>,
    counts: BTreeMap<RowChange, usize>,
}

impl<'a> Examples<'a> {
    pub(super) fn new(
        old: &'a RecordBatch,
        new: &'a RecordBatch,
        keys: &'a [String],
    ) -> Result<Self> {
        Ok(Self { old, new, keys, found: Vec::new(), counts: BTreeMap::new() })
    }

    /// Keeps a pair that differs in the columns `differing`, unless there are enough of its kind.
    pub(super) fn add(&mut self, pair: Pair, differing: &[&str]) -> Result<()> {
        let change = match pair {
            Pair::Old(_) => RowChange::Removed,
            Pair::New(_) => RowChange::Added,
            Pair::Both(..) => RowChange::Changed,
        };
        let count = self.counts.entry(change).or_default();
        if *count >= MAX_EXAMPLES {
            return Ok(());
        }
        *count += 1;
        let (old, new) = match pair {
            Pair::Old(row) => (Some(named(self.old, row)?), None),
            Pair::New(row) => (None, Some(named(self.new, row)?)),
            Pair::Both(old, new) => (Some(named(self.old, old)?), Some(named(self.new, new)?)),
        };
        let Some(shown) = new.as_ref().or(old.as_ref()) else { return Ok(()) };
        let value = |row: &Option<Named>, column: &str| {
            let cell = row.as_ref()?.iter().find(|(name, _)| name == column);
            cell.and_then(|(_, value)| value.clone())
        };
        let key = self.keys.iter().map(|key| value(&new, key).or_else(|| value(&old, key)));
        let cells = shown.iter().map(|(name, _)| name.as_str()).filter(|name| {
            let is_key = self.keys.iter().any(|key| key == name);
            !is_key && (change != RowChange::Changed || differing.contains(name))
        });
        let cells = cells.map(|column| ExampleCell {
            column: column.to_owned(),
            old: value(&old, column),
            new: value(&new, column),
        });
        let example = Example { change, key: key.collect(), cells: cells.collect() };
        self.found.push(example);
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<Example> {
        let mut found = self.found;
        found.sort_by_key(|example| match example.change {
            RowChange::Changed => 0,
            RowChange::Added => 1,
            RowChange::Removed => 2,
        });
        found
    }
}

type Named = Vec<(String, Option<String>)>;

fn named(batch: &RecordBatch, row: u32) -> Result<Named> {
    let rows = text_rows(&batch.slice(row as usize, 1))?;
    let cells = rows.into_iter().next().unwrap_or_default();
    let schema = batch.schema();
    Ok(schema.fields().iter().map(|field| field.name().clone()).zip(cells).collect())
}
