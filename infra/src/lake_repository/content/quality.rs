//! `quality/<database>/<table>.toml`, as `sluice quality show --toml` prints them.

use std::collections::{BTreeMap, BTreeSet};

use domain::dataset::DatasetId;
use domain::quality::QualityRules;
use domain::table::TableName;

use super::{Reading, SourceFile, sources};
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
    let known: BTreeSet<_> =
        sources.values().flat_map(|file| sources::tables(&file.source)).collect();
    let mut files = Vec::new();
    for (path, rest, text) in reading.folder("quality") {
        let named = rest.strip_suffix(".toml").and_then(|name| name.split_once('/'));
        let Some((database, table)) = named else {
            reading.wrong(path, "nothing reads this file: rules are <database>/<table>.toml");
            continue;
        };
        let table = TableName::new(database, table);
        if !known.contains(&table) {
            reading.wrong(path, format!("no source of this lake writes table {table}"));
        }
        let (rules, problems) = toml_text::read::<QualityRules>(path, text);
        reading.problems.extend(problems);
        files.extend(rules.map(|rules| QualityFile { path: path.to_owned(), table, rules }));
    }
    files
}
