//! The outbox in SQL: notifications that wait, in the same database as the outcomes they tell of.

use async_trait::async_trait;
use domain::environment::EnvironmentName;
use domain::notification::{Notification, NotificationRoute};
use domain::{Error, Result};
use etl_engine::notify::{Delivery, MAX_ATTEMPTS, Outbox, Pending};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use database::columns::{self, from_json, from_micros, micros, to_json};
use database::{Database, Statement, failed};

const INSERT: &str = "INSERT INTO outbox \
     (environment, id, subject, event, source_system, body, created_at, due_at, attempts, state) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 'WAITING') ON CONFLICT (environment, id) DO NOTHING";
const DUE: &str = "SELECT id, subject, event, source_system, body, created_at, due_at, attempts \
     FROM outbox \
     WHERE environment = $1 AND state = 'WAITING' AND due_at <= $2 \
     ORDER BY created_at, id LIMIT $3";
/// Whoever changes the time first has taken it.
const TAKE: &str = "UPDATE outbox SET due_at = $1 \
     WHERE environment = $2 AND id = $3 AND state = 'WAITING' AND due_at = $4";
const DELIVERED: &str = "UPDATE outbox SET state = 'DELIVERED', delivered_at = $1 \
     WHERE environment = $2 AND id = $3";
const RETRY: &str = "UPDATE outbox SET attempts = attempts + 1, last_error = $1, due_at = $2 \
     WHERE environment = $3 AND id = $4";
const GIVE_UP: &str = "UPDATE outbox SET attempts = attempts + 1, last_error = $1, \
     state = 'GIVEN_UP' WHERE environment = $2 AND id = $3";

const ROUTES: &str = "SELECT document FROM notification_routes WHERE environment = $1";
const SET_ROUTES: &str = "INSERT INTO notification_routes (environment, document) VALUES ($1, $2) \
     ON CONFLICT (environment) DO UPDATE SET document = excluded.document";
const NO_ROUTES: &str = "DELETE FROM notification_routes WHERE environment = $1";

const RECENT: &str = "SELECT id, subject, created_at, attempts, state, last_error, delivered_at \
     FROM outbox WHERE environment = $1 ORDER BY created_at DESC, id DESC LIMIT $2";

/// The [`Outbox`] of one environment in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlOutbox {
    database: Database,
    environment: EnvironmentName,
}

impl SqlOutbox {
    /// The outbox of an environment.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    /// Takes one, unless somebody else has. One that cannot be read is put aside: it must not keep others
    /// back (B10).
    async fn take(
        &self,
        connection: &mut AnyConnection,
        row: &AnyRow,
        hidden_until: Timestamp,
    ) -> Result<Option<Pending>> {
        let id = columns::text(row, "id")?;
        let taken = sqlx::query(TAKE)
            .bind(micros(hidden_until))
            .bind(self.environment.to_string())
            .bind(id.clone())
            .bind(columns::integer(row, "due_at")?)
            .execute(&mut *connection)
            .await
            .map_err(failed("take a notification"))?;
        if taken.rows_affected() != 1 {
            return Ok(None);
        }
        match decode(row) {
            Ok(pending) => Ok(Some(pending)),
            Err(error) => {
                tracing::error!(id, %error, "a notification cannot be read, nobody is told of it");
                let look_at = look_again(row).then_some(hidden_until);
                failure(error.message(), look_at)
                    .bind(self.environment.to_string())
                    .bind(id)
                    .execute(connection)
                    .await
                    .map_err(failed("put a notification aside"))?;
                Ok(None)
            }
        }
    }

    async fn change(&self, id: &str, query: Statement<'_>) -> Result<()> {
        let query = query.bind(self.environment.to_string()).bind(id.to_owned());
        match self.database.change("change a notification", query).await? {
            1 => Ok(()),
            _ => Err(Error::not_found(format!("notification {id} is not in the outbox"))),
        }
    }
}

