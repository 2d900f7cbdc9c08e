//! The uploads in the database.

use domain::Result;
use domain::run::RunId;
use domain::upload::UploadId;
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use super::{Upload, Uploads};
use database::columns::{
    count, from_micros, integer, micros, number, optional_text, parsed, text, word,
};
use database::failed;

const COLUMNS: &str = "SELECT id, owner, actor, object_key, byte_count, received, state, \
     object_version, run, created_at, changed_at FROM uploads";
/// Adds nothing when the owner has as many under way as may be.
const INSERT: &str = "INSERT INTO uploads (id, environment, owner, actor, object_key, byte_count, \
     received, state, created_at, changed_at) SELECT $1, $2, $3, $4, $5, $6, 0, 'RECEIVING', $7, $7 \
     WHERE (SELECT COUNT(*) FROM uploads WHERE environment = $2 AND owner = $3 \
     AND state = 'RECEIVING') < $8";
const RECEIVED: &str = "UPDATE uploads SET received = $1, changed_at = $2 \
     WHERE id = $3 AND environment = $4 AND state = 'RECEIVING'";
const LANDING: &str = "UPDATE uploads SET state = 'LANDING', object_version = $1, changed_at = $2 \
     WHERE id = $3 AND environment = $4 AND state <> 'LANDED'";
const LANDED: &str = "UPDATE uploads SET state = 'LANDED', run = $1, changed_at = $2 \
     WHERE id = $3 AND environment = $4";

impl Uploads {
    pub(super) async fn insert(&self, upload: &Upload) -> Result<bool> {
        let query = sqlx::query(INSERT)
            .bind(upload.id.to_string())
            .bind(self.environment.to_string())
            .bind(upload.owner.clone())
            .bind(upload.actor.clone())
            .bind(upload.key.clone())
            .bind(number("file size", upload.size)?)
            .bind(micros(upload.created_at))
            .bind(i64::from(self.limits.max_per_user));
        Ok(self.database.change("begin an upload", query).await? == 1)
    }

    pub(super) async fn select(&self, id: UploadId) -> Result<Option<Upload>> {
        let row = sqlx::query(condition("id = $2"))
            .bind(self.environment.to_string())
            .bind(id.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read an upload"))?;
        row.as_ref().map(decode).transpose()
    }

    /// Those that got no bytes since `before`.
    pub(super) async fn select_abandoned(&self, before: Timestamp) -> Result<Vec<Upload>> {
        self.select_older(condition("state = 'RECEIVING' AND changed_at < $2"), before).await
    }

    /// Those that have all their bytes since `before`, and have not landed.
    pub(super) async fn select_complete(&self, before: Timestamp) -> Result<Vec<Upload>> {
        let complete = "state <> 'LANDED' AND received = byte_count AND changed_at < $2";
        self.select_older(condition(complete), before).await
    }

    async fn select_older(&self, statement: SqlStr, before: Timestamp) -> Result<Vec<Upload>> {
        let rows = sqlx::query(statement)
            .bind(self.environment.to_string())
            .bind(micros(before))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list uploads"))?;
        rows.iter().map(decode).collect()
    }

    pub(super) async fn update_received(
        &self,
        id: UploadId,
        received: u64,
        at: Timestamp,
    ) -> Result<()> {
        self.update(RECEIVED, Value::Number(number("offset", received)?), id, at).await.map(drop)
    }

    /// False when it was aborted meanwhile, or has landed.
    pub(super) async fn update_landing(&self, id: UploadId, e_tag: &str) -> Result<bool> {
        self.update(LANDING, Value::Text(e_tag.to_owned()), id, Timestamp::now()).await
    }

    pub(super) async fn update_landed(&self, id: UploadId, run: RunId) -> Result<()> {
        self.update(LANDED, Value::Text(run.to_string()), id, Timestamp::now()).await.map(drop)
    }

    /// An upload that was aborted meanwhile stays away: nothing is updated then, and false returned.
    async fn update(
        &self,
        statement: &'static str,
        value: Value,
        id: UploadId,
        at: Timestamp,
    ) -> Result<bool> {
        let query = match value {
            Value::Number(value) => sqlx::query(statement).bind(value),
            Value::Text(value) => sqlx::query(statement).bind(value),
        };
        let query = query.bind(micros(at)).bind(id.to_string()).bind(self.environment.to_string());
        Ok(self.database.change("note what came of an upload", query).await? == 1)
    }

    pub(super) async fn delete_receiving(&self, id: UploadId) -> Result<bool> {
        let statement =
            "DELETE FROM uploads WHERE environment = $1 AND id = $2 AND state = 'RECEIVING'";
        let query = sqlx::query(statement).bind(self.environment.to_string()).bind(id.to_string());
        Ok(self.database.change("remove an upload", query).await? == 1)
    }

    /// Also those that were cut off while they landed and whose place another file took since.
    pub(super) async fn delete_landed(&self, before: Timestamp) -> Result<()> {
        let statement = "DELETE FROM uploads WHERE environment = $1 AND state <> 'RECEIVING' AND changed_at < $2";
        let query = sqlx::query(statement).bind(self.environment.to_string()).bind(micros(before));
        self.database.change("forget landed uploads", query).await.map(drop)
    }
}

enum Value {
    Number(i64),
    Text(String),
}

fn condition(condition: &'static str) -> SqlStr {
    AssertSqlSafe(format!("{COLUMNS} WHERE environment = $1 AND {condition} ORDER BY id"))
        .into_sql_str()
}

fn decode(row: &AnyRow) -> Result<Upload> {
    Ok(Upload {
        id: parsed(("id", text(row, "id")?))?,
        owner: text(row, "owner")?,
        actor: text(row, "actor")?,
        key: text(row, "object_key")?,
        size: count("byte_count", integer(row, "byte_count")?)?,
        received: count("received", integer(row, "received")?)?,
        state: word("state", &text(row, "state")?)?,
        e_tag: optional_text(row, "object_version")?,
        run: optional_text(row, "run")?.map(|run| parsed(("run", run))).transpose()?,
        created_at: from_micros(integer(row, "created_at")?)?,
        changed_at: from_micros(integer(row, "changed_at")?)?,
    })
}
