//! The record of queries in the database: what was asked, where it stands, how it ended.

use database::columns::{
    count, from_micros, integer, micros, number, optional_text, optional_time, parsed, text,
    to_word, whole_micros, word,
};
use database::{Database, failed};
use domain::Result;
use domain::environment::EnvironmentName;
use domain::query::{QueryCost, QueryId, QueryState};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

const NOTING: &str = "note where a query stands";

const COLUMNS: &str = "SELECT id, owner, actor, sql_text, engine, state, created_at, seen_at, \
     finished_at, stop_asked, queued_for, ran_for, row_count, has_more, remark, files, \
     bytes_scanned, partitions, result_bytes, error FROM queries WHERE environment = $1";
const INSERT: &str = "INSERT INTO queries (id, environment, owner, actor, sql_text, sql_hash, \
     engine, state, created_at, seen_at, stop_asked, queued_for, ran_for, row_count, has_more, \
     files, bytes_scanned, partitions) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 0, 0, 0, 0, 0, 0, 0, 0)";
/// What has ended stays as it is.
const UPDATE: &str = "UPDATE queries SET state = $3, seen_at = $4, finished_at = $5, \
     queued_for = $6, ran_for = $7, row_count = $8, has_more = $9, remark = $10, files = $11, \
     bytes_scanned = $12, partitions = $13, result_bytes = $14, error = $15 \
     WHERE environment = $1 AND id = $2 AND state IN ('QUEUED', 'RUNNING')";
const LOST: &str = "UPDATE queries SET state = 'FAILED', finished_at = seen_at, error = $3 \
     WHERE environment = $1 AND state IN ('QUEUED', 'RUNNING') AND seen_at < $2";

/// One query as it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRecord {
    /// Its id.
    pub id: QueryId,
    /// The user's id.
    pub owner: String,
    /// Their name.
    pub actor: String,
    /// The text.
    pub sql: String,
    /// The engine.
    pub engine: String,
    /// Where it stands.
    pub state: QueryState,
    /// When it was asked.
    pub created_at: Timestamp,
    /// The last sign of life of the server that computes it.
    pub seen_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Whether somebody asked to stop it.
    pub stop_asked: bool,
    /// Time in the queue.
    pub queued: SignedDuration,
    /// Time of computing.
    pub ran: SignedDuration,
    /// Rows kept.
    pub rows: u64,
    /// Whether there are more.
    pub has_more: bool,
    /// What is missing, in words.
    pub remark: Option<String>,
    /// What it reads.
    pub cost: QueryCost,
    /// Bytes of the kept rows; `None` when none are kept.
    pub result_bytes: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Which records to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Only of this user.
    pub owner: Option<String>,
    /// Only with this in their text, whatever the case of its letters.
    pub search: Option<String>,
    /// Only before this one.
    pub before: Option<QueryId>,
    /// Most records.
    pub limit: u32,
}

/// The records of one environment.
#[derive(Debug, Clone)]
pub struct QueryRecords {
    database: Database,
    environment: EnvironmentName,
}

impl QueryRecords {
    /// In a database.
    pub fn new(database: Database, environment: EnvironmentName) -> Self {
        Self { database, environment }
    }

    /// Records a new query.
    pub async fn insert(&self, record: &QueryRecord) -> Result<()> {
        let query = sqlx::query(INSERT)
            .bind(record.id.to_string())
            .bind(self.environment.to_string())
            .bind(record.owner.clone())
            .bind(record.actor.clone())
            .bind(record.sql.clone())
            .bind(text_hash(&record.sql))
            .bind(record.engine.clone())
            .bind(to_word(&record.state)?)
            .bind(micros(record.created_at));
        self.database.change(NOTING, query).await.map(drop)
    }

    /// Notes where a query stands that had not ended. Says whether it was noted.
    pub async fn update(&self, record: &QueryRecord) -> Result<bool> {
        let result_bytes = record.result_bytes.map(|bytes| number("size", bytes)).transpose()?;
        let query = sqlx::query(UPDATE)
            .bind(self.environment.to_string())
            .bind(record.id.to_string())
            .bind(to_word(&record.state)?)
            .bind(micros(record.seen_at))
            .bind(record.finished_at.map(micros))
            .bind(duration(record.queued))
            .bind(duration(record.ran))
            .bind(number("rows", record.rows)?)
            .bind(i64::from(record.has_more))
            .bind(record.remark.clone())
            .bind(number("files", record.cost.files)?)
            .bind(number("bytes", record.cost.bytes)?)
            .bind(number("partitions", record.cost.partitions)?)
            .bind(result_bytes)
            .bind(record.error.clone());
        Ok(self.database.change(NOTING, query).await? == 1)
    }

    /// Asks whichever server computes the query to stop.
    pub async fn ask_to_stop(&self, id: QueryId) -> Result<()> {
        let stop = "UPDATE queries SET stop_asked = 1 WHERE environment = $1 AND id = $2";
        let query = sqlx::query(stop).bind(self.environment.to_string()).bind(id.to_string());
        self.database.change(NOTING, query).await.map(drop)
    }

    /// Queries without a sign of life since `before` have failed.
    pub async fn give_up_lost(&self, before: Timestamp) -> Result<u64> {
        let why = "the server that computed it was stopped: run it again";
        let query =
            sqlx::query(LOST).bind(self.environment.to_string()).bind(micros(before)).bind(why);
        self.database.change(NOTING, query).await
    }

