//! The lineage of a whole lake: raw columns, conformed columns, purpose-built columns.

use std::collections::BTreeMap;

use domain::dataset::DatasetId;
use domain::partition::PARTITION_KEYS;
use domain::source::{PartitionRule, Source};
use domain::table::{CatalogTable, TableName};
use domain::zone::Zone;
use domain::{ErrorKind, Result};

use super::{Kind, Lineage, Origin, lineage};
use crate::lake::Lake;
use crate::query::lookup::tables_named;
use crate::query::statement::QueryStatement;
use crate::transformation::subject::Subject;

/// Tables of a lake and how their columns depend on each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LakeLineage {
    /// By zone, then by name.
    pub tables: Vec<TableNode>,
    /// Each once.
    pub edges: Vec<Edge>,
}

/// A table. Raw files stand as tables of the database `raw:<source system>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableNode {
    /// Its name.
    pub name: TableName,
    /// Its zone.
    pub zone: Zone,
    /// The dataset that it belongs to, with its owner.
    pub dataset: Option<(DatasetId, String)>,
    /// The version of the source or of the transformation that its columns follow from.
    pub version: Option<u64>,
    /// Its columns, in table order.
    pub columns: Vec<ColumnNode>,
    /// Why the origins of its columns are not known, if they are not.
    pub problem: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnNode {
    /// Its name.
    pub name: String,
    /// Its type in the catalog; raw columns have none.
    pub column_type: Option<String>,
    /// The expression that computes it, where a transformation does.
    pub expression: Option<String>,
}

/// One column depends on another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The column that is read.
    pub from: Origin,
    /// The table that is built from it.
    pub to: TableName,
    /// The column that holds what became of it; `None`: it decides which rows there are.
    pub column: Option<String>,
    /// What becomes of it.
    pub kind: Kind,
}

/// The lineage of everything that is registered. SQL that cannot be planned today is a problem of
/// its table, not of the whole.
pub async fn lake_lineage(lake: &Lake) -> Result<LakeLineage> {
    let mut tables: BTreeMap<TableName, TableNode> = BTreeMap::new();
    let mut edges = Vec::new();
    for saved in lake.sources.list().await? {
        let subject = Subject::from(saved.source);
        let (raw, conformed) = first_hop(&subject, saved.version, &mut edges);
        tables.insert(raw.name.clone(), raw);
        tables.insert(conformed.name.clone(), conformed);
        let built = second_hop(lake, &subject, &mut edges).await?;
        tables.extend(built.map(|built| (built.name.clone(), built)));
    }
    let read: Vec<TableName> = edges.iter().map(|edge| edge.from.table.clone()).collect();
    for name in read {
        if !tables.contains_key(&name)
            && let Some(table) = lake.catalog.table(&name).await?
        {
            tables.insert(name, catalogued(&table));
        }
    }
    edges.sort();
    edges.dedup();
    let mut tables: Vec<_> = tables.into_values().collect();
    tables.sort_by(|a, b| (a.zone, &a.name).cmp(&(b.zone, &b.name)));
    Ok(LakeLineage { tables, edges })
}

/// The name under which the raw files of a dataset stand.
pub fn raw_table(dataset: &DatasetId) -> TableName {
    TableName::new(format!("raw:{}", dataset.source_system()), dataset.table())
}

/// The raw files and the conformed table of a source.
fn first_hop(subject: &Subject, version: u64, edges: &mut Vec<Edge>) -> (TableNode, TableNode) {
    let source = &subject.source;
    let raw = raw_table(&source.dataset);
    for column in &source.columns {
        edges.push(Edge {
            from: Origin::new(&raw, &column.source_name),
            to: subject.own.name.clone(),
            column: Some(column.name.clone()),
            kind: Kind::Copied,
        });
    }
    if let Some(dated) = date_column(source) {
        edges.extend(PARTITION_KEYS.map(|key| Edge {
            from: Origin::new(&raw, &dated),
            to: subject.own.name.clone(),
            column: Some(key.to_owned()),
            kind: Kind::Computed,
        }));
    }
    let columns = source.columns.iter().map(|column| ColumnNode {
        name: column.source_name.clone(),
        column_type: None,
        expression: None,
    });
    let raw = TableNode {
        name: raw,
        zone: Zone::Raw,
        dataset: Some((source.dataset.clone(), source.owner.clone())),
        version: Some(version),
        columns: columns.collect(),
        problem: None,
    };
    let conformed = TableNode {
        dataset: Some((source.dataset.clone(), source.owner.clone())),
        version: Some(version),
        ..catalogued(&subject.own)
    };
    (raw, conformed)
}

/// The name in the file of the column that decides about the partition.
fn date_column(source: &Source) -> Option<String> {
    let PartitionRule::DateColumn { column } = &source.partition else { return None };
    source.column(column).map(|column| column.source_name.clone())
}

/// The purpose-built table of a dataset, if it has SQL.
async fn second_hop(
    lake: &Lake,
    subject: &Subject,
    edges: &mut Vec<Edge>,
) -> Result<Option<TableNode>> {
    let dataset = &subject.source.dataset;
    let Some(current) = lake.transformations.current(dataset).await? else { return Ok(None) };
    let (found, problem) = match lineage_of(lake, subject, &current.sql).await {
        Ok(found) => (found, None),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            (Lineage::default(), Some(error.message().to_owned()))
        }
        Err(error) => return Err(error),
    };
    let types = subject.check(lake, &current.sql).await?.output;
    let to = &subject.built;
    for column in &found.columns {
        edges.extend(column.inputs.iter().map(|(from, kind)| Edge {
            from: from.clone(),
            to: to.clone(),
            column: Some(column.name.clone()),
            kind: *kind,
        }));
    }
    edges.extend(found.rows.iter().map(|(from, kind)| Edge {
        from: from.clone(),
        to: to.clone(),
        column: None,
        kind: *kind,
    }));
    let columns = found.columns.into_iter().map(|column| ColumnNode {
        column_type: types
            .iter()
            .find(|field| field.name == column.name)
            .map(|field| field.column_type.clone()),
        expression: column.expression,
        name: column.name,
    });
    Ok(Some(TableNode {
        name: to.clone(),
        zone: Zone::PurposeBuilt,
        dataset: Some((dataset.clone(), subject.source.owner.clone())),
        version: Some(current.version),
        columns: columns.collect(),
        problem,
    }))
}

async fn lineage_of(lake: &Lake, subject: &Subject, sql: &str) -> Result<Lineage> {
    let known = subject.known_tables(lake, sql).await?;
    let statement = QueryStatement::parse(sql)?;
    let tables = tables_named(statement.tables(), lake.catalog.as_ref(), &known).await?;
    lineage(sql, tables).await
}

fn catalogued(table: &CatalogTable) -> TableNode {
    let own = table.columns.iter().map(|column| ColumnNode {
        name: column.name.clone(),
        column_type: Some(column.column_type.to_string()),
        expression: None,
    });
    let keys = PARTITION_KEYS.iter().map(|key| ColumnNode {
        name: (*key).to_owned(),
        column_type: Some("string".to_owned()),
        expression: None,
    });
    TableNode {
        name: table.name.clone(),
        zone: table.zone,
        dataset: None,
        version: None,
        columns: own.chain(keys).collect(),
        problem: None,
    }
}
