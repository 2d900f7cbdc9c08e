//! The keys that were used, with what came of them.

use database::{Database, columns, failed};
use domain::Result;
use jiff::{SignedDuration, Timestamp};

/// How long a key is remembered.
pub const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// A change that is under way for so long died with its server.
const ABANDONED: SignedDuration = SignedDuration::from_mins(10);

const CLAIM: &str = "INSERT INTO idempotency_keys (user_id, idem_key, request, body_hash, created_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
const READ: &str = "SELECT request, body_hash, status, content_type, answer \
     FROM idempotency_keys WHERE user_id = $1 AND idem_key = $2";
const KEEP: &str = "UPDATE idempotency_keys SET status = $1, content_type = $2, answer = $3 \
     WHERE user_id = $4 AND idem_key = $5";
const FORGET: &str = "DELETE FROM idempotency_keys WHERE user_id = $1 AND idem_key = $2";
const FORGET_OLD: &str = "DELETE FROM idempotency_keys \
     WHERE created_at <= $1 OR (status IS NULL AND created_at <= $2)";

/// A key and the request it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub caller: String,
    pub key: String,
    /// Method, path and query.
    pub request: String,
    pub body_hash: String,
}

/// The answer of a change that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeptAnswer {
    pub status: u16,
    /// Media type and text; `None` when they were not kept.
    pub body: Option<(String, String)>,
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing yet: it is the caller's now.
    Ours,
    /// The same request, carried out.
    Done(KeptAnswer),
    /// The same request, which has not ended.
    UnderWay,
    /// Another request.
    Other,
}

/// Takes a key. Of two that try at once one gets it.
pub(super) async fn claim(database: &Database, key: &Key, now: Timestamp) -> Result<Claim> {
    const DOING: &str = "take an idempotency key";
    let mut transaction = database.begin().await?;
    sqlx::query(FORGET_OLD)
        .bind((now - LIFE).as_microsecond())
        .bind((now - ABANDONED).as_microsecond())
        .execute(&mut *transaction)
        .await
        .map_err(failed(DOING))?;
    let done = sqlx::query(CLAIM)
        .bind(key.caller.clone())
        .bind(key.key.clone())
        .bind(key.request.clone())
        .bind(key.body_hash.clone())
        .bind(now.as_microsecond())
        .execute(&mut *transaction)
        .await
        .map_err(failed(DOING))?;
    transaction.commit().await.map_err(failed(DOING))?;
    match done.rows_affected() {
        1 => Ok(Claim::Ours),
        _ => read(database, key).await,
    }
}

async fn read(database: &Database, key: &Key) -> Result<Claim> {
    let query = sqlx::query(READ).bind(key.caller.clone()).bind(key.key.clone());
    let row = query.fetch_optional(database.reader()?).await;
    // It was forgotten in this moment: the first has failed, or is told as under way once more.
    let Some(row) = row.map_err(failed("read an idempotency key"))? else {
        return Ok(Claim::UnderWay);
    };
    let text = |column| columns::text(&row, column);
    if text("request")? != key.request || text("body_hash")? != key.body_hash {
        return Ok(Claim::Other);
    }
    let status: Option<i64> =
        sqlx::Row::try_get(&row, "status").map_err(failed("read an idempotency key"))?;
    let Some(status) = status else { return Ok(Claim::UnderWay) };
    let answer = columns::optional_text(&row, "answer")?;
    let media_type = columns::optional_text(&row, "content_type")?.unwrap_or_default();
    Ok(Claim::Done(KeptAnswer {
        status: columns::count("status", status)?,
        body: answer.map(|answer| (media_type, answer)),
    }))
}

/// Stores what a change ended with.
pub(super) async fn keep(database: &Database, key: &Key, answer: &KeptAnswer) -> Result<()> {
    let (media_type, text) = answer.body.clone().unzip();
    let query = sqlx::query(KEEP)
        .bind(i64::from(answer.status))
        .bind(media_type)
        .bind(text)
        .bind(key.caller.clone())
        .bind(key.key.clone());
    database.change("keep the answer of a change", query).await.map(drop)
}

/// Gives a key back.
pub(super) async fn forget(database: &Database, key: &Key) -> Result<()> {
    let query = sqlx::query(FORGET).bind(key.caller.clone()).bind(key.key.clone());
    database.change("give an idempotency key back", query).await.map(drop)
}
