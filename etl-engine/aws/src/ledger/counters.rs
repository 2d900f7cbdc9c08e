//! How many runs have each status, kept with every change.
//!
//! A count that every change writes to would be where all of them collide. So each is spread over
//! shares, a change takes one by chance, and the count is their sum.

use std::collections::BTreeMap;

use domain::Result;
use domain::partition::Partition;
use domain::run::RunStatus;
use etl_engine::run::Job;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::keys::{COUNTS, DAYS};
use super::{DynamoDbRunLedger, key};
use crate::dynamo_db::attributes::{damaged, optional_number_of, text_of};
use crate::dynamo_db::transaction::{Terms, by_chance};
use crate::dynamo_db::{Item, Writes, number, read, text};

/// Over so many items each count is spread.
const SHARES: u64 = 16;

impl DynamoDbRunLedger {
    /// Counts a job under its status, and no longer under the one `before`.
    pub(super) fn count(
        &self,
        writes: &mut Writes,
        before: Option<RunStatus>,
        job: &Job,
    ) -> Result<()> {
        let status = job.run.status;
        if before == Some(status) {
            return Ok(());
        }
        let mut terms = Terms::default().name("#now", status.as_str()).value(":one", number(1));
        let mut expression = "ADD #now :one".to_owned();
        if let Some(before) = before {
            expression.push_str(", #before :less");
            terms = terms.name("#before", before.as_str()).value(":less", number(-1));
        }
        let share = format!("{:02}", by_chance(SHARES));
        let day = format!("{}#{share}", day_of(job.run.created_at)?);
        for place in [key(COUNTS, share), key(DAYS, day)] {
            writes.update(self.state(), place, &expression, &terms)?;
        }
        Ok(())
    }

    /// How many runs have each status, over all time.
    pub(super) async fn counts(&self) -> Result<BTreeMap<RunStatus, u64>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(COUNTS));
        let shares = read::all("count runs", query, usize::MAX).await?;
        let mut counts = BTreeMap::new();
        shares.iter().try_for_each(|share| add_up(share, &mut counts, |status| status))?;
        Ok(some(counts))
    }

    /// How many runs of each day have each status, for days from `first` on.
    pub(super) async fn counts_by_day(
        &self,
        first: Partition,
    ) -> Result<BTreeMap<(Partition, RunStatus), u64>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :pk AND sk >= :first")
            .expression_attribute_values(":pk", text(DAYS))
            .expression_attribute_values(":first", text(first.to_string()));
        let shares = read::all("count runs by day", query, usize::MAX).await?;
        let mut counts = BTreeMap::new();
        for share in &shares {
            let sk = text_of(share, "sk")?;
            let (day, _) = sk.split_once('#').ok_or_else(|| damaged("sk", "it names no day"))?;
            let day: Partition = day.parse().map_err(|error| damaged("sk", error))?;
            add_up(share, &mut counts, |status| (day, status))?;
        }
        Ok(some(counts))
    }
}

/// The day of a moment, UTC.
pub(super) fn day_of(at: Timestamp) -> Result<Partition> {
    Partition::of(at.to_zoned(TimeZone::UTC).date())
}

fn add_up<K: Ord>(
    share: &Item,
    counts: &mut BTreeMap<K, i64>,
    place: impl Fn(RunStatus) -> K,
) -> Result<()> {
    for status in RunStatus::ALL {
        if let Some(runs) = optional_number_of::<i64>(share, status.as_str())? {
            *counts.entry(place(status)).or_default() += runs;
        }
    }
    Ok(())
}

/// A share alone may be below zero; their sum is, for a moment, while one is read before the other.
fn some<K: Ord>(counts: BTreeMap<K, i64>) -> BTreeMap<K, u64> {
    let positive = |(key, runs): (K, i64)| {
        u64::try_from(runs).ok().filter(|runs| *runs > 0).map(|runs| (key, runs))
    };
    counts.into_iter().filter_map(positive).collect()
}
