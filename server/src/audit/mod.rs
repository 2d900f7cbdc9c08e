//! The audit log: who changed what, with what it was before and after.
//!
//! Architecture invariant: rows are added and read; no statement changes or deletes one. No secret
//! goes in (promise D13): fields that are named like one are blanked, whatever the caller passes.

mod blank;
mod entry;
mod export;
mod request;

use std::future::Future;

use database::{Database, failed};
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::accounts::{Caller, Via};

pub use entry::{AuditEntry, AuditFilter};
pub use export::{ExportFormat, export};
pub use request::{in_request, request_id};

const INSERT: &str = "INSERT INTO audit_log (id, at, actor, actor_id, via, action, environment, \
     object, before_change, after_change, request_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Longer documents are not stored; their size is.
const LONGEST_DOCUMENT: usize = 64 * 1024;

/// The audit log in the [`Database`]. Clones share it.
#[derive(Debug, Clone)]
pub struct Audit {
    database: Database,
}

impl Audit {
    /// The log of a database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Records that `caller` did `action` (as `source.register`) to `object`, which was `before` and
    /// is `after`. Without environment: to the lake as a whole.
    pub fn record(
        &self,
        caller: &Caller,
        action: &str,
        environment: Option<&EnvironmentName>,
        object: &str,
        before: Option<&impl Serialize>,
        after: Option<&impl Serialize>,
    ) -> impl Future<Output = Result<()>> + Send {
        // Before the future is made, so that it does not hold what is not Send.
        let documents = document(before).and_then(|before| Ok((before, document(after)?)));
        let query = documents.map(|(before, after)| {
            sqlx::query(INSERT)
                .bind(Uuid::now_v7().to_string())
                .bind(Timestamp::now().as_microsecond())
                .bind(caller.login().to_owned())
                .bind(caller.user.id.clone())
                .bind(via(caller))
                .bind(action.to_owned())
                .bind(environment.map(ToString::to_string))
                .bind(object.to_owned())
                .bind(before)
                .bind(after)
        });
        let database = self.database.clone();
        async move {
            let query = query?.bind(request_id());
            let mut transaction = database.begin().await?;
            query.execute(&mut *transaction).await.map_err(failed("write the audit log"))?;
            transaction.commit().await.map_err(failed("write the audit log"))
        }
    }
}

/// Not the hash of the session: the log is for many eyes.
fn via(caller: &Caller) -> String {
    match &caller.via {
        Via::Session(_) => "session".to_owned(),
        Via::Token(id) => format!("token {id}"),
        Via::CommandLine => "command line".to_owned(),
    }
}

fn document(value: Option<&impl Serialize>) -> Result<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    let mut value = serde_json::to_value(value)
        .map_err(|error| Error::internal(format!("a change cannot be written as JSON: {error}")))?;
    blank::secrets(&mut value);
    let text = value.to_string();
    if text.len() <= LONGEST_DOCUMENT {
        return Ok(Some(text));
    }
    Ok(Some(serde_json::json!({ "too_long_to_store_bytes": text.len() }).to_string()))
}
