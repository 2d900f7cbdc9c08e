//! Where an environment stands: what runs there, and whether pushes wait.

use database::columns::{self, from_json, to_json};
use database::{Database, failed, retrying};
use domain::deployment::{EnvironmentState, Pause, RunningRelease};
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Transaction};

use super::SqlPipelines;

const ENTER: &str =
    "INSERT INTO pipeline_environments (environment) VALUES ($1) ON CONFLICT DO NOTHING";
const SELECT: &str =
    "SELECT environment, running, paused FROM pipeline_environments WHERE environment = $1";
const ALL: &str = "SELECT environment, running, paused FROM pipeline_environments";
const PAUSE: &str = "UPDATE pipeline_environments SET paused = $1 WHERE environment = $2";
const RUN: &str = "UPDATE pipeline_environments SET running = $1 WHERE environment = $2";

/// Locks an environment until the transaction ends.
pub(super) async fn lock(
    database: &Database,
    transaction: &mut Transaction<'_, Any>,
    environment: &EnvironmentName,
) -> Result<EnvironmentState> {
    let entered = sqlx::query(ENTER).bind(environment.to_string()).execute(&mut **transaction);
    entered.await.map_err(failed("enter an environment"))?;
    let row = sqlx::query(database.locking(SELECT))
        .bind(environment.to_string())
        .fetch_one(&mut **transaction)
        .await
        .map_err(failed("lock an environment"))?;
    decode(&row)
}

pub(super) async fn set_running(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    running: &RunningRelease,
) -> Result<()> {
    let query = sqlx::query(RUN).bind(to_json(running)?).bind(environment.to_string());
    query.execute(connection).await.map(drop).map_err(failed("say what runs"))
}

pub(super) async fn set_pause(
    connection: &mut AnyConnection,
    environment: &EnvironmentName,
    pause: Option<&Pause>,
) -> Result<()> {
    let pause = pause.map(to_json).transpose()?;
    let query = sqlx::query(PAUSE).bind(pause).bind(environment.to_string());
    query.execute(connection).await.map(drop).map_err(failed("pause an environment"))
}

impl SqlPipelines {
    /// Where an environment stands. One that nothing was started in has nothing.
    pub async fn environment(&self, name: &EnvironmentName) -> Result<EnvironmentState> {
        let row = sqlx::query(SELECT)
            .bind(name.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read an environment"))?;
        let nothing =
            || Ok(EnvironmentState { environment: name.clone(), running: None, paused: None });
        row.as_ref().map_or_else(nothing, decode)
    }

    /// Where all environments stand that something was started in, by name.
    pub async fn environments(&self) -> Result<Vec<EnvironmentState>> {
        let rows = sqlx::query(ALL).fetch_all(self.database.reader()?).await;
        let rows = rows.map_err(failed("list environments"))?;
        let mut states = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        states.sort_by(|one, other| one.environment.cmp(&other.environment));
        Ok(states)
    }

    /// Lets pushes go on that a rollback holds back; returns the pause that ends.
    /// [`domain::ErrorKind::Conflict`] when there is none.
    pub async fn resume(&self, name: &EnvironmentName) -> Result<Pause> {
        retrying(|| self.resume_once(name)).await
    }

    async fn resume_once(&self, name: &EnvironmentName) -> Result<Pause> {
        let mut transaction = self.database.begin().await?;
        let state = lock(&self.database, &mut transaction, name).await?;
        let Some(pause) = state.paused else {
            return Err(Error::conflict(format!("{name} is not paused: pushes go on already")));
        };
        set_pause(&mut transaction, name, None).await?;
        transaction.commit().await.map_err(failed("resume an environment"))?;
        Ok(pause)
    }
}

fn decode(row: &AnyRow) -> Result<EnvironmentState> {
    let document = |column| columns::optional_text(row, column);
    Ok(EnvironmentState {
        environment: columns::parsed(("environment", columns::text(row, "environment")?))?,
        running: document("running")?.map(|json| from_json("running", &json)).transpose()?,
        paused: document("paused")?.map(|json| from_json("paused", &json)).transpose()?,
    })
}
