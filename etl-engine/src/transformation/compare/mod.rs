//! Comparing two results row by row: what was added, removed, changed, and in which columns.
//!
//! Rows are told apart by key columns. Both results are sorted by key, then by the other columns,
//! and walked side by side; nothing is kept beside the results and their sort orders. Where a key
//! stands for several rows, equal rows are paired first, whatever their order.

mod cells;
mod examples;
pub mod keys;
mod pairs;
mod side;

#[cfg(test)]
mod tests;

use arrow::array::RecordBatch;
use domain::{Error, Result};

pub use examples::{Example, ExampleCell, RowChange};
use pairs::{Pair, Pairing};
pub(crate) use side::one_batch;
use side::{Common, Side, sides};

/// Relative difference up to which two doubles count as equal, unless somebody asks for another:
/// sums of the same values in another order differ by less.
pub const DEFAULT_TOLERANCE: f64 = 1e-9;

/// How two results are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The columns that tell rows apart; none: whole rows are compared, and none is changed, only
    /// added and removed.
    pub keys: Vec<String>,
    /// Relative difference up to which two doubles count as equal.
    pub tolerance: f64,
}

/// What differs between an old and a new result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// Rows by what happens to them.
    pub rows: RowCounts,
    /// Keys that stand for several rows of the old result.
    pub duplicates_old: u64,
    /// Keys that stand for several rows of the new result.
    pub duplicates_new: u64,
    /// Every column of either, in the order of the new result, removed ones last.
    pub columns: Vec<ComparedColumn>,
    /// Some rows of each kind, in the order of their keys.
    pub examples: Vec<Example>,
}

impl Comparison {
    /// Whether nothing differs: no row, no column, no type.
    pub fn is_same(&self) -> bool {
        let RowCounts { added, removed, changed, .. } = self.rows;
        added + removed + changed == 0
            && self.columns.iter().all(|column| column.old_type == column.new_type)
    }
}

/// Numbers of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// In the old result.
    pub old: u64,
    /// In the new result.
    pub new: u64,
    /// Only in the new result.
    pub added: u64,
    /// Only in the old result.
    pub removed: u64,
    /// In both, with a difference in a column that both have.
    pub changed: u64,
    /// In both, alike.
    pub unchanged: u64,
}

/// What happens to a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedColumn {
    /// Its name.
    pub name: String,
    /// Its type in the old result; `None`: it is not there.
    pub old_type: Option<String>,
    /// Its type in the new result; `None`: it is not there.
    pub new_type: Option<String>,
    /// Whether it is one of the keys.
    pub is_key: bool,
    /// Rows that are in both results; 0 for a column that only one has.
    pub compared: u64,
    /// Of these, rows where it differs.
    pub differing: u64,
}

/// Compares two results. [`domain::ErrorKind::Invalid`] when a key is not a column of both.
pub fn compare(old: &RecordBatch, new: &RecordBatch, rule: &Rule) -> Result<Comparison> {
    for key in &rule.keys {
        for (batch, which) in [(old, "old"), (new, "new")] {
            if batch.schema().index_of(key).is_err() {
                return Err(Error::invalid(format!(
                    "the key {key:?} is no column of the {which} result: choose others"
                )));
            }
        }
    }
    let common = Common::of(old, new, &rule.keys);
    let (old_side, new_side) = sides(old, new, &common)?;
    let equal = cells::comparators(&old_side, &new_side, rule.tolerance)?;
    let pairing = Pairing { old: &old_side, new: &new_side, equal: &equal };
    let mut found = Collected::new(old, new, &common, rule)?;
    pairing.walk(|pair, columns| found.take(pair, columns))?;
    Ok(found.finish(&old_side, &new_side))
}

/// The comparison as it grows.
struct Collected<'a> {
    comparison: Comparison,
    differing: Vec<u64>,
    common: &'a Common,
    examples: examples::Examples<'a>,
    whole_rows: bool,
}

impl<'a> Collected<'a> {
    fn new(
        old: &'a RecordBatch,
        new: &'a RecordBatch,
        common: &'a Common,
        rule: &'a Rule,
    ) -> Result<Self> {
        let rows = RowCounts {
            old: old.num_rows() as u64,
            new: new.num_rows() as u64,
            ..RowCounts::default()
        };
        Ok(Self {
            comparison: Comparison { rows, ..Comparison::default() },
            differing: vec![0; common.names.len()],
            common,
            examples: examples::Examples::new(old, new, &rule.keys)?,
            whole_rows: rule.keys.is_empty(),
        })
    }

    /// Notes a pair; `differing` are positions of common columns.
    fn take(&mut self, pair: Pair, differing: &[usize]) -> Result<()> {
        let rows = &mut self.comparison.rows;
        match pair {
            Pair::Both(_, _) if differing.is_empty() => rows.unchanged += 1,
            Pair::Both(old, new) if self.whole_rows => {
                rows.removed += 1;
                rows.added += 1;
                self.examples.add(Pair::Old(old), &[])?;
                self.examples.add(Pair::New(new), &[])?;
            }
            Pair::Both(_, _) => {
                rows.changed += 1;
                let names: Vec<_> =
                    differing.iter().map(|column| self.common.names[*column].as_str()).collect();
                self.examples.add(pair, &names)?;
                differing.iter().for_each(|column| self.differing[*column] += 1);
            }
            Pair::Old(_) => {
                rows.removed += 1;
                self.examples.add(pair, &[])?;
            }
            Pair::New(_) => {
                rows.added += 1;
                self.examples.add(pair, &[])?;
            }
        }
        Ok(())
    }

    fn finish(self, old: &Side, new: &Side) -> Comparison {
        let mut comparison = self.comparison;
        comparison.duplicates_old = if self.whole_rows { 0 } else { old.repeated_keys() };
        comparison.duplicates_new = if self.whole_rows { 0 } else { new.repeated_keys() };
        comparison.examples = self.examples.finish();
        let compared = comparison.rows.changed + comparison.rows.unchanged;
        let described = self.common.described.iter().cloned().map(|column| {
            let position = self.common.names.iter().position(|name| *name == column.name);
            match position {
                Some(position) => {
                    ComparedColumn { compared, differing: self.differing[position], ..column }
                }
                None => column,
            }
        });
        comparison.columns = described.collect();
        comparison
    }
}
