//! Reading the audit log.

use database::{columns, damaged, failed};
use domain::Result;
use domain::environment::EnvironmentName;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sqlx::any::AnyRow;

use super::Audit;

/// Empty texts stand for "any".
const LIST: &str = "SELECT id, at, actor, via, action, environment, object, before_change, \
     after_change, request_id FROM audit_log WHERE id < $1 AND at >= $2 AND at < $3 \
     AND ($4 = '' OR actor = $4) AND ($5 = '' OR action LIKE $5 ESCAPE '!') \
     AND ($6 = '' OR environment = $6) AND ($7 = '' OR LOWER(object) LIKE $7 ESCAPE '!') \
     ORDER BY id DESC LIMIT $8";

/// Behind every UUID.
const AFTER_ALL: &str = "g";

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// UUIDv7: sorts by time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The login of who did it, as it was then.
    pub actor: String,
    /// `session`, or `token` and its id.
    pub via: String,
    /// What was done, as `source.register`.
    pub action: String,
    /// Where; `None`: to the lake as a whole.
    pub environment: Option<EnvironmentName>,
    /// To what.
    pub object: String,
    /// How it was.
    pub before: Option<Value>,
    /// How it is.
    pub after: Option<Value>,
    /// The request, as in log lines and problems.
    pub request_id: String,
}

/// Which entries are asked for. `None` means any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The login of who did it.
    pub actor: Option<String>,
    /// How the action begins: `source` or `source.register`.
    pub action: Option<String>,
    /// A part of the object, in any case.
    pub object: Option<String>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Older than the entry with this id.
    pub older_than: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Audit {
    /// Entries, newest first.
    pub async fn list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>> {
        let time = |time: Option<Timestamp>, other| time.map_or(other, Timestamp::as_microsecond);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let pattern = |text: &Option<String>, before: &str| match text.as_deref() {
            None | Some("") => String::new(),
            Some(text) => format!("{before}{}%", escaped(text)),
        };
        let older_than = filter.older_than.clone().unwrap_or_else(|| AFTER_ALL.to_owned());
        let rows = sqlx::query(LIST)
            .bind(older_than)
            .bind(time(filter.from, i64::MIN))
            .bind(time(filter.to, i64::MAX))
            .bind(text(&filter.actor))
            .bind(pattern(&filter.action, ""))
            .bind(filter.environment.as_ref().map(ToString::to_string).unwrap_or_default())
            .bind(pattern(&filter.object, "%").to_lowercase())
            .bind(i64::from(filter.limit))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read the audit log"))?;
        rows.iter().map(decode).collect()
    }

    /// The logins and actions that occur, sorted; to choose from.
    pub async fn choices(&self) -> Result<(Vec<String>, Vec<String>)> {
        let read = async |select: &'static str| {
            let rows = sqlx::query(select).fetch_all(self.database.reader()?).await;
            let rows = rows.map_err(failed("read the audit log"))?;
            let texts = rows.iter().map(|row| columns::text(row, "choice"));
            let mut texts = texts.collect::<Result<Vec<_>>>()?;
            texts.sort();
            Ok::<_, domain::Error>(texts)
        };
        let actors = read("SELECT DISTINCT actor AS choice FROM audit_log").await?;
        Ok((actors, read("SELECT DISTINCT action AS choice FROM audit_log").await?))
    }
}

/// For LIKE: the text itself, not a pattern.
fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}

fn decode(row: &AnyRow) -> Result<AuditEntry> {
    let document = |column| -> Result<Option<Value>> {
        let text = columns::optional_text(row, column)?;
        text.map(|text| columns::from_json(column, &text)).transpose()
    };
    let environment = columns::optional_text(row, "environment")?;
    Ok(AuditEntry {
        id: columns::text(row, "id")?,
        at: columns::from_micros(columns::integer(row, "at")?)?,
        actor: columns::text(row, "actor")?,
        via: columns::text(row, "via")?,
        action: columns::text(row, "action")?,
        environment: environment
            .map(|name| name.parse().map_err(|error| damaged("environment", error)))
            .transpose()?,
        object: columns::text(row, "object")?,
        before: document("before_change")?,
        after: document("after_change")?,
        request_id: columns::text(row, "request_id")?,
    })
}
