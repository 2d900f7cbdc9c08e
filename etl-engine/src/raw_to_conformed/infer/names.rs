//! Names for conformed columns.

use domain::column::normalised_name;
use domain::partition::PARTITION_KEYS;

use super::super::decode::distinct_names;

/// Longest name, in bytes, that leaves room for a number behind it.
const MAX_BYTES: usize = 240;

/// A valid and distinct column name for each name of the file: lower snake case, never that of a
/// partition key.
pub(super) fn column_names(source_names: &[String]) -> Vec<String> {
    distinct_names(source_names.iter().map(|name| column_name(name)).collect())
}

fn column_name(source_name: &str) -> String {
    let mut name = normalised_name(source_name);
    if name.len() > MAX_BYTES {
        let end = (0..=MAX_BYTES).rev().find(|end| name.is_char_boundary(*end));
        name.truncate(end.unwrap_or(0));
        name = normalised_name(&name);
    }
    if PARTITION_KEYS.contains(&name.as_str()) { format!("source_{name}") } else { name }
}
