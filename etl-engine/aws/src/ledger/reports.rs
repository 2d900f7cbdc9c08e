//! Reports over many runs, from counters and indexes.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::{RunId, RunStatus};
use domain::{Error, Result};
use etl_engine::run::{
    ArrivalTotals, DatasetActivity, DatasetRejects, DayCount, RejectedRun, RejectedRunsFilter,
    RowCounts, RunChange, RunReports,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::DynamoDbRunLedger;
use super::counters::day_of;
use super::keys::DATASETS;
use crate::dynamo_db::attributes::{
    number_of, optional_number_of, optional_parsed_of, optional_time_of, parsed_of, time, time_of,
};
use crate::dynamo_db::{Item, read, text};

/// An id is made right after the moment of recording is taken; ids so much later are of later runs.
const ID_IS_MADE_WITHIN: SignedDuration = SignedDuration::from_mins(1);

impl DynamoDbRunLedger {
    /// A query of one index of the audit table.
    pub(super) fn over_index(&self, index: &str, condition: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(self.audit())
            .index_name(index)
            .key_condition_expression(condition)
    }

    /// Looks at all runs recorded from `from` up to `end`, oldest first.
    async fn recorded(
        &self,
        from: Timestamp,
        end: Option<Timestamp>,
        mut look: impl FnMut(&Item) -> Result<()> + Send,
    ) -> Result<()> {
        let query = self
            .over_index("by-environment", "environment = :environment AND execution_id >= :first")
            .expression_attribute_values(
                ":environment",
                text(self.settings.environment.to_string()),
            )
            .expression_attribute_values(":first", text(RunId::earliest(from).to_string()));
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| aws::failed("report on runs", error))?;
            for item in page.items.unwrap_or_default() {
                let at = time_of(&item, "recorded_at")?;
                if end.is_some_and(|end| at >= end + ID_IS_MADE_WITHIN) {
                    return Ok(());
                }
                if at >= from && end.is_none_or(|end| at < end) {
                    look(&item)?;
                }
            }
        }
        Ok(())
    }

    /// The first day is counted run by run when it does not begin at its midnight; the others are
    /// counted already.
    async fn days(&self, from: Timestamp) -> Result<BTreeMap<(Partition, RunStatus), u64>> {
        let day = day_of(from)?;
        let (begin, end) = (midnight(day)?, midnight(day_after(day)?)?);
        if begin == from {
            return self.counts_by_day(day).await;
        }
        let mut counts = self.counts_by_day(day_after(day)?).await?;
        let count = |item: &Item| {
            let status: RunStatus = parsed_of(item, "job_latest_status")?;
            *counts.entry((day, status)).or_default() += 1;
            Ok(())
        };
        self.recorded(from, Some(end), count).await?;
        Ok(counts)
    }

    async fn dataset_items(&self) -> Result<Vec<Item>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :datasets")
            .expression_attribute_values(":datasets", text(DATASETS));
        read::all("report on datasets", query, usize::MAX).await
    }
}

#[async_trait]
impl RunReports for DynamoDbRunLedger {
    async fn changed_since(&self, since: Timestamp, limit: usize) -> Result<Vec<RunChange>> {
        let query = self
            .over_index("by-change", "environment = :environment AND changed_at >= :since")
            .expression_attribute_values(
                ":environment",
                text(self.settings.environment.to_string()),
            )
            .expression_attribute_values(":since", time(since))
            .limit(read::page_size(limit));
        let change = |item: &Item| {
            Ok(RunChange {
                run: parsed_of(item, "execution_id")?,
                dataset: parsed_of(item, "dataset")?,
                status: parsed_of(item, "job_latest_status")?,
                changed_at: time_of(item, "changed_at")?,
            })
        };
        let found = read::all("look what changed", query, limit).await?;
        found.iter().map(change).collect()
    }

    async fn by_status(&self) -> Result<Vec<(RunStatus, u64)>> {
        Ok(self.counts().await?.into_iter().collect())
    }

