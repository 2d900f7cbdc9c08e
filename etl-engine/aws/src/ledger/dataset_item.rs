//! The item of a dataset: its last run, what arrived for it, how many rows its runs rejected.

use domain::Result;
use domain::arrival::Arrival;
use domain::run::{RunId, RunStatus};
use etl_engine::run::Job;
use jiff::Timestamp;

use super::change::Change;
use super::keys::DATASETS;
use super::rejected::Rejects;
use super::{DynamoDbRunLedger, key};
use crate::dynamo_db::attributes::{optional_parsed_of, optional_time_of, time};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Writes, number, text};

/// The parts of one update.
#[derive(Default)]
struct Parts {
    sets: Vec<&'static str>,
    adds: Vec<&'static str>,
    removes: Vec<&'static str>,
    conditions: Vec<&'static str>,
    terms: Terms,
}

impl DynamoDbRunLedger {
    /// Adds to `writes` what a change means for the job's dataset, whose item is `seen`.
    pub(super) fn tell_dataset(
        &self,
        writes: &mut Writes,
        seen: Option<&Item>,
        change: &Change<'_>,
    ) -> Result<()> {
        let job = change.job;
        let last: Option<RunId> =
            seen.map_or(Ok(None), |item| optional_parsed_of(item, "last_run"))?;
        let landed = seen.map_or(Ok(None), |item| optional_time_of(item, "last_landed_at"))?;
        let mut parts = Parts::default();
        let is_last = last.is_none_or(|last| last <= job.run.id);
        if change.changes_status() && is_last && job.run.status != RunStatus::Duplicate {
            parts = parts.last_run(job);
        }
        if change.is_first_record() {
            parts = parts.arrival(&job.run.arrival, landed);
        }
        if let Some(rejects) = Rejects::change(change.before.map(|stored| &stored.job), job) {
            parts = parts.rejects(rejects);
        }
        let Some((expression, terms)) = parts.whole() else { return Ok(()) };
        let place = key(DATASETS, job.run.dataset.to_string());
        writes.update(self.state(), place, &expression, &terms).map(drop)
    }
}

impl Parts {
    fn last_run(mut self, job: &Job) -> Self {
        let run = &job.run;
        self.sets.extend(["last_run = :run", "last_status = :last_status", "last_at = :last_at"]);
        self.conditions.push("(attribute_not_exists(last_run) OR last_run <= :run)");
        self.terms = self
            .terms
            .value(":run", text(run.id.to_string()))
            .value(":last_status", text(run.status.as_str()))
            .value(":last_at", time(run.created_at));
        match run.finished_at {
            Some(end) => {
                self.sets.push("last_finished_at = :end");
                self.terms = self.terms.value(":end", time(end));
            }
            None => self.removes.push("last_finished_at"),
        }
        self
    }

    fn arrival(mut self, arrival: &Arrival, last: Option<Timestamp>) -> Self {
        self.adds.extend(["file_count :one", "byte_count :size"]);
        self.terms = self.terms.value(":one", number(1)).value(":size", number(arrival.size));
        if last.is_none_or(|last| last < arrival.landed_at) {
            self.sets.push("last_landed_at = :landed");
            self.conditions
                .push("(attribute_not_exists(last_landed_at) OR last_landed_at <= :landed)");
            self.terms = self.terms.value(":landed", time(arrival.landed_at));
        }
        self
    }

    fn rejects(mut self, rejects: Rejects) -> Self {
        self.adds.extend([
            "rejecting_runs :runs",
            "rejecting_rows_read :rows_read",
            "rejected_rows :rows_rejected",
        ]);
        self.terms = self
            .terms
            .value(":runs", number(rejects.runs))
            .value(":rows_read", number(rejects.rows_read))
            .value(":rows_rejected", number(rejects.rows_rejected));
        self
    }

    fn whole(self) -> Option<(String, Terms)> {
        let clauses = [("SET", self.sets), ("ADD", self.adds), ("REMOVE", self.removes)];
        let clauses = clauses.iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<_> =
            clauses.map(|(word, parts)| format!("{word} {}", parts.join(", "))).collect();
        let terms = Terms { condition: self.conditions.join(" AND "), ..self.terms };
        (!clauses.is_empty()).then(|| (clauses.join(" "), terms))
    }
}
