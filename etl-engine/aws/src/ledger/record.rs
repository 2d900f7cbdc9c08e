//! Recording arrivals, each once.

use std::collections::HashSet;

use domain::Result;
use domain::arrival::Arrival;
use domain::notification::Notification;
use domain::run::{RunId, RunStatus};
use etl_engine::run::{Job, NewRun, Recorded};
use jiff::Timestamp;

use super::change::{Change, FIRST_RECORD};
use super::{DynamoDbRunLedger, keys};
use crate::dynamo_db::attributes::{parsed_of, text_of};
use crate::dynamo_db::{Outcome, Tried, read, repeating};

const WHAT: &str = "record a run";

impl DynamoDbRunLedger {
    pub(super) async fn record_arrival(&self, new: &NewRun, now: Timestamp) -> Result<Recorded> {
        let job = Job::record(new, &self.settings.environment, now);
        let is_held = job.run.status == RunStatus::Held;
        let told = is_held.then(|| Notification::of_run(&job.run, now));
        repeating(WHAT, || self.record_once(&job, told.as_ref())).await
    }

    async fn record_once(&self, job: &Job, told: Option<&Notification>) -> Result<Tried<Recorded>> {
        let change = Change { notification: told, ..Change::new(None, job) };
        let refused = match self.store(&change, WHAT).await? {
            Outcome::Done => return Ok(Tried::Done(Recorded::New(job.run.clone()))),
            Outcome::Refused(refused) => refused,
            Outcome::Busy => return Ok(Tried::Again),
        };
        let first = refused.into_iter().find(|(write, _)| *write == FIRST_RECORD);
        let Some(first) = first.and_then(|(_, item)| item).filter(|item| item.contains_key("run"))
        else {
            return Ok(Tried::Again);
        };
        let original: RunId = parsed_of(&first, "run")?;
        let duplicate = job.clone().duplicate_of(original);
        Ok(match self.store(&Change::new(None, &duplicate), WHAT).await? {
            Outcome::Done => Tried::Done(Recorded::Duplicate(duplicate.run)),
            Outcome::Refused(_) | Outcome::Busy => Tried::Again,
        })
    }

    pub(super) async fn not_recorded(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>> {
        let wanted: Vec<_> = arrivals.iter().map(keys::first_record).collect();
        let what = "look for known arrivals";
        let found = read::items(&self.client, self.state(), what, wanted, &["pk", "sk"]).await?;
        let mut known = HashSet::new();
        for item in &found {
            known.insert((text_of(item, "pk")?.to_owned(), text_of(item, "sk")?.to_owned()));
        }
        let is_known = |arrival: &Arrival| {
            let first = keys::first_record(arrival);
            let parts = (text_of(&first, "pk"), text_of(&first, "sk"));
            matches!(parts, (Ok(pk), Ok(sk)) if known.contains(&(pk.to_owned(), sk.to_owned())))
        };
        Ok(arrivals.into_iter().filter(|arrival| !is_known(arrival)).collect())
    }
}