    async fn by_day(&self, from: Timestamp) -> Result<Vec<DayCount>> {
        let counts = self.days(from).await?.into_iter();
        Ok(counts.map(|((day, status), runs)| DayCount { day, status, runs }).collect())
    }

    async fn row_counts(&self, dataset: &DatasetId, limit: usize) -> Result<Vec<RowCounts>> {
        let query = self
            .over_index("by-dataset", "dataset = :dataset")
            .filter_expression("job_latest_status <> :duplicate")
            .expression_attribute_values(":dataset", text(dataset.to_string()))
            .expression_attribute_values(":duplicate", text(RunStatus::Duplicate.as_str()))
            .scan_index_forward(false)
            .limit(read::filtered_page_size(limit));
        let counts = |item: &Item| {
            Ok(RowCounts {
                run: parsed_of(item, "execution_id")?,
                created_at: time_of(item, "recorded_at")?,
                status: parsed_of(item, "job_latest_status")?,
                rows_read: number_of(item, "rows_read")?,
                rows_written: number_of(item, "rows_written")?,
                rows_rejected: number_of(item, "rows_rejected")?,
            })
        };
        read::all("count rows of runs", query, limit).await?.iter().map(counts).collect()
    }

    async fn datasets(&self, rows_since: Timestamp, limit: usize) -> Result<Vec<DatasetActivity>> {
        let mut told = Vec::new();
        for item in self.dataset_items().await? {
            told.extend(activity(&item)?);
        }
        told.sort_by_key(|activity| std::cmp::Reverse(activity.last_run));
        told.truncate(limit);
        let mut rows: HashMap<DatasetId, u64> = HashMap::new();
        let add = |item: &Item| {
            *rows.entry(parsed_of(item, "dataset")?).or_default() +=
                number_of::<u64>(item, "rows_written")?;
            Ok(())
        };
        self.recorded(rows_since, None, add).await?;
        for activity in &mut told {
            activity.rows_since = rows.get(&activity.dataset).copied().unwrap_or_default();
        }
        Ok(told)
    }

    async fn arrivals(&self) -> Result<ArrivalTotals> {
        let mut totals = ArrivalTotals::default();
        for item in self.dataset_items().await? {
            totals.files += optional_number_of::<u64>(&item, "file_count")?.unwrap_or_default();
            totals.bytes += optional_number_of::<u64>(&item, "byte_count")?.unwrap_or_default();
            totals.last_landed_at =
                totals.last_landed_at.max(optional_time_of(&item, "last_landed_at")?);
        }
        Ok(totals)
    }

    async fn rejected_runs(&self, filter: &RejectedRunsFilter) -> Result<Vec<RejectedRun>> {
        self.with_rejected_rows(filter).await
    }

    async fn rejected_run(&self, id: RunId) -> Result<Option<RejectedRun>> {
        self.one_with_rejected_rows(id).await
    }

    async fn rejecting_datasets(&self) -> Result<Vec<DatasetRejects>> {
        self.with_newest(&self.dataset_items().await?).await
    }
}

/// What goes on in a dataset, its rows left out; `None` when all its runs are duplicates.
fn activity(item: &Item) -> Result<Option<DatasetActivity>> {
    let Some(last_run) = optional_parsed_of(item, "last_run")? else { return Ok(None) };
    Ok(Some(DatasetActivity {
        dataset: parsed_of(item, "sk")?,
        last_run,
        status: parsed_of(item, "last_status")?,
        created_at: time_of(item, "last_at")?,
        finished_at: optional_time_of(item, "last_finished_at")?,
        rows_since: 0,
    }))
}

fn day_after(day: Partition) -> Result<Partition> {
    let next = day.date().checked_add(1.day());
    Partition::of(next.map_err(|error| Error::invalid("no day comes after").with_source(error))?)
}

fn midnight(day: Partition) -> Result<Timestamp> {
    let begin = day.date().to_zoned(TimeZone::UTC);
    let begin = begin.map_err(|error| Error::invalid("no such day").with_source(error))?;
    Ok(begin.timestamp())
}
