//! Which runs rejected rows.

use std::collections::HashMap;

use domain::Result;
use domain::dataset::DatasetId;
use domain::run::{Counts, Run, RunId};
use domain::zone::Hop;
use etl_engine::run::{DatasetRejects, Job, RejectedRun, RejectedRunsFilter};
use futures::{StreamExt, TryStreamExt, stream};

use super::{DynamoDbRunLedger, keys};
use crate::dynamo_db::attributes::{number_of, optional_number_of, parsed_of};
use crate::dynamo_db::{Item, read, text};

/// Marks, among the runs of an object, one that only repeats another.
pub(super) const IS_REPEAT: &str = "is_repeat";
/// So many objects are asked for at once.
const AT_ONCE: usize = 8;

/// What the rejected rows of one run add to those of its dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rejects {
    pub(super) runs: i128,
    pub(super) rows_read: i128,
    pub(super) rows_rejected: i128,
}

impl Rejects {
    /// What changes from one job to the other; `None` when nothing does.
    pub(super) fn change(before: Option<&Job>, after: &Job) -> Option<Self> {
        let (before, after) = (before.map(Self::of).unwrap_or_default(), Self::of(after));
        let change = Self {
            runs: after.runs - before.runs,
            rows_read: after.rows_read - before.rows_read,
            rows_rejected: after.rows_rejected - before.rows_rejected,
        };
        (change != Self::default()).then_some(change)
    }

    fn of(job: &Job) -> Self {
        let Counts { rows_read, rows_rejected, .. } = counts(&job.run);
        if rows_rejected == 0 {
            return Self::default();
        }
        Self { runs: 1, rows_read: rows_read.into(), rows_rejected: rows_rejected.into() }
    }
}

impl DynamoDbRunLedger {
    /// Runs with rejected rows, newest first.
    pub(super) async fn with_rejected_rows(
        &self,
        filter: &RejectedRunsFilter,
    ) -> Result<Vec<RejectedRun>> {
        let mut query =
            self.over_rejects(filter.before).limit(read::filtered_page_size(filter.limit));
        if let Some(dataset) = &filter.dataset {
            query = query
                .filter_expression("dataset = :dataset")
                .expression_attribute_values(":dataset", text(dataset.to_string()));
        }
        // The upper end of a range belongs to it.
        let one_more = filter.limit.saturating_add(1);
        let found = read::all("list runs with rejected rows", query, one_more).await?;
        let mut ids = Vec::with_capacity(found.len());
        for item in &found {
            let id: RunId = parsed_of(item, "execution_id")?;
            ids.extend((Some(id) != filter.before).then_some(id));
        }
        ids.truncate(filter.limit);
        let runs = self.runs(&ids).await?;
        stream::iter(runs.into_iter().map(|run| self.rejected(run)))
            .buffered(AT_ONCE)
            .try_filter_map(async |found| Ok(found))
            .try_collect()
            .await
    }

    /// One run with rejected rows, if it has some.
    pub(super) async fn one_with_rejected_rows(&self, id: RunId) -> Result<Option<RejectedRun>> {
        match self.find(id).await? {
            Some(stored) => self.rejected(stored.job.run).await,
            None => Ok(None),
        }
    }

    /// Datasets with rejected rows, the most recent first. `datasets` are the items of all. How much
    /// it is stands there; which run is the newest is looked for until all have theirs.
    pub(super) async fn with_newest(&self, datasets: &[Item]) -> Result<Vec<DatasetRejects>> {
        let mut wanted: HashMap<DatasetId, &Item> = HashMap::new();
        for item in datasets {
            if optional_number_of::<i64>(item, "rejecting_runs")?.unwrap_or_default() > 0 {
                wanted.insert(parsed_of(item, "sk")?, item);
            }
        }
        let mut found = Vec::with_capacity(wanted.len());
        let mut pages = self.over_rejects(None).into_paginator().send();
        while !wanted.is_empty()
            && let Some(page) = pages.next().await
        {
            let page = page.map_err(|error| aws::failed("count rejected rows", error))?;
            for run in page.items.unwrap_or_default() {
                let dataset: DatasetId = parsed_of(&run, "dataset")?;
                let Some(item) = wanted.remove(&dataset) else { continue };
                found.push(DatasetRejects {
                    dataset,
                    runs: number_of(item, "rejecting_runs")?,
                    rows_read: number_of(item, "rejecting_rows_read")?,
                    rows_rejected: number_of(item, "rejected_rows")?,
                    newest: parsed_of(&run, "execution_id")?,
                });
            }
        }
        Ok(found)
    }

    fn over_rejects(
        &self,
        up_to: Option<RunId>,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        let condition = match up_to {
            Some(_) => "rejects_of = :environment AND execution_id <= :last",
            None => "rejects_of = :environment",
        };
        let query = self
            .over_index("by-rejects", condition)
            .expression_attribute_values(
                ":environment",
                text(self.settings.environment.to_string()),
            )
            .scan_index_forward(false);
        match up_to {
            Some(last) => query.expression_attribute_values(":last", text(last.to_string())),
            None => query,
        }
    }

    async fn rejected(&self, run: Run) -> Result<Option<RejectedRun>> {
        let Counts { rows_read, rows_rejected, .. } = counts(&run);
        if rows_rejected == 0 {
            return Ok(None);
        }
        let newer = self.newer(&run).await?;
        Ok(Some(RejectedRun {
            id: run.id,
            dataset: run.dataset,
            key: run.arrival.key,
            status: run.status,
            actor: run.actor,
            rows_read,
            rows_rejected,
            created_at: run.created_at,
            newer,
        }))
    }

    /// The newest run of the same object that does not just repeat another, if it is a later one.
    async fn newer(&self, run: &Run) -> Result<Option<RunId>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :pk AND sk > :run")
            .filter_expression(format!("attribute_not_exists({IS_REPEAT})"))
            .expression_attribute_values(":pk", text(keys::runs_of_object(&run.arrival.key)))
            .expression_attribute_values(":run", text(run.id.to_string()))
            .scan_index_forward(false)
            .consistent_read(true);
        let found = read::all("look for a newer run", query, 1).await?;
        found.first().map(|item| parsed_of(item, "sk")).transpose()
    }
}

fn counts(run: &Run) -> Counts {
    run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default()
}
