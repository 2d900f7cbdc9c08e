//! What a change of a source would break, in the types of the API.

use app::api::lineage::{AffectedQuery, AffectedTransformation, Breakage, ChangeWay, SourceChange};
use app::api::queries::SavedQuery;
use domain::dataset::DatasetId;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::lineage::breaks::{
    Affected, ChangedTable, ColumnChange, Effect, Problem, Way, breaks as find, effects,
};

use crate::queries::SavedQueries;

/// Somebody who asks what would break.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The user's id.
    pub id: &'a str,
    /// Whether they may see shared queries.
    pub may_query: bool,
}

/// The transformations and saved queries that a change of a source would break or change. Of queries
/// that the reader may not see, only how many. [`domain::ErrorKind::Invalid`] for a column that the
/// source does not have or a type that there is not.
pub async fn breaks(
    lake: &Lake,
    saved: &SavedQueries,
    reader: Reader<'_>,
    dataset: &DatasetId,
    change: &SourceChange,
) -> Result<Breakage> {
    let mut changes = Vec::with_capacity(change.columns.len());
    for column in &change.columns {
        let column_type = column.column_type.as_deref().map(str::parse).transpose();
        let column_type = column_type.map_err(|error: Error| error.context(&column.name))?;
        changes.push(ColumnChange { name: column.name.clone(), column_type });
    }
    let found = find(lake, dataset, &changes).await?;
    let (queries, hidden_queries) = queries(lake, saved, reader, &found.tables).await?;
    Ok(Breakage {
        transformations: found.affected.into_iter().map(transformation).collect(),
        queries,
        hidden_queries,
        unaffected: found.unaffected,
    })
}

/// The saved queries that the reader may see, and the number of the others.
async fn queries(
    lake: &Lake,
    saved: &SavedQueries,
    reader: Reader<'_>,
    tables: &[ChangedTable],
) -> Result<(Vec<AffectedQuery>, u64)> {
    let all = saved.everybodys(reader.id).await?;
    let texts: Vec<&str> = all.iter().map(|query| query.sql.as_str()).collect();
    let effects = effects(lake, tables, &texts).await?;
    let (mut shown, mut hidden) = (Vec::new(), 0);
    for (query, effect) in all.iter().zip(effects) {
        let Some(effect) = effect else { continue };
        if !is_visible(query, reader) {
            hidden += 1;
            continue;
        }
        shown.push(affected_query(query, effect));
    }
    Ok((shown, hidden))
}

fn is_visible(query: &SavedQuery, reader: Reader<'_>) -> bool {
    reader.may_query && (query.is_mine || query.is_shared)
}

fn transformation(affected: Affected) -> AffectedTransformation {
    let Effect { problem, output_changes, ways } = affected.effect;
    let (problem, line) = problem.map(|Problem { message, line }| (message, line)).unzip();
    AffectedTransformation {
        dataset: affected.dataset,
        owner: affected.owner,
        version: affected.version,
        author: affected.author,
        problem,
        line: line.flatten(),
        output_changes: output_changes.iter().map(ToString::to_string).collect(),
        ways: ways.into_iter().map(way).collect(),
    }
}

fn affected_query(query: &SavedQuery, effect: Effect) -> AffectedQuery {
    let problem = effect.problem.map(|Problem { message, line }| match line {
        Some(line) => format!("line {line}: {message}"),
        None => message,
    });
    AffectedQuery {
        id: query.id.clone(),
        name: query.name.clone(),
        owner: query.owner.clone(),
        problem,
        output_changes: effect.output_changes.iter().map(ToString::to_string).collect(),
        ways: effect.ways.into_iter().map(way).collect(),
    }
}

fn way(way: Way) -> ChangeWay {
    ChangeWay { table: way.table.to_string(), built_by: way.built_by, stops: way.stops }
}
