//! What a change of a source would break: every transformation and every other query that reads it
//! is planned again over the changed table.

use domain::column::ColumnType;
use domain::dataset::DatasetId;
use domain::table::CatalogTable;
use domain::{Error, ErrorKind, Result};

use crate::lake::Lake;
use crate::query::deep_stack::on_deep_stack;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::statement::QueryStatement;
use crate::transformation::check::{Finding, OutputField, Severity, check, fields};
use crate::transformation::subject::Subject;

/// A column of a conformed table that would be dropped or retyped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChange {
    /// Its name.
    pub name: String,
    /// The type it would get; `None`: it would be dropped.
    pub column_type: Option<ColumnType>,
}

/// What would become of the transformations that read a source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breakage {
    /// Those that would not run or return other columns, by dataset.
    pub affected: Vec<Affected>,
    /// Those that would go on as before.
    pub unaffected: Vec<DatasetId>,
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
    /// Why it would not run; `None`: it would, with other columns.
    pub problem: Option<Finding>,
    /// Output columns that would get another type or vanish, as `name: before -> after`.
    pub output_changes: Vec<String>,
}

/// What would become of a query that no transformation is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Why it would not run; `None`: it would, with other columns.
    pub problem: Option<String>,
    /// Output columns that would get another type or vanish, as `name: before -> after`.
    pub output_changes: Vec<String>,
}

/// For each query, what the change would do to it; `None` for those that do not read the source, go
/// on as before, or do not run today either. Errors as in [`breaks`].
pub async fn effects(
    lake: &Lake,
    dataset: &DatasetId,
    changes: &[ColumnChange],
    queries: &[&str],
) -> Result<Vec<Option<Effect>>> {
    let before = Subject::of(lake, dataset).await?.own;
    let after = changed(&before, changes)?;
    let mut effects = Vec::with_capacity(queries.len());
    for sql in queries {
        let reads =
            QueryStatement::parse(sql).is_ok_and(|parsed| parsed.tables().contains(&before.name));
        effects.push(if reads { effect(lake, sql, &before, &after).await? } else { None });
    }
    Ok(effects)
}

async fn effect(
    lake: &Lake,
    sql: &str,
    before: &CatalogTable,
    after: &CatalogTable,
) -> Result<Option<Effect>> {
    let invalid = |error: &Error| error.kind() == ErrorKind::Invalid;
    let output = match output(lake, sql, before).await {
        Err(error) if invalid(&error) => return Ok(None),
        outcome => outcome?,
    };
    let effect = match self::output(lake, sql, after).await {
        Ok(now) => Effect { problem: None, output_changes: differences(&output, &now) },
        Err(error) if invalid(&error) => {
            let problem = new_problem(lake, sql, before, after).await?;
            let problem = problem.unwrap_or_else(|| error.message().to_owned());
            Effect { problem: Some(problem), output_changes: Vec::new() }
        }
        Err(error) => return Err(error),
    };
    Ok((effect != Effect::default()).then_some(effect))
}

/// What a check says of a query over the changed table and not over the one before, in short words.
async fn new_problem(
    lake: &Lake,
    sql: &str,
    before: &CatalogTable,
    after: &CatalogTable,
) -> Result<Option<String>> {
    let (catalog, own) = (lake.catalog.as_ref(), &before.name);
    let known = check(sql, catalog, std::slice::from_ref(before), own).await?.findings;
    let found = check(sql, catalog, std::slice::from_ref(after), own).await?.findings.into_iter();
    let mut found = found.filter(|finding| finding.severity == Severity::Error);
    let new = found.find(|finding| !known.contains(finding));
    Ok(new.map(|finding| format!("line {}: {}", finding.place.line, finding.message)))
}

/// The columns that a query returns over one table as given and all others as catalogued.
async fn output(lake: &Lake, sql: &str, table: &CatalogTable) -> Result<Vec<OutputField>> {
    let statement = QueryStatement::parse(sql)?;
    let known = std::slice::from_ref(table);
    let tables = tables_named(statement.tables(), lake.catalog.as_ref(), known).await?;
    on_deep_stack(async move {
        let plan = plan(&planning_session(&tables)?, statement).await?;
        Ok(fields(plan.schema().as_arrow()))
    })
    .await
}

/// Plans every transformation that reads a source's conformed table over the table as it would be.
/// [`domain::ErrorKind::Invalid`] for a change of a column that it does not have.
pub async fn breaks(
    lake: &Lake,
    dataset: &DatasetId,
    changes: &[ColumnChange],
) -> Result<Breakage> {
    let subject = Subject::of(lake, dataset).await?;
    let changed = changed(&subject.own, changes)?;
    let mut found = Breakage::default();
    for current in lake.transformations.list().await? {
        let reads = QueryStatement::parse(&current.sql)
            .is_ok_and(|statement| statement.tables().contains(&changed.name));
        if !reads {
            continue;
        }
        let reader = Subject::of(lake, &current.dataset).await?;
        let mut known = reader.known_tables(lake, &current.sql).await?;
        let own = &reader.own.name;
        let before = check(&current.sql, lake.catalog.as_ref(), &known, own).await?;
        known.retain(|table| table.name != changed.name);
        known.push(changed.clone());
        let after = check(&current.sql, lake.catalog.as_ref(), &known, own).await?;
        let errors = after.findings.into_iter().filter(|found| found.severity == Severity::Error);
        // What is wrong already is not the change's doing.
        let problem = errors.into_iter().find(|finding| !before.findings.contains(finding));
        let output_changes = match problem {
            Some(_) => Vec::new(),
            None => differences(&before.output, &after.output),
        };
        if problem.is_none() && output_changes.is_empty() {
            found.unaffected.push(current.dataset);
            continue;
        }
        found.affected.push(Affected {
            owner: reader.source.owner,
            dataset: current.dataset,
            version: current.version,
            author: current.author,
            problem,
            output_changes,
        });
    }
    Ok(found)
}

fn changed(table: &CatalogTable, changes: &[ColumnChange]) -> Result<CatalogTable> {
    let mut table = table.clone();
    for change in changes {
        let column = table.columns.iter().position(|column| column.name == change.name);
        let column = column.ok_or_else(|| {
            Error::invalid(format!("{} has no column {:?} to change", table.name, change.name))
        })?;
        match change.column_type {
            Some(column_type) => table.columns[column].column_type = column_type,
            None => drop(table.columns.remove(column)),
        }
    }
    Ok(table)
}

fn differences(before: &[OutputField], after: &[OutputField]) -> Vec<String> {
    let differs = |field: &OutputField| {
        let (name, was) = (&field.name, &field.column_type);
        let now = after.iter().find(|other| other.name == *name);
        let now = now.map_or("gone", |other| other.column_type.as_str());
        (now != was).then(|| format!("{name}: {was} -> {now}"))
    };
    before.iter().filter_map(differs).collect()
}
