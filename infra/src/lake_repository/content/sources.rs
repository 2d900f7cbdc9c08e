//! `sources/<source_system>/<table>.toml`.

use std::collections::BTreeMap;

use domain::dataset::DatasetId;
use domain::source::{Part, Source};
use domain::table::TableName;

use super::{Reading, problem_at};
use crate::lake_repository::{LakeFile, toml_text};

/// The registration of a dataset, as a file.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFile {
    /// From the root.
    pub path: String,
    /// The registration, with the databases that `[catalog]` gives sources that name none.
    pub source: Source,
}

impl SourceFile {
    /// The registration as TOML in one form, whatever order, comments and defaults the file has: equal
    /// registrations, equal texts.
    pub fn text(&self) -> String {
        canonical(&self.source)
    }
}

/// A registration as TOML in one form.
pub(in crate::lake_repository) fn canonical(source: &Source) -> String {
    // A source is made of tables, lists and plain values alone, and TOML has all of them.
    toml::to_string_pretty(source).unwrap_or_default()
}

pub(super) fn read(
    reading: &mut Reading<'_>,
    lake: Option<&LakeFile>,
) -> BTreeMap<DatasetId, SourceFile> {
    let mut sources = BTreeMap::new();
    for (path, rest, text) in reading.folder("sources") {
        let Some(dataset) = reading.dataset(path, rest, ".toml") else { continue };
        let (source, problems) = toml_text::read::<Source>(path, text);
        let whole = problems.is_empty();
        reading.problems.extend(problems);
        let Some(mut source) = source else { continue };
        if source.dataset != dataset {
            let message = format!(
                "the file registers {}, and lies where {dataset} belongs: move it, or name {dataset}",
                source.dataset
            );
            reading.problems.push(problem_at(path, text, "dataset", message));
        }
        source.dataset = dataset.clone();
        if let Some(lake) = lake {
            name_databases(&mut source, lake);
        }
        // What was not read would be told of as missing.
        let faults = if whole { source.faults() } else { Vec::new() };
        for fault in faults {
            let part = match fault.part {
                Part::Databases => "conformed_database".to_owned(),
                Part::Columns => "columns".to_owned(),
                Part::Column(index) => format!("columns.{index}"),
                Part::Format => "format".to_owned(),
                Part::Malformed => "malformed".to_owned(),
                Part::Partition => "partition".to_owned(),
            };
            reading.problems.push(problem_at(path, text, &part, fault.message));
        }
        sources.insert(dataset, SourceFile { path: path.to_owned(), source });
    }
    own_tables(reading, &sources);
    sources
}

fn name_databases(source: &mut Source, lake: &LakeFile) {
    let catalog = &lake.catalog;
    let named = |own: Option<String>, all: &Option<String>| own.or_else(|| all.clone());
    source.conformed_database =
        named(source.conformed_database.take(), &catalog.conformed_database);
    source.purpose_built_database =
        named(source.purpose_built_database.take(), &catalog.purpose_built_database);
}

/// The tables that a source's data flow writes.
pub(super) fn tables(source: &Source) -> [TableName; 2] {
    let table = source.dataset.table();
    [
        TableName::new(source.conformed_database(), table),
        TableName::new(source.purpose_built_database(), table),
    ]
}

/// Says when two datasets would write one table: the one would take away what the other wrote.
fn own_tables(reading: &mut Reading<'_>, sources: &BTreeMap<DatasetId, SourceFile>) {
    let mut writers: BTreeMap<TableName, &DatasetId> = BTreeMap::new();
    for (dataset, file) in sources {
        for table in tables(&file.source) {
            match writers.insert(table.clone(), dataset) {
                Some(other) if other != dataset => reading.wrong(
                    &file.path,
                    format!("{other} writes table {table} already: give one another database"),
                ),
                _ => {}
            }
        }
    }
}
