//! The lineage of a whole lake: raw columns, conformed columns, purpose-built columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::dataset::DatasetId;
use domain::partition::PARTITION_KEYS;
use domain::source::{PartitionRule, Source};
use domain::table::{CatalogTable, TableName};
use domain::transformation::Transformation;
use domain::zone::Zone;
use domain::{Error, ErrorKind, Result};

use super::{Kind, Lineage, Origin, lineage};
use crate::lake::Lake;
use crate::query::lookup::tables_named;
use crate::query::statement::QueryStatement;
use crate::transformation::check::Severity;
use crate::transformation::kept::{Kept, TableStates};
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
    /// The version that runs, where its columns follow from an earlier one.
    pub runs: Option<u64>,
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
/// its table, not of the whole. What was planned before and cannot have changed comes from `kept`.
/// With `earlier`, its dataset's table stands as that version's SQL would build it over the tables of
/// today.
pub async fn lake_lineage(
    lake: &Lake,
    kept: &Kept<Arc<Lineage>>,
    earlier: Option<&Transformation>,
) -> Result<LakeLineage> {
    let mut tables: BTreeMap<TableName, TableNode> = BTreeMap::new();
    let mut edges = Vec::new();
    let sources = lake.sources.list().await?;
    let states = TableStates::of(lake, &sources).await?;
    let all = lake.transformations.list().await?.into_iter();
    let mut current: HashMap<DatasetId, Transformation> =
        all.map(|saved| (saved.dataset.clone(), saved)).collect();
    for saved in sources {
        let subject = Subject::from(saved.source);
        let (raw, conformed) = first_hop(&subject, saved.version, &mut edges);
        tables.insert(raw.name.clone(), raw);
        tables.insert(conformed.name.clone(), conformed);
        let Some(sql) = current.remove(&subject.source.dataset) else { continue };
        let asked =
            earlier.filter(|asked| asked.dataset == sql.dataset && asked.version != sql.version);
        let built = match asked {
            // It is looked at once in a while: what is kept is what runs.
            Some(asked) => {
                let found = planned(lake, &subject, &asked.sql).await;
                let built = second_hop(&subject, asked, found, &mut edges)?;
                TableNode { runs: Some(sql.version), ..built }
            }
            None => {
                let found = current_lineage(lake, &subject, &sql, &states, kept).await;
                second_hop(&subject, &sql, found, &mut edges)?
            }
        };
        tables.insert(built.name.clone(), built);
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
        runs: None,
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

/// The purpose-built table of a dataset, by the lineage of its SQL.
fn second_hop(
    subject: &Subject,
    sql: &Transformation,
    found: Result<Arc<Lineage>>,
    edges: &mut Vec<Edge>,
) -> Result<TableNode> {
    let dataset = &subject.source.dataset;
    let (found, problem) = match found {
        Ok(found) => (found, None),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            (Arc::default(), Some(error.message().to_owned()))
        }
        Err(error) => return Err(error),
    };
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
    let columns = found.columns.iter().map(|column| ColumnNode {
        column_type: Some(column.column_type.clone()),
        expression: column.expression.clone(),
        name: column.name.clone(),
    });
    Ok(TableNode {
        name: to.clone(),
        zone: Zone::PurposeBuilt,
        dataset: Some((dataset.clone(), subject.source.owner.clone())),
        version: Some(sql.version),
        runs: None,
        columns: columns.collect(),
        problem,
    })
}

/// The lineage of SQL that runs: what is kept, or else planned now and then kept. SQL that cannot be
/// planned is planned again next time.
async fn current_lineage(
    lake: &Lake,
    subject: &Subject,
    current: &Transformation,
    states: &TableStates,
    kept: &Kept<Arc<Lineage>>,
) -> Result<Arc<Lineage>> {
    let own = &subject.own.name;
    if let Some(found) = kept.find(current, states, own) {
        return Ok(found);
    }
    let found = planned(lake, subject, &current.sql).await?;
    kept.keep(current, states, own, Arc::clone(&found));
    Ok(found)
}

/// SQL that cannot be planned is refused in the words of a check, which are short and tell the line.
async fn planned(lake: &Lake, subject: &Subject, sql: &str) -> Result<Arc<Lineage>> {
    match plan_lineage(lake, subject, sql).await {
        Err(error) if error.kind() == ErrorKind::Invalid => {
            let found = subject.check(lake, sql).await?.findings;
            let fault = found.into_iter().find(|finding| finding.severity == Severity::Error);
            Err(fault.map_or(error, |fault| {
                Error::invalid(format!("line {}: {}", fault.place.line, fault.message))
            }))
        }
        outcome => outcome.map(Arc::new),
    }
}

async fn plan_lineage(lake: &Lake, subject: &Subject, sql: &str) -> Result<Lineage> {
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
        runs: None,
        columns: own.chain(keys).collect(),
        problem: None,
    }
}
