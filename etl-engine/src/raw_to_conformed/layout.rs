//! Which field of a file fills which pinned column, and what differs.

use std::collections::BTreeMap;

use domain::column::{Column, normalised_name};
use domain::{Error, Result};

use super::decode::Layout;

/// How a file's columns differ from the pinned ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// For each field of the file, the pinned column it fills.
    pub layout: Layout,
    /// Names in the file that no pinned column reads, in file order.
    pub extra: Vec<String>,
}

/// Compares the names that a file gives its columns with the pinned columns. Order does not matter;
/// names are compared as they become column names, so `Vendor ID` is `vendor_id`. `None`: the file
/// has no names and its fields are taken in order.
///
/// A missing or doubled column is an error that names it: rows without it would silently change
/// their meaning.
pub fn compare(names: Option<&[String]>, columns: &[Column]) -> Result<Difference> {
    let Some(names) = names else {
        let layout = Layout((0..columns.len()).map(Some).collect());
        return Ok(Difference { layout, extra: Vec::new() });
    };
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for (index, column) in columns.iter().enumerate() {
        wanted.insert(normalised_name(&column.source_name), index);
    }
    let mut filled = vec![false; columns.len()];
    let (mut layout, mut extra) = (Vec::with_capacity(names.len()), Vec::new());
    for name in names {
        let index = exact(name, columns).or_else(|| wanted.get(&normalised_name(name)).copied());
        match index {
            Some(index) if filled[index] => {
                return Err(Error::invalid(format!(
                    "the file has column {name:?} twice: correct its header and land it again"
                )));
            }
            Some(index) => filled[index] = true,
            None => extra.push(name.clone()),
        }
        layout.push(index);
    }
    let missing: Vec<_> =
        columns.iter().zip(&filled).filter(|(_, filled)| !**filled).map(|(c, _)| c).collect();
    if missing.is_empty() {
        return Ok(Difference { layout: Layout(layout), extra });
    }
    Err(missing_error(&missing, &extra))
}

fn exact(name: &str, columns: &[Column]) -> Option<usize> {
    columns.iter().position(|column| column.source_name == name)
}

fn missing_error(missing: &[&Column], extra: &[String]) -> Error {
    let names: Vec<_> = missing.iter().map(|column| format!("{:?}", column.source_name)).collect();
    let plural = if names.len() == 1 { "column" } else { "columns" };
    let renamed = match extra {
        [] => String::new(),
        extra => format!(
            " It has {} that the source does not know: if a column was renamed, set its \
             source_name and register the source again.",
            extra.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        ),
    };
    Error::invalid(format!(
        "the file lacks {plural} {} of the registered source; nothing was written.{renamed}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use domain::column::ColumnType;

    use super::*;

    fn columns() -> Vec<Column> {
        ["VendorID", "trip distance", "total"].map(|n| Column::new(n, ColumnType::Double)).into()
    }

    fn check(names: &[&str]) -> Result<Difference> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        compare(Some(&names), &columns())
    }

    #[test]
    fn order_case_and_spaces_do_not_matter() {
        let found = check(&["Total", "vendorid", "Trip_Distance"]).unwrap();
        assert_eq!(found.layout, Layout(vec![Some(2), Some(0), Some(1)]));
        assert!(found.extra.is_empty());
    }

    #[test]
    fn a19_a_missing_column_is_named_and_a_rename_suggested() {
        let error = check(&["VendorID", "trip distance", "sum"]).unwrap_err().to_string();
        assert!(error.contains("\"total\"") && error.contains("\"sum\""), "{error}");
    }

    #[test]
    fn extra_columns_are_listed() {
        let found = check(&["VendorID", "airport_fee", "trip distance", "total"]).unwrap();
        assert_eq!(found.extra, ["airport_fee"]);
        assert_eq!(found.layout, Layout(vec![Some(0), None, Some(1), Some(2)]));
    }

    #[test]
    fn a_doubled_column_is_an_error() {
        assert!(check(&["VendorID", "vendorid", "trip distance", "total"]).is_err());
    }

    #[test]
    fn files_without_names_are_read_in_order() {
        let found = compare(None, &columns()).unwrap();
        assert_eq!(found.layout, Layout(vec![Some(0), Some(1), Some(2)]));
    }
}
