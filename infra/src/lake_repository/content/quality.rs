//! `quality/<database>/<table>.toml`, as `sluice quality show --toml` prints them.

use std::collections::BTreeMap;

use domain::column::Column;
use domain::dataset::DatasetId;
use domain::quality::QualityRules;
use domain::source::Source;
use domain::table::{CatalogColumn, TableName};

use super::{Reading, SourceFile, problem_at, sources};
use crate::lake_repository::toml_text;

/// The quality rules of a table, as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityFile {
    /// From the root.
    pub path: String,
    /// Whose they are.
    pub table: TableName,
    /// All of them.
    pub rules: QualityRules,
}

pub(super) fn read(
    reading: &mut Reading<'_>,
    sources: &BTreeMap<DatasetId, SourceFile>,
) -> Vec<QualityFile> {
    let mut known = BTreeMap::new();
    for file in sources.values() {
        let [conformed, purpose_built] = sources::tables(&file.source);
        // A source that is wrong is told of already; what is left of its columns says nothing.
        let sound = reading.problems.iter().all(|problem| problem.path != file.path);
        known.insert(conformed, sound.then(|| columns(&file.source)));
        // What SQL makes of them is the engine's to know.
        known.insert(purpose_built, None);
    }
    let mut files = Vec::new();
    for (path, rest, text) in reading.folder("quality") {
        let named = rest.strip_suffix(".toml").and_then(|name| name.split_once('/'));
        let Some((database, table)) = named else {
            reading.wrong(path, "nothing reads this file: rules are <database>/<table>.toml");
            continue;
        };
        let table = TableName::new(database, table);
        let columns = known.get(&table);
        if columns.is_none() {
            reading.wrong(path, format!("no source of this lake writes table {table}"));
        }
        let (rules, problems) = toml_text::read::<QualityRules>(path, text);
        if let (Some(rules), Some(Some(columns)), true) = (&rules, columns, problems.is_empty()) {
            for fault in rules.faults(columns) {
                reading.problems.push(problem_at(path, text, &fault.field, fault.message));
            }
        }
        reading.problems.extend(problems);
        files.extend(rules.map(|rules| QualityFile { path: path.to_owned(), table, rules }));
    }
    files
}

/// The columns of a conformed table.
fn columns(source: &Source) -> Vec<CatalogColumn> {
    let columns = source.columns.iter();
    let column = |column: &Column| CatalogColumn {
        name: column.name.clone(),
        column_type: column.column_type,
        comment: None,
    };
    columns.map(column).collect()
}
