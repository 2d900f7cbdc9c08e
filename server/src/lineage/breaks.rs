//! What a change of a source would break, in the types of the API.

use app::api::lineage::{AffectedTransformation, Breakage, SourceChange};
use domain::dataset::DatasetId;
use domain::{Error, Result};
use etl_engine::lake::Lake;
use etl_engine::lineage::breaks::{ColumnChange, breaks as find};

/// The transformations that a change of a source would break or change.
/// [`domain::ErrorKind::Invalid`] for a column that it does not have or a type that there is not.
pub async fn breaks(lake: &Lake, dataset: &DatasetId, change: &SourceChange) -> Result<Breakage> {
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
    Ok(Breakage { transformations: affected.collect(), unaffected: found.unaffected })
}
