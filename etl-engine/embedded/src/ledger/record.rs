//! Recording arrivals, each once.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use domain::Result;
use domain::arrival::Arrival;
use domain::notification::Notification;
use domain::run::{RunId, RunStatus, Trigger};
use etl_engine::run::{Job, NewRun, Recorded};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::{AssertSqlSafe, Row};

use super::{SqlRunLedger, row};
use crate::outbox;
use database::columns;
use database::{damaged, failed};

const FIRST_RECORD: &str = "SELECT id FROM runs WHERE environment = $1 AND bucket = $2 \
     AND object_key = $3 AND object_version = $4 AND is_first_record = 1";

/// One statement serves every number of keys: the last one is repeated.
const KEYS_AT_A_TIME: usize = 100;
static KNOWN: LazyLock<Arc<str>> = LazyLock::new(|| {
    let keys: Vec<_> = (0..KEYS_AT_A_TIME).map(|index| format!("${}", index + 2)).collect();
    let statement = "SELECT DISTINCT bucket, object_key, object_version FROM runs \
         WHERE environment = $1 AND object_key IN";
    format!("{statement} ({})", keys.join(", ")).into()
});

impl SqlRunLedger {
    pub(super) async fn record_once(&self, new: &NewRun, now: Timestamp) -> Result<Recorded> {
        let job = Job::record(new, &self.environment, now);
        let may_repeat = new.trigger == Trigger::Replay;
        let mut transaction = self.database.begin().await?;
        let recorded = if row::insert(&mut transaction, &job, !may_repeat).await? {
            if job.run.status == RunStatus::Held {
                let told = Notification::of_run(&job.run, now);
                outbox::insert(&mut transaction, &self.environment, &told).await?;
            }
            Recorded::New(job.run)
        } else {
            let original = self.first_record(&mut transaction, &new.arrival).await?;
            let duplicate = job.duplicate_of(original);
            row::insert(&mut transaction, &duplicate, false).await?;
            Recorded::Duplicate(duplicate.run)
        };
        transaction.commit().await.map_err(failed("record a run"))?;
        Ok(recorded)
    }

    pub(super) async fn not_recorded(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>> {
        let mut known = HashSet::new();
        for chunk in arrivals.chunks(KEYS_AT_A_TIME) {
            let mut query =
                sqlx::query(AssertSqlSafe(KNOWN.clone())).bind(self.environment.to_string());
            for index in 0..KEYS_AT_A_TIME {
                let arrival = chunk.get(index).or(chunk.last());
                query = query.bind(arrival.map(|arrival| arrival.key.clone()));
            }
            let rows = query.fetch_all(self.database.reader()?).await;
            for row in rows.map_err(failed("look for known arrivals"))? {
                known.insert((
                    columns::text(&row, "bucket")?,
                    columns::text(&row, "object_key")?,
                    columns::text(&row, "object_version")?,
                ));
            }
        }
        let is_known = |arrival: &Arrival| {
            let Arrival { bucket, key, version, .. } = arrival;
            known.contains(&(bucket.clone(), key.clone(), version.to_string()))
        };
        Ok(arrivals.into_iter().filter(|arrival| !is_known(arrival)).collect())
    }

    async fn first_record(
        &self,
        connection: &mut AnyConnection,
        arrival: &Arrival,
    ) -> Result<RunId> {
        let id: String = sqlx::query(FIRST_RECORD)
            .bind(self.environment.to_string())
            .bind(arrival.bucket.clone())
            .bind(arrival.key.clone())
            .bind(arrival.version.to_string())
            .fetch_one(connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(failed("find the first record of an arrival"))?;
        id.parse().map_err(|error| damaged("id", error))
    }
}
