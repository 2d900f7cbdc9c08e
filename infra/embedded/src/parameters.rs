//! Parameters in SQL.

use async_trait::async_trait;
use database::columns::{self, from_micros, micros, number};
use database::{Database, failed, retrying};
use domain::{Error, ErrorKind, Result};
use infra::parameters::{Parameter, ParameterPath, ParameterStore, check_value};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::AccountRegion;

const HISTORY: &str = "SELECT path, version, value, updated_at FROM parameters \
     WHERE account = $1 AND region = $2 AND path = $3 ORDER BY version DESC LIMIT $4";
/// Of all folders: they are few, and databases compare text by their own locale.
const LIST: &str = "SELECT path, version, value, updated_at FROM parameters AS one \
     WHERE account = $1 AND region = $2 AND version = (SELECT MAX(version) FROM parameters AS newest \
     WHERE newest.account = $1 AND newest.region = $2 AND newest.path = one.path)";
const PUT: &str = "INSERT INTO parameters (account, region, path, version, value, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, region, path, version) DO NOTHING";
const DELETE: &str = "DELETE FROM parameters WHERE account = $1 AND region = $2 AND path = $3";

/// So often a put without a base begins again because another one was faster.
const LOST_RACES: usize = 50;

/// The [`ParameterStore`] of one account and region in a [`Database`].
#[derive(Debug, Clone)]
pub struct SqlParameterStore {
    database: Database,
    at: AccountRegion,
}

impl SqlParameterStore {
    /// The store of an account and region.
    pub fn new(database: Database, at: AccountRegion) -> Self {
        Self { database, at }
    }

    async fn newest(&self, path: &ParameterPath, limit: i64) -> Result<Vec<Parameter>> {
        let rows = sqlx::query(HISTORY)
            .bind(self.at.account().to_owned())
            .bind(self.at.region().to_owned())
            .bind(path.to_string())
            .bind(limit)
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a parameter"))?;
        rows.iter().map(decode).collect()
    }

    async fn insert(&self, parameter: &Parameter) -> Result<bool> {
        let query = sqlx::query(PUT)
            .bind(self.at.account().to_owned())
            .bind(self.at.region().to_owned())
            .bind(parameter.path.to_string())
            .bind(number("version", parameter.version)?)
            .bind(parameter.value.clone())
            .bind(micros(parameter.updated_at));
        Ok(self.database.change("put a parameter", query).await? == 1)
    }

    /// The version that was put, or `None` when another one was faster.
    async fn put_over(
        &self,
        base: u64,
        path: &ParameterPath,
        value: &str,
    ) -> Result<Option<Parameter>> {
        let parameter = Parameter {
            path: path.clone(),
            value: value.to_owned(),
            version: base + 1,
            updated_at: columns::whole_micros(Timestamp::now())?,
        };
        Ok(retrying(|| self.insert(&parameter)).await?.then_some(parameter))
    }
}

#[async_trait]
impl ParameterStore for SqlParameterStore {
    async fn get(&self, path: &ParameterPath) -> Result<Option<Parameter>> {
        Ok(self.newest(path, 1).await?.pop())
    }

    async fn list(&self, folder: &ParameterPath) -> Result<Vec<Parameter>> {
        let rows = sqlx::query(LIST)
            .bind(self.at.account().to_owned())
            .bind(self.at.region().to_owned())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list parameters"))?;
        let mut found = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        let prefix = format!("{folder}/");
        found.retain(|parameter| parameter.path.as_str().starts_with(&prefix));
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    async fn history(&self, path: &ParameterPath) -> Result<Vec<Parameter>> {
        self.newest(path, i64::MAX).await
    }

    async fn put(&self, path: &ParameterPath, value: &str, base: Option<u64>) -> Result<Parameter> {
        check_value(path, value)?;
        for _ in 0..LOST_RACES {
            let current = self.get(path).await?;
            let version = current.as_ref().map_or(0, |current| current.version);
            if base.is_some_and(|base| base != version) {
                return Err(Error::conflict(format!(
                    "parameter {path} is at version {version}, not {}: look at it and repeat your \
                     change",
                    base.unwrap_or_default()
                )));
            }
            if let Some(current) = current.filter(|current| current.value == value) {
                return Ok(current);
            }
            if let Some(put) = self.put_over(version, path, value).await? {
                return Ok(put);
            }
        }
        let message = format!("parameter {path} is changed by many at once: repeat your change");
        Err(Error::new(ErrorKind::Throttled, message))
    }

    async fn delete(&self, path: &ParameterPath) -> Result<()> {
        let query = || {
            sqlx::query(DELETE)
                .bind(self.at.account().to_owned())
                .bind(self.at.region().to_owned())
                .bind(path.to_string())
        };
        retrying(|| self.database.change("delete a parameter", query())).await.map(drop)
    }
}

fn decode(row: &AnyRow) -> Result<Parameter> {
    Ok(Parameter {
        path: columns::parsed(("path", columns::text(row, "path")?))?,
        value: columns::text(row, "value")?,
        version: columns::count("version", columns::integer(row, "version")?)?,
        updated_at: from_micros(columns::integer(row, "updated_at")?)?,
    })
}
