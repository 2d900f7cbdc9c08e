//! The tabs that people have open, so that they are the same on every device.

use app::api::queries::QueryTabs;
use database::columns::{from_json, micros, text, to_json};
use database::{Database, failed};
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use jiff::Timestamp;

/// Tabs that somebody may have open.
const MOST_TABS: usize = 30;

const SAVE: &str = "INSERT INTO query_tabs (environment, owner, tabs, changed_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (environment, owner) \
     DO UPDATE SET tabs = excluded.tabs, changed_at = excluded.changed_at";

/// The open tabs of one environment.
#[derive(Debug, Clone)]
pub struct OpenTabs {
    database: Database,
    environment: EnvironmentName,
}

impl OpenTabs {
    /// In a database.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    /// The tabs of somebody; none at first.
    pub async fn of(&self, owner: &str) -> Result<QueryTabs> {
        let find = "SELECT tabs FROM query_tabs WHERE environment = $1 AND owner = $2";
        let row = sqlx::query(find)
            .bind(self.environment.to_string())
            .bind(owner.to_owned())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read open tabs"))?;
        row.map_or_else(|| Ok(QueryTabs::default()), |row| from_json("tabs", &text(&row, "tabs")?))
    }

    /// Keeps the tabs of somebody; the last device to say so is right.
    /// [`domain::ErrorKind::Invalid`] when they are too many.
    pub async fn keep(&self, owner: &str, tabs: &QueryTabs) -> Result<()> {
        if tabs.tabs.len() > MOST_TABS {
            return Err(Error::invalid(format!("{MOST_TABS} tabs are the most: close some")));
        }
        let query = sqlx::query(SAVE)
            .bind(self.environment.to_string())
            .bind(owner.to_owned())
            .bind(to_json(tabs)?)
            .bind(micros(Timestamp::now()));
        self.database.change("keep open tabs", query).await.map(drop)
    }
}
