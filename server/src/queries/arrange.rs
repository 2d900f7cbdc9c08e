//! A result in another order, or a part of it: row numbers after sorting and filtering.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use app::api::queries::CellKind;
use arrow::array::Array;
use arrow::compute::{SortOptions, concat, sort_to_indices};
use domain::{Error, Result};

use super::cells::{Cells, kind_of};
use super::result_file::ResultReader;

/// How to arrange the rows of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Arrangement {
    /// The column to sort by, and whether downwards.
    sort: Option<(usize, bool)>,
    /// Conditions by column.
    conditions: Vec<(usize, Condition)>,
}

/// What a cell must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Condition {
    Null,
    NotNull,
    /// Holds this text, in lower case.
    Holds(String),
    /// Compares so with this.
    Compares(Operator, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const OPERATORS: [(&str, Operator); 6] = [
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("!=", Operator::NotEqual),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("=", Operator::Equal),
];

impl Arrangement {
    /// From the words of a request. [`domain::ErrorKind::Invalid`] when they say nothing sensible.
    pub(super) fn parse(sort: Option<&str>, filter: Option<&str>) -> Result<Self> {
        let sort = sort.filter(|sort| !sort.is_empty()).map(|sort| {
            let column = sort.strip_prefix('-').unwrap_or(sort).parse();
            let column =
                column.map_err(|_| Error::invalid(format!("sort: {sort:?} is no column")))?;
            Ok::<_, Error>((column, sort.starts_with('-')))
        });
        let filter = filter.filter(|filter| !filter.is_empty());
        let filter: BTreeMap<String, String> = match filter {
            Some(filter) => serde_json::from_str(filter)
                .map_err(|error| Error::invalid(format!("filter: {error}")))?,
            None => BTreeMap::new(),
        };
        let conditions = filter.into_iter().filter(|(_, words)| !words.trim().is_empty());
        let conditions = conditions.map(|(column, words)| {
            let column = column
                .parse()
                .map_err(|_| Error::invalid(format!("filter: {column:?} is no column")))?;
            Ok((column, Condition::parse(words.trim())))
        });
        Ok(Self { sort: sort.transpose()?, conditions: conditions.collect::<Result<_>>()? })
    }

    /// Whether the result stays as it is.
    pub(super) fn is_as_stored(&self) -> bool {
        self.sort.is_none() && self.conditions.is_empty()
    }

    /// The numbers of the rows, in order.
    pub(super) fn rows(&self, result: &mut ResultReader) -> Result<Vec<u32>> {
        let width = result.schema.fields().len();
        let columns = self.conditions.iter().map(|(column, _)| *column);
        if columns.chain(self.sort.map(|(column, _)| column)).any(|column| column >= width) {
            return Err(Error::invalid(format!("the result has {width} columns, counted from 0")));
        }
        let mut rows = Vec::new();
        let mut keys = Vec::new();
        let mut before = 0_u32;
        for piece in 0..result.pieces() {
            let batch = result.piece(piece)?;
            let cells = Cells::of(&batch)?;
            for row in 0..batch.num_rows() {
                let fits = self.conditions.iter().all(|(column, condition)| {
                    let kind = kind_of(batch.column(*column).data_type());
                    condition.fits(kind, cells.text(row, *column).as_deref())
                });
                if fits {
                    rows.push(before + u32::try_from(row).unwrap_or_default());
                }
            }
            before += u32::try_from(batch.num_rows()).unwrap_or_default();
            if let Some((column, _)) = self.sort {
                keys.push(batch.column(column).clone());
            }
        }
        match self.sort {
            Some((_, downwards)) => sorted(rows, &keys, downwards),
            None => Ok(rows),
        }
    }
}

/// The rows by their keys; no value comes last either way.
fn sorted(rows: Vec<u32>, keys: &[arrow::array::ArrayRef], descending: bool) -> Result<Vec<u32>> {
    if keys.is_empty() {
        return Ok(rows);
    }
    let unsorted = |error: arrow::error::ArrowError| {
        Error::invalid("this column has no order: sort by another").with_source(error)
    };
    let keys: Vec<_> = keys.iter().map(|key| key.as_ref() as &dyn Array).collect();
    let keys = concat(&keys).map_err(unsorted)?;
    let options = SortOptions { descending, nulls_first: false };
    let order = sort_to_indices(&keys, Some(options), None).map_err(unsorted)?;
    if rows.len() == keys.len() {
        return Ok(order.values().to_vec());
    }
    let mut wanted = vec![false; keys.len()];
    for row in rows {
        if let Some(wanted) = wanted.get_mut(row as usize) {
            *wanted = true;
        }
    }
    Ok(order.values().iter().copied().filter(|row| wanted[*row as usize]).collect())
}

impl Condition {
    fn parse(words: &str) -> Self {
        match words.to_lowercase().as_str() {
            "null" => return Self::Null,
            "not null" => return Self::NotNull,
            _ => {}
        }
        let found = OPERATORS.iter().find_map(|(sign, operator)| {
            words.strip_prefix(sign).map(|value| (*operator, value.trim().to_owned()))
        });
        match found {
            Some((operator, value)) => Self::Compares(operator, value),
            None => Self::Holds(words.to_lowercase()),
        }
    }

    fn fits(&self, kind: CellKind, cell: Option<&str>) -> bool {
        match (self, cell) {
            (Self::Null, cell) => cell.is_none(),
            (Self::NotNull, cell) => cell.is_some(),
            (_, None) => false,
            (Self::Holds(text), Some(cell)) => cell.to_lowercase().contains(text),
            (Self::Compares(operator, value), Some(cell)) => {
                operator.fits(compare(kind, cell, value))
            }
        }
    }
}

/// Numbers as numbers, everything else as text; ISO 8601 times have the order of their text.
fn compare(kind: CellKind, cell: &str, value: &str) -> Option<Ordering> {
    if kind == CellKind::Number {
        return cell.parse::<f64>().ok()?.partial_cmp(&value.parse::<f64>().ok()?);
    }
    Some(cell.cmp(value))
}

impl Operator {
    fn fits(self, order: Option<Ordering>) -> bool {
        let Some(order) = order else { return false };
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_what_people_type() {
        let fits = |words: &str, kind, cell| Condition::parse(words).fits(kind, cell);
        assert!(fits("Man", CellKind::Text, Some("manhattan")));
        assert!(fits("> 9", CellKind::Number, Some("10.5")));
        assert!(!fits("> 9", CellKind::Text, Some("10")), "text compares as text");
        assert!(fits("<2020-09", CellKind::Time, Some("2020-08-31T00:00:00")));
        assert!(fits("null", CellKind::Text, None) && !fits("null", CellKind::Text, Some("")));
        assert!(fits("not null", CellKind::Text, Some("")));
        assert!(
            !fits("!= 1", CellKind::Number, None),
            "no value equals nothing and differs from nothing"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (sort, filter) in [(Some("x"), None), (None, Some("[")), (None, Some("{\"a\":\"1\"}"))]
        {
            assert!(Arrangement::parse(sort, filter).is_err());
        }
        let downwards = Arrangement::parse(Some("-0"), None).unwrap();
        assert_eq!(downwards.sort, Some((0, true)));
    }
}
