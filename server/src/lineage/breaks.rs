//! What a change of a source would break, in the types of the API.

use app::api::lineage::{AffectedQuery, AffectedTransformation, Breakage, SourceChange};
use app::api::queries::SavedQuery;
use domain::dataset::DatasetId;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::lineage::breaks::{ColumnChange, breaks as find, effects};

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
    let affected = found.affected.into_iter().map(|affected| AffectedTransformation {
        dataset: affected.dataset,
        owner: affected.owner,
        version: affected.version,
        author: affected.author,
        problem: affected.problem.as_ref().map(|finding| finding.message.clone()),
        line: affected.problem.map(|finding| finding.place.line),
        output_changes: affected.output_changes,
    });
    let (queries, hidden_queries) = queries(lake, saved, reader, dataset, &changes).await?;
    Ok(Breakage {
        transformations: affected.collect(),
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
    dataset: &DatasetId,
    changes: &[ColumnChange],
) -> Result<(Vec<AffectedQuery>, u64)> {
    let all = saved.everybodys(reader.id).await?;
    let texts: Vec<&str> = all.iter().map(|query| query.sql.as_str()).collect();
    let effects = effects(lake, dataset, changes, &texts).await?;
    let (mut shown, mut hidden) = (Vec::new(), 0);
    for (query, effect) in all.iter().zip(effects) {
        let Some(effect) = effect else { continue };
        if !is_visible(query, reader) {
            hidden += 1;
            continue;
        }
        shown.push(AffectedQuery {
            id: query.id.clone(),
            name: query.name.clone(),
            owner: query.owner.clone(),
            problem: effect.problem,
            output_changes: effect.output_changes,
        });
    }
    Ok((shown, hidden))
}

fn is_visible(query: &SavedQuery, reader: Reader<'_>) -> bool {
    reader.may_query && (query.is_mine || query.is_shared)
}