    /// The rows of a query are no longer kept.
    pub async fn forget_result(&self, id: QueryId) -> Result<()> {
        let forget = "UPDATE queries SET result_bytes = NULL WHERE environment = $1 AND id = $2";
        let query = sqlx::query(forget).bind(self.environment.to_string()).bind(id.to_string());
        self.database.change(NOTING, query).await.map(drop)
    }

    /// One record.
    pub async fn find(&self, id: QueryId) -> Result<Option<QueryRecord>> {
        let row = sqlx::query(AssertSqlSafe(format!("{COLUMNS} AND id = $2")))
            .bind(self.environment.to_string())
            .bind(id.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a query"))?;
        row.as_ref().map(decode).transpose()
    }

    /// The newest query of the owner with the same text that succeeded before this one, and whose
    /// rows are kept.
    pub async fn previous(&self, of: &QueryRecord) -> Result<Option<QueryRecord>> {
        let statement = format!(
            "{COLUMNS} AND owner = $2 AND sql_hash = $3 AND id < $4 AND state = 'SUCCEEDED' \
             AND result_bytes IS NOT NULL ORDER BY id DESC LIMIT 1"
        );
        let row = sqlx::query(AssertSqlSafe(statement))
            .bind(self.environment.to_string())
            .bind(of.owner.clone())
            .bind(text_hash(&of.sql))
            .bind(of.id.to_string())
            .fetch_optional(self.database.reader()?)
            .await
            .map_err(failed("read a query"))?;
        row.as_ref().map(decode).transpose()
    }

    /// Records that match, newest first.
    pub async fn list(&self, filter: &RecordFilter) -> Result<Vec<QueryRecord>> {
        let statement = format!(
            "{COLUMNS} AND (owner = $2 OR $2 = '') AND (id < $3 OR $3 = '') \
             AND LOWER(sql_text) LIKE $4 ESCAPE '!' ORDER BY id DESC LIMIT $5"
        );
        let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
        let search = search.replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let rows = sqlx::query(AssertSqlSafe(statement))
            .bind(self.environment.to_string())
            .bind(filter.owner.clone().unwrap_or_default())
            .bind(filter.before.map(|id| id.to_string()).unwrap_or_default())
            .bind(format!("%{search}%"))
            .bind(i64::from(filter.limit))
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list queries"))?;
        rows.iter().map(decode).collect()
    }

    /// Queries whose rows are kept, newest first, as (id, bytes).
    pub async fn kept(&self) -> Result<Vec<(QueryId, u64)>> {
        let statement = "SELECT id, result_bytes FROM queries WHERE environment = $1 \
             AND result_bytes IS NOT NULL ORDER BY id DESC";
        let rows = sqlx::query(statement)
            .bind(self.environment.to_string())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list kept results"))?;
        let kept = |row: &AnyRow| {
            let id = parsed(("id", text(row, "id")?))?;
            Ok((id, count("result_bytes", integer(row, "result_bytes")?)?))
        };
        rows.iter().map(kept).collect()
    }
}

/// Names a text, white space at its ends aside.
fn text_hash(sql: &str) -> String {
    Sha256::digest(sql.trim().trim_end_matches(';').trim())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn duration(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn decode(row: &AnyRow) -> Result<QueryRecord> {
    let result_bytes: Option<i64> = row.try_get("result_bytes").map_err(failed("read a number"))?;
    let flag = |column| Ok::<_, domain::Error>(integer(row, column)? != 0);
    let amount = |column| count::<u64>(column, integer(row, column)?);
    let ran = SignedDuration::from_micros(integer(row, "ran_for")?);
    Ok(QueryRecord {
        id: parsed(("id", text(row, "id")?))?,
        owner: text(row, "owner")?,
        actor: text(row, "actor")?,
        sql: text(row, "sql_text")?,
        engine: text(row, "engine")?,
        state: word("state", &text(row, "state")?)?,
        created_at: from_micros(integer(row, "created_at")?)?,
        seen_at: from_micros(integer(row, "seen_at")?)?,
        finished_at: optional_time(row, "finished_at")?,
        stop_asked: flag("stop_asked")?,
        queued: SignedDuration::from_micros(integer(row, "queued_for")?),
        ran,
        rows: amount("row_count")?,
        has_more: flag("has_more")?,
        remark: optional_text(row, "remark")?,
        cost: QueryCost {
            files: amount("files")?,
            bytes: amount("bytes_scanned")?,
            partitions: amount("partitions")?,
            seconds: ran.as_secs_f64(),
        },
        result_bytes: result_bytes.map(|bytes| count("result_bytes", bytes)).transpose()?,
        error: optional_text(row, "error")?,
    })
}

impl QueryRecord {
    /// A query that was asked just now.
    pub fn new(owner: &str, actor: &str, sql: &str, engine: &str) -> Result<Self> {
        let now = whole_micros(Timestamp::now())?;
        Ok(Self {
            id: QueryId::generate(),
            owner: owner.to_owned(),
            actor: actor.to_owned(),
            sql: sql.to_owned(),
            engine: engine.to_owned(),
            state: QueryState::Queued,
            created_at: now,
            seen_at: now,
            finished_at: None,
            stop_asked: false,
            queued: SignedDuration::ZERO,
            ran: SignedDuration::ZERO,
            rows: 0,
            has_more: false,
            remark: None,
            cost: QueryCost::default(),
            result_bytes: None,
            error: None,
        })
    }
}
