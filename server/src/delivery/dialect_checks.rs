//! What the build stage learns of SQL in the engine that people query with, where that is another than
//! the one that computes tables.

use domain::query::QueryLimits;
use domain::table::TableName;
use domain::{ErrorKind, Result};
use etl_engine::transformation::dialect::{
    DialectOutcome, DialectReport, DialectRequest, check_dialect,
};
use infra::lake_repository::{Content, Problem};
use tokio_util::sync::CancellationToken;

use crate::open_lake::OpenLake;

/// A day of a purpose-built table with more rows is not compared.
const MOST_ROWS: usize = 100_000;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct DialectsChecked {
    /// Transformations that both engines answered.
    pub(super) compared: usize,
    /// SQL that people could not run, by file.
    pub(super) refused: Vec<Problem>,
    /// What the engines answer differently, and what they could not be asked, by file.
    pub(super) differing: Vec<Problem>,
}

/// Runs SQL that the environment does not run yet through both engines, over data that is there.
pub(super) async fn check_dialects(at: &OpenLake, content: &Content) -> Result<DialectsChecked> {
    let mut checked = DialectsChecked::default();
    let Some(theirs) = at.other_engine() else { return Ok(checked) };
    let ours = at.trials()?;
    for (dataset, file) in &content.transformations {
        let Some(source) = content.sources.get(dataset) else { continue };
        let runs = at.lake.transformations.current(dataset).await?;
        if runs.is_some_and(|runs| runs.sql.trim() == file.sql.trim()) {
            continue;
        }
        let table = TableName::new(source.source.conformed_database(), dataset.table());
        if at.lake.catalog.table(&table).await?.is_none() {
            continue;
        }
        let limits = QueryLimits { max_rows: MOST_ROWS, ..QueryLimits::default() };
        let request = DialectRequest { sql: &file.sql, table: &table, limits: &limits };
        let (catalog, cancel) = (at.lake.catalog.as_ref(), CancellationToken::new());
        let asked = check_dialect(catalog, ours.as_ref(), theirs.as_ref(), &request, &cancel).await;
        match asked {
            Ok(report) => checked.take(&file.path, &report),
            // The data is older than the SQL, or too large for a sample.
            Err(error) if error.kind() == ErrorKind::Invalid => {
                let message = format!("not compared with {}: {}", theirs.engine(), error.message());
                checked.differing.push(Problem::of_file(&file.path, message));
            }
            Err(error) => return Err(error.context(format!("dialect check of {dataset}"))),
        }
    }
    Ok(checked)
}

impl DialectsChecked {
    fn take(&mut self, path: &str, report: &DialectReport) {
        let list = match report.outcome {
            DialectOutcome::NothingToRead => return,
            DialectOutcome::Refused(_) => &mut self.refused,
            DialectOutcome::Compared(_) => {
                self.compared += 1;
                &mut self.differing
            }
        };
        list.extend(report.sentences().into_iter().map(|told| Problem::of_file(path, told)));
    }
}