#[async_trait]
impl Outbox for SqlOutbox {
    async fn take_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Pending>> {
        let due = sqlx::query(DUE)
            .bind(self.environment.to_string())
            .bind(micros(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("look for notifications"))?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let mut transaction = self.database.begin().await?;
        let mut taken = Vec::new();
        for row in &due {
            taken.extend(self.take(&mut transaction, row, hidden_until).await?);
        }
        transaction.commit().await.map_err(failed("take notifications"))?;
        Ok(taken)
    }

    async fn delivered(&self, id: &str, at: Timestamp) -> Result<()> {
        self.change(id, sqlx::query(DELIVERED).bind(micros(at))).await
    }

    async fn failed(&self, id: &str, error: &str, retry_at: Option<Timestamp>) -> Result<()> {
        self.change(id, failure(error, retry_at)).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Delivery>> {
        let rows = sqlx::query(RECENT)
            .bind(self.environment.to_string())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list notifications"))?;
        rows.iter().map(delivery).collect()
    }

    async fn routes(&self) -> Result<Option<Vec<NotificationRoute>>> {
        let row = sqlx::query(ROUTES)
            .bind(self.environment.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read who is told"))?;
        row.map(|row| from_json("document", &columns::text(&row, "document")?)).transpose()
    }

    async fn set_routes(&self, routes: Option<&[NotificationRoute]>) -> Result<()> {
        let environment = self.environment.to_string();
        let query = match routes {
            Some(routes) => sqlx::query(SET_ROUTES).bind(environment).bind(to_json(&routes)?),
            None => sqlx::query(NO_ROUTES).bind(environment),
        };
        self.database.change("say who is told", query).await.map(drop)
    }
}

/// Adds a notification in the transaction of the outcome that it tells of.
pub(crate) async fn insert(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    notification: &Notification,
) -> Result<()> {
    let query = sqlx::query(INSERT)
        .bind(environment.to_string())
        .bind(notification.id.clone())
        .bind(notification.subject.clone())
        .bind(notification.event.map(|event| event.as_str()))
        .bind(notification.source_system.clone())
        .bind(to_json(&notification.body)?)
        .bind(micros(notification.created_at))
        .bind(micros(notification.created_at));
    query.execute(connection).await.map(drop).map_err(failed("add a notification"))
}

/// An attempt that failed, as a statement that wants environment and id yet: when the next one is due, or
/// that it was the last one.
fn failure(error: &str, retry_at: Option<Timestamp>) -> Statement<'static> {
    let error = error.to_owned();
    match retry_at {
        Some(retry_at) => sqlx::query(RETRY).bind(error).bind(micros(retry_at)),
        None => sqlx::query(GIVE_UP).bind(error),
    }
}

/// Whether one that cannot be read is worth another look.
fn look_again(row: &AnyRow) -> bool {
    let attempts = columns::integer(row, "attempts");
    attempts.is_ok_and(|attempts| attempts.saturating_add(1) < i64::from(MAX_ATTEMPTS))
}

fn decode(row: &AnyRow) -> Result<Pending> {
    let event = columns::optional_text(row, "event")?;
    Ok(Pending {
        notification: Notification {
            id: columns::text(row, "id")?,
            subject: columns::text(row, "subject")?,
            event: event.map(|event| columns::word("event", &event)).transpose()?,
            source_system: columns::optional_text(row, "source_system")?,
            body: from_json("body", &columns::text(row, "body")?)?,
            created_at: from_micros(columns::integer(row, "created_at")?)?,
        },
        attempts: columns::count("attempts", columns::integer(row, "attempts")?)?,
    })
}

fn delivery(row: &AnyRow) -> Result<Delivery> {
    Ok(Delivery {
        id: columns::text(row, "id")?,
        subject: columns::text(row, "subject")?,
        created_at: from_micros(columns::integer(row, "created_at")?)?,
        failed_attempts: columns::count("attempts", columns::integer(row, "attempts")?)?,
        state: columns::word("state", &columns::text(row, "state")?)?,
        last_error: columns::optional_text(row, "last_error")?,
        delivered_at: columns::optional_time(row, "delivered_at")?,
    })
}

#[cfg(test)]
mod tests {
    use database::sqlite_url;
    use etl_engine::notify::DeliveryState;
    use etl_engine::testing::sample::at;

    use super::*;

    fn told(id: &str, second: i64) -> Notification {
        Notification {
            id: id.into(),
            subject: format!("{id} ended"),
            event: None,
            source_system: None,
            body: serde_json::json!({ "id": id }),
            created_at: at(second),
        }
    }

    #[tokio::test]
    async fn b10_one_that_cannot_be_read_keeps_no_other_back_and_is_given_up_in_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
        let database = Database::open(&url).await.unwrap();
        let outbox = SqlOutbox::new(database.clone(), "dev".parse().unwrap());
        let mut transaction = database.begin().await.unwrap();
        for (second, id) in [(0, "broken"), (1, "whole")] {
            insert(&mut transaction, &outbox.environment, &told(id, second)).await.unwrap();
        }
        let plant = "UPDATE outbox SET event = 'of a newer server' WHERE id = 'broken'";
        sqlx::query(plant).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();

        let taken = outbox.take_due(at(10), at(20), 9).await.unwrap();
        let taken: Vec<_> = taken.into_iter().map(|pending| pending.notification).collect();
        assert_eq!(taken, [told("whole", 1)]);
        outbox.delivered("whole", at(11)).await.unwrap();
        let broken = async || outbox.recent(9).await.unwrap().pop().unwrap();
        let once = broken().await;
        assert_eq!((once.state, once.failed_attempts), (DeliveryState::Waiting, 1));
        assert!(once.last_error.unwrap().contains("event"));

        for look in 2..=i64::from(MAX_ATTEMPTS) {
            let (now, later) = (at(10 * look), at(10 * look + 10));
            assert_eq!(outbox.take_due(now, later, 9).await.unwrap(), []);
            assert_eq!(i64::from(broken().await.failed_attempts), look);
        }
        assert_eq!(broken().await.state, DeliveryState::GivenUp);
        assert_eq!(outbox.take_due(at(9_000), at(9_001), 9).await.unwrap(), []);
        assert_eq!(broken().await.failed_attempts, MAX_ATTEMPTS);
    }
}
