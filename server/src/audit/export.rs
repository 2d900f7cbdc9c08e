//! The audit log as a file: streamed, so that its length does not matter.

use bytes::Bytes;
use domain::Result;
use futures::Stream;
use futures::stream::try_unfold;

use super::{Audit, AuditEntry, AuditFilter};

/// Entries read at once.
const PAGE: u32 = 1_000;

const HEADER: &str = "id,at,actor,via,action,environment,object,before,after,request_id\r\n";

/// The kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180 with a header; cells that a spreadsheet would compute are defused (promise D17).
    Csv,
    /// One list of objects.
    Json,
}

/// Where an export stands.
enum Next {
    Begin,
    Page { older_than: Option<String>, is_first: bool },
    Done,
}

/// All entries that the filter asks for, newest first; its limit is not looked at.
pub fn export(
    audit: Audit,
    filter: AuditFilter,
    format: ExportFormat,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let older_than = filter.older_than.clone();
    try_unfold((Next::Begin, older_than), move |(next, first)| {
        let (audit, filter) = (audit.clone(), filter.clone());
        async move {
            match next {
                Next::Begin => {
                    let begin = if format == ExportFormat::Csv { HEADER } else { "[" };
                    let page = Next::Page { older_than: first.clone(), is_first: true };
                    Ok(Some((Bytes::from(begin), (page, first))))
                }
                Next::Page { older_than, is_first } => {
                    let filter = AuditFilter { older_than, limit: PAGE, ..filter };
                    let entries = audit.list(&filter).await?;
                    let text = match format {
                        ExportFormat::Csv => entries.iter().map(csv_line).collect(),
                        ExportFormat::Json => json_page(&entries, is_first)?,
                    };
                    let next = match entries.last() {
                        Some(last) if entries.len() == PAGE as usize => {
                            Next::Page { older_than: Some(last.id.clone()), is_first: false }
                        }
                        _ => Next::Done,
                    };
                    Ok(Some((Bytes::from(text), (next, first))))
                }
                Next::Done => Ok(None),
            }
        }
    })
}

/// Entries of a list, with its end when they are the last.
fn json_page(entries: &[AuditEntry], is_first: bool) -> Result<String> {
    let mut text = String::new();
    for (index, entry) in entries.iter().enumerate() {
        let between = if is_first && index == 0 { "\n" } else { ",\n" };
        text.push_str(between);
        text.push_str(&database::columns::to_json(entry)?);
    }
    if entries.len() < PAGE as usize {
        text.push_str("\n]\n");
    }
    Ok(text)
}

fn csv_line(entry: &AuditEntry) -> String {
    let document = |value: &Option<serde_json::Value>| {
        value.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let environment = entry.environment.as_ref().map(ToString::to_string).unwrap_or_default();
    let cells = [
        entry.id.clone(),
        entry.at.to_string(),
        entry.actor.clone(),
        entry.via.clone(),
        entry.action.clone(),
        environment,
        entry.object.clone(),
        document(&entry.before),
        document(&entry.after),
        entry.request_id.clone(),
    ];
    let cells: Vec<_> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A quoted cell. A spreadsheet would compute what begins with one of these signs, so that an
/// apostrophe is put before them.
fn csv_cell(text: &str) -> String {
    let is_formula = text.trim_start_matches([' ', '"']).starts_with(['=', '+', '-', '@'])
        || text.starts_with(['\t', '\r', '\n']);
    let defuse = if is_formula { "'" } else { "" };
    format!("\"{defuse}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d17_formulas_are_defused() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\"=1"] {
            let cell = csv_cell(formula);
            assert!(cell.starts_with("\"'"), "{cell}");
        }
        assert_eq!(csv_cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(csv_cell(""), "\"\"");
    }
}
