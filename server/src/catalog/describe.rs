//! What people write about tables and columns.

use std::collections::BTreeMap;

use app::api::catalog::DescriptionChange;
use domain::table::{CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use serde::Serialize;

use super::{comment, table};

/// Most bytes of a table's description and of a column's: what Glue takes.
const LONGEST_DESCRIPTION: usize = 2_048;
const LONGEST_COMMENT: usize = 255;

/// Descriptions that a change touches, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableWords {
    /// Of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Of columns, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
}

/// Changes descriptions and returns those that differ, before and after; `None` when nothing does.
///
/// [`domain::ErrorKind::Conflict`] when the table was changed since the caller read it,
/// [`domain::ErrorKind::Invalid`] for a text that is too long or a column that is not there.
pub async fn describe(
    lake: &Lake,
    name: &TableName,
    change: &DescriptionChange,
    login: &str,
) -> Result<Option<(TableWords, TableWords)>> {
    let mut table = table(lake, name).await?;
    if table.version != change.version {
        return Err(Error::conflict(format!(
            "table {name} was changed meanwhile: look at it again, then save"
        )));
    }
    let (mut before, mut after) = (TableWords::default(), TableWords::default());
    if let Some(text) = &change.description {
        let text = checked("the table", text, LONGEST_DESCRIPTION, true)?;
        let old = table.description.clone().unwrap_or_default();
        if old != text {
            table.description = Some(text.clone()).filter(|text| !text.is_empty());
            (before.description, after.description) = (Some(old), Some(text));
        }
    }
    for (column, text) in &change.columns {
        let text = checked(&format!("column {column}"), text, LONGEST_COMMENT, false)?;
        if let Some(old) = replace(&mut table, column, &text)? {
            before.columns.insert(column.clone(), old);
            after.columns.insert(column.clone(), text);
        }
    }
    if before == after {
        return Ok(None);
    }
    let by = TableAuthor::Person { login: login.to_owned() };
    lake.catalog.put_table(&table, &by).await?;
    Ok(Some((before, after)))
}

/// Sets a column's description and returns the one before, if it was another.
fn replace(table: &mut CatalogTable, name: &str, text: &str) -> Result<Option<String>> {
    let found = table.columns.iter_mut().find(|column| column.name == name);
    let Some(column) = found else {
        let table = &table.name;
        return Err(Error::invalid(format!("table {table} has no column {name:?} of its own")));
    };
    let old = comment(column).unwrap_or_default();
    if old == text {
        return Ok(None);
    }
    // Empty instead of nothing: otherwise the next run would bring the source's text back.
    column.comment = Some(text.to_owned());
    Ok(Some(old))
}

/// The text without what surrounds it.
fn checked(whose: &str, text: &str, longest: usize, may_have_lines: bool) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    if text.len() > longest {
        let bytes = text.len();
        return Err(Error::invalid(format!(
            "the description of {whose} has {bytes} bytes: at most {longest} are kept"
        )));
    }
    let is_bad = |ch: char| ch.is_control() && !(may_have_lines && (ch == '\n' || ch == '\t'));
    if text.chars().any(is_bad) {
        let lines = if may_have_lines { "" } else { " of one line" };
        return Err(Error::invalid(format!(
            "the description of {whose} must be plain text{lines}"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_plain_short_and_trimmed() {
        assert_eq!(checked("x", "  a\r\nb ", 9, true).unwrap(), "a\nb");
        assert!(checked("x", "a\nb", 9, false).is_err());
        assert!(checked("x", "a\u{7}b", 9, true).is_err());
        let long = checked("column tip", "ääääää", 10, false).unwrap_err();
        assert!(long.message().contains("column tip has 12 bytes: at most 10"), "{long}");
    }
}
