//! The outbox in SQL: notifications that wait, in the same database as the outcomes they tell of.

use async_trait::async_trait;
use domain::environment::EnvironmentName;
use domain::notification::{Notification, NotificationRoute};
use domain::{Error, Result};
use etl_engine::notify::{Delivery, Outbox, Pending};
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

    async fn take(
        &self,
        connection: &mut AnyConnection,
        row: &AnyRow,
        hidden_until: Timestamp,
    ) -> Result<Option<Pending>> {
        let pending = decode(row)?;
        let taken = sqlx::query(TAKE)
            .bind(micros(hidden_until))
            .bind(self.environment.to_string())
            .bind(pending.notification.id.clone())
            .bind(columns::integer(row, "due_at")?)
            .execute(connection)
            .await
            .map_err(failed("take a notification"))?;
        Ok((taken.rows_affected() == 1).then_some(pending))
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
        let error = error.to_owned();
        let query = match retry_at {
            Some(retry_at) => sqlx::query(RETRY).bind(error).bind(micros(retry_at)),
            None => sqlx::query(GIVE_UP).bind(error),
        };
        self.change(id, query).await
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
