//! What a change of a source would break: every transformation and every other query that reads it
//! is planned again over the changed table; what changes in the tables that these transformations
//! build is followed on to what reads those.

mod reading;
mod tables;

use std::collections::BTreeMap;

use domain::Result;
use domain::dataset::DatasetId;
use domain::table::TableName;
use domain::transformation::Transformation;

use crate::lake::Lake;
use crate::query::statement::QueryStatement;
use crate::transformation::subject::Subject;

use reading::Reading;
pub use reading::{OutputChange, Problem};
pub use tables::{ChangedTable, ColumnChange};

/// What would become of the transformations that read a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakage {
    /// Those that would not run or return other columns, by dataset.
    pub affected: Vec<Affected>,
    /// Those that read the source and would go on as before.
    pub unaffected: Vec<DatasetId>,
    /// The conformed table, and every purpose-built one that would be another or not be built.
    pub tables: Vec<ChangedTable>,
}

/// A transformation that would be affected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Whose purpose-built table it builds.
    pub dataset: DatasetId,
    /// Who answers for the dataset.
    pub owner: String,
    /// Its version.
    pub version: u64,
    /// Who saved that version.
    pub author: String,
    /// What would become of it.
    pub effect: Effect,
}

/// What would become of SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Why it would not run; `None`: it would.
    pub problem: Option<Problem>,
    /// Output columns that would get another type or vanish.
    pub output_changes: Vec<OutputChange>,
    /// The tables by which the change reaches it.
    pub ways: Vec<Way>,
}

/// A table by which a change reaches SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The table that the SQL reads.
    pub table: TableName,
    /// The dataset whose transformation builds it; `None`: it is the source's conformed table.
    pub built_by: Option<DatasetId>,
    /// It would not be built any more: the SQL goes on to read the rows that are there.
    pub stops: bool,
}

/// Plans every transformation that reads a source's conformed table over the table as it would be,
/// then those that read a table which that makes another one. [`domain::ErrorKind::Invalid`] for a
/// change of a column that it does not have.
pub async fn breaks(
    lake: &Lake,
    dataset: &DatasetId,
    changes: &[ColumnChange],
) -> Result<Breakage> {
    let own = ChangedTable::of_source(Subject::of(lake, dataset).await?.own, changes)?;
    let source = own.name().clone();
    let all = lake.transformations.list().await?;
    let mut tables = BTreeMap::from([(source.clone(), own)]);
    let mut effects = BTreeMap::new();
    let mut fresh = vec![source.clone()];
    // A table can be reached by several ways of different lengths; a way has no more steps than
    // there are transformations, which also ends a ring of them.
    for _ in 0..=all.len() {
        let mut next = Vec::new();
        for current in all.iter().filter(|current| reads(&current.sql, &fresh)) {
            let judged = judged(lake, current, &tables).await?;
            effects.insert(current.dataset.clone(), judged.affected);
            if tables.get(&judged.builds) != judged.table.as_ref() {
                next.push(judged.builds.clone());
                match judged.table {
                    Some(table) => tables.insert(judged.builds, table),
                    None => tables.remove(&judged.builds),
                };
            }
        }
        if next.is_empty() {
            break;
        }
        fresh = next;
    }
    let source = [source];
    let goes_on = |current: &&Transformation| {
        effects.get(&current.dataset).is_some_and(Option::is_none) && reads(&current.sql, &source)
    };
    let unaffected = all.iter().filter(goes_on).map(|current| current.dataset.clone()).collect();
    let affected = effects.into_values().flatten().collect();
    Ok(Breakage { affected, unaffected, tables: tables.into_values().collect() })
}

/// For each query, what the tables being others would do to it; `None` for those that read none of
/// them, go on as before, or do not run today either. `tables` are those of a [`Breakage`].
pub async fn effects(
    lake: &Lake,
    tables: &[ChangedTable],
    queries: &[&str],
) -> Result<Vec<Option<Effect>>> {
    let tables: Vec<_> = tables.iter().collect();
    let mut effects = Vec::with_capacity(queries.len());
    for sql in queries {
        effects.push(Reading { lake, sql, subject: None }.effect(&tables).await?);
    }
    Ok(effects)
}

fn reads(sql: &str, tables: &[TableName]) -> bool {
    let named = QueryStatement::parse(sql);
    named.is_ok_and(|parsed| parsed.tables().iter().any(|name| tables.contains(name)))
}

/// What is found out about one transformation.
struct Judged {
    affected: Option<Affected>,
    /// The table that it builds.
    builds: TableName,
    /// That table, if it would be another one.
    table: Option<ChangedTable>,
}

async fn judged(
    lake: &Lake,
    current: &Transformation,
    tables: &BTreeMap<TableName, ChangedTable>,
) -> Result<Judged> {
    let subject = Subject::of(lake, &current.dataset).await?;
    let reading = Reading { lake, sql: &current.sql, subject: Some(&subject) };
    let tables: Vec<_> = tables.values().collect();
    let effect = reading.effect(&tables).await?;
    let table = match (&effect, lake.catalog.table(&subject.built).await?) {
        (Some(effect), Some(built)) if effect.problem.is_some() => {
            Some(ChangedTable::stopped(built, current.dataset.clone()))
        }
        (Some(effect), Some(built)) => {
            ChangedTable::rebuilt(built, current.dataset.clone(), &effect.output_changes)?
        }
        // Nobody can read what was never built.
        _ => None,
    };
    let affected = effect.map(|effect| Affected {
        dataset: current.dataset.clone(),
        owner: subject.source.owner.clone(),
        version: current.version,
        author: current.author.clone(),
        effect,
    });
    Ok(Judged { affected, builds: subject.built, table })
}
