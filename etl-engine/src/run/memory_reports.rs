//! The log of runs and the reports over them in memory, for tests.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use domain::Result;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::{Run, RunId, RunStatus, Trigger};
use domain::run_log::LogLine;
use domain::zone::Hop;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::log::numbered;
use super::{
    ArrivalTotals, DatasetActivity, DatasetRejects, DayCount, MemoryRunLedger, RejectedRun,
    RejectedRunsFilter, RowCounts, RunChange, RunLog, RunReports,
};
use crate::lock;

#[async_trait]
impl RunLog for MemoryRunLedger {
    async fn append(&self, run: RunId, lines: &[LogLine]) -> Result<()> {
        let mut state = lock(&self.state);
        if !state.jobs.contains_key(&run) {
            return Err(domain::Error::not_found(format!("run {run} is not in the ledger")));
        }
        let log = state.log.entry(run).or_default();
        let last = log.last().map_or(0, |line| line.sequence);
        log.extend(numbered(lines, last));
        Ok(())
    }

    async fn lines(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<LogLine>> {
        let state = lock(&self.state);
        let lines = state.log.get(&run).into_iter().flatten();
        Ok(lines.filter(|line| line.sequence > after).take(limit).cloned().collect())
    }
}

#[async_trait]
impl RunReports for MemoryRunLedger {
    async fn changed_since(&self, since: Timestamp, limit: usize) -> Result<Vec<RunChange>> {
        let state = lock(&self.state);
        let recent = state.changed.iter().filter(|(_, at)| **at >= since);
        let mut changes: Vec<_> = recent
            .filter_map(|(id, at)| {
                let run = &state.jobs.get(id)?.run;
                Some(RunChange {
                    run: *id,
                    dataset: run.dataset.clone(),
                    status: run.status,
                    changed_at: *at,
                })
            })
            .collect();
        changes.sort_by_key(|change| (change.changed_at, change.run));
        changes.truncate(limit);
        Ok(changes)
    }

    async fn by_status(&self) -> Result<Vec<(RunStatus, u64)>> {
        let mut counts = BTreeMap::new();
        self.each(|run| *counts.entry(run.status).or_default() += 1);
        Ok(counts.into_iter().collect())
    }

    async fn by_day(&self, from: Timestamp) -> Result<Vec<DayCount>> {
        let mut counts: BTreeMap<(Partition, RunStatus), u64> = BTreeMap::new();
        self.each(|run| {
            let day = Partition::of(run.created_at.to_zoned(TimeZone::UTC).date());
            if let (true, Ok(day)) = (run.created_at >= from, day) {
                *counts.entry((day, run.status)).or_default() += 1;
            }
        });
        let counts = counts.into_iter();
        Ok(counts.map(|((day, status), runs)| DayCount { day, status, runs }).collect())
    }

    async fn row_counts(&self, dataset: &DatasetId, limit: usize) -> Result<Vec<RowCounts>> {
        let mut found = Vec::new();
        self.each(|run| {
            if run.dataset == *dataset && run.status != RunStatus::Duplicate {
                let counts = first_hop(run);
                found.push(RowCounts {
                    run: run.id,
                    created_at: run.created_at,
                    status: run.status,
                    rows_read: counts.rows_read,
                    rows_written: counts.rows_written,
                    rows_rejected: counts.rows_rejected,
                });
            }
        });
        found.reverse();
        found.truncate(limit);
        Ok(found)
    }

    async fn datasets(&self, rows_since: Timestamp, limit: usize) -> Result<Vec<DatasetActivity>> {
        let mut last: HashMap<DatasetId, DatasetActivity> = HashMap::new();
        self.each(|run| {
            let recent = run.created_at >= rows_since;
            let rows = if recent { first_hop(run).rows_written } else { 0 };
            let before = last.get(&run.dataset).map_or(0, |activity| activity.rows_since);
            if run.status != RunStatus::Duplicate {
                let activity = DatasetActivity {
                    dataset: run.dataset.clone(),
                    last_run: run.id,
                    status: run.status,
                    created_at: run.created_at,
                    finished_at: run.finished_at,
                    rows_since: before + rows,
                };
                last.insert(run.dataset.clone(), activity);
            }
        });
        let mut found: Vec<_> = last.into_values().collect();
        found.sort_by_key(|activity| std::cmp::Reverse(activity.last_run));
        found.truncate(limit);
        Ok(found)
    }

    async fn arrivals(&self) -> Result<ArrivalTotals> {
        let mut totals = ArrivalTotals::default();
        self.each(|run| {
            if run.status != RunStatus::Duplicate && run.trigger != Trigger::Replay {
                totals.files += 1;
                totals.bytes += run.arrival.size;
                totals.last_landed_at = totals.last_landed_at.max(Some(run.arrival.landed_at));
            }
        });
        Ok(totals)
    }

    async fn rejected_runs(&self, filter: &RejectedRunsFilter) -> Result<Vec<RejectedRun>> {
        let mut found = self.rejected();
        found.retain(|run| {
            filter.dataset.as_ref().is_none_or(|dataset| run.dataset == *dataset)
                && filter.before.is_none_or(|before| run.id < before)
        });
        found.truncate(filter.limit);
        Ok(found)
    }

    async fn rejected_run(&self, id: RunId) -> Result<Option<RejectedRun>> {
        Ok(self.rejected().into_iter().find(|run| run.id == id))
    }

    async fn rejecting_datasets(&self) -> Result<Vec<DatasetRejects>> {
        let mut found: Vec<DatasetRejects> = Vec::new();
        for run in self.rejected() {
            let known = found.iter_mut().find(|known| known.dataset == run.dataset);
            let Some(known) = known else {
                found.push(DatasetRejects {
                    dataset: run.dataset,
                    runs: 1,
                    rows_read: run.rows_read,
                    rows_rejected: run.rows_rejected,
                    newest: run.id,
                });
                continue;
            };
            known.runs += 1;
            known.rows_read += run.rows_read;
            known.rows_rejected += run.rows_rejected;
        }
        Ok(found)
    }
}

impl MemoryRunLedger {
    /// Runs with rejected rows, newest first.
    fn rejected(&self) -> Vec<RejectedRun> {
        let (mut found, mut newest) = (Vec::new(), HashMap::new());
        let mut runs = Vec::new();
        self.each(|run| runs.push(run.clone()));
        for run in runs.into_iter().rev().filter(|run| run.status != RunStatus::Duplicate) {
            let newer = newest.get(&run.arrival.key).copied();
            newest.entry(run.arrival.key.clone()).or_insert(run.id);
            let counts = first_hop(&run);
            if counts.rows_rejected > 0 {
                found.push(RejectedRun {
                    id: run.id,
                    dataset: run.dataset,
                    key: run.arrival.key,
                    status: run.status,
                    actor: run.actor,
                    rows_read: counts.rows_read,
                    rows_rejected: counts.rows_rejected,
                    created_at: run.created_at,
                    newer,
                });
            }
        }
        found
    }

    /// Looks at every run, oldest first.
    fn each(&self, mut look: impl FnMut(&Run)) {
        lock(&self.state).jobs.values().for_each(|job| look(&job.run));
    }
}

fn first_hop(run: &Run) -> domain::run::Counts {
    run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default()
}
