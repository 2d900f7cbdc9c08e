//! The query workbench of one environment: queries that survive reload, restart and another device.
//!
//! The record of a query lies in the database, its rows in a file of the data folder, written while
//! they come. A query is its owner's: nobody else gets its rows, admins see the record alone.

mod arrange;
mod carry;
mod cells;
mod chart;
mod compare;
mod export;
mod page;
mod record;
mod result_file;
mod saved;
mod tabs;
mod tend;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::queries::{
    ChartPoints, ChartQuery, ExportQuery, QueryInfo, ResultComparison, ResultRows, RowsQuery,
};
use domain::query::{QueryId, QueryLimits, QueryState, athena_usd};
use domain::{Error, ErrorKind, Result};
use etl_engine::query::service::QueryService;
use jiff::{SignedDuration, Timestamp};

use crate::open_lake::OpenLake;
use arrange::Arrangement;
use carry::Live;
pub use export::ResultExport;
pub use record::{QueryRecord, QueryRecords, RecordFilter};
use result_file::{ResultPaths, ResultReader};
pub use saved::SavedQueries;
pub use tabs::OpenTabs;
pub use tend::tend;

/// Rows of a page when nobody asks for a number, and the most.
const USUAL_ROWS: u32 = 200;
const MOST_ROWS: u32 = 1_000;

/// Arrangements that are remembered, so that scrolling does not sort again.
const REMEMBERED: usize = 16;

/// What is kept of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultRetention {
    /// Results of an environment.
    pub most: usize,
    /// Bytes of all of them.
    pub most_bytes: u64,
    /// For how long.
    pub life: SignedDuration,
}

impl Default for ResultRetention {
    fn default() -> Self {
        let life = SignedDuration::from_hours(7 * 24);
        Self { most: 500, most_bytes: 4 << 30, life }
    }
}

/// What a query of the console may use.
pub fn console_limits() -> QueryLimits {
    QueryLimits {
        max_rows: 100_000,
        max_bytes: 256 * 1024 * 1024,
        timeout: Duration::from_secs(600),
        ..QueryLimits::default()
    }
}

/// The queries of one environment.
#[derive(Debug)]
pub struct Workbench {
    /// The engine.
    pub service: Arc<dyn QueryService>,
    /// The records.
    pub records: QueryRecords,
    /// Saved queries.
    pub saved: SavedQueries,
    /// Open tabs.
    pub tabs: OpenTabs,
    limits: QueryLimits,
    retention: ResultRetention,
    folder: PathBuf,
    live: Mutex<HashMap<QueryId, Arc<Live>>>,
    arranged: Mutex<Vec<Arranged>>,
}

/// A result in an order that somebody looks at.
#[derive(Debug)]
struct Arranged {
    query: QueryId,
    arrangement: Arrangement,
    rows: Arc<Vec<u32>>,
}

impl Workbench {
    /// Over an open lake.
    pub fn over(lake: &OpenLake) -> Result<Self> {
        let environment = lake.lake.environment.clone();
        let database = lake.database().clone();
        let folder = lake.data_dir.join("queries").join(environment.as_str());
        std::fs::create_dir_all(&folder).map_err(|error| {
            let text = format!("the folder {} cannot be made: {error}", folder.display());
            Error::new(ErrorKind::Unavailable, text)
        })?;
        Ok(Self {
            service: lake.query()?,
            records: QueryRecords::new(database.clone(), environment.clone()),
            saved: SavedQueries::new(database.clone(), environment.clone()),
            tabs: OpenTabs::new(database, environment),
            limits: console_limits(),
            retention: ResultRetention::default(),
            folder,
            live: Mutex::default(),
            arranged: Mutex::default(),
        })
    }

    /// Starts a query and returns its record. What is wrong with its text is told by the record.
    pub async fn start(self: &Arc<Self>, owner: &str, actor: &str, sql: &str) -> Result<QueryInfo> {
        let record = QueryRecord::new(owner, actor, sql, self.service.engine())?;
        self.records.insert(&record).await?;
        let live = Arc::new(Live::new(record));
        self.lives().insert(live.id, Arc::clone(&live));
        let carried = Arc::clone(self).carry_out(Arc::clone(&live));
        tokio::spawn(carried);
        Ok(info(live.record()))
    }

    /// A query of this owner. Another's is not found, as if it did not exist.
    pub async fn find(&self, id: QueryId, owner: &str) -> Result<QueryRecord> {
        let record = match self.alive(id) {
            Some(live) => Some(live.record()),
            None => self.records.find(id).await?,
        };
        let unknown = || Error::not_found("there is no such query that you may see");
        record.filter(|record| record.owner == owner).ok_or_else(unknown)
    }

    /// Stops a query, wherever it is computed, and returns what is known of it then.
    pub async fn cancel(&self, id: QueryId, owner: &str) -> Result<QueryRecord> {
        let record = self.find(id, owner).await?;
        if record.state.is_terminal() {
            return Ok(record);
        }
        match self.alive(id) {
            Some(live) => live.stop.cancel(),
            None => self.records.ask_to_stop(id).await?,
        }
        self.find(id, owner).await
    }

    /// Rows of a query of this owner, arranged as asked.
    pub async fn rows(
        self: &Arc<Self>,
        id: QueryId,
        owner: &str,
        wanted: RowsQuery,
    ) -> Result<ResultRows> {
        let record = self.find(id, owner).await?;
        let arrangement = Arrangement::parse(wanted.sort.as_deref(), wanted.filter.as_deref())?;
        let this = Arc::clone(self);
        blocking(move || {
            let Some(mut result) = this.reader(&record)? else { return Ok(ResultRows::default()) };
            let order = match arrangement.is_as_stored() {
                true => None,
                false => Some(this.order(&record, arrangement, &mut result)?),
            };
            let order = order.as_ref().map(|order| order.as_slice());
            let limit = wanted.limit.unwrap_or(USUAL_ROWS).clamp(1, MOST_ROWS) as usize;
            let offset = wanted.offset.unwrap_or_default();
            page::page(&mut result, order, offset, limit, wanted.whole.unwrap_or_default())
        })
        .await
    }

    /// What sets the result `after` apart from `before`, both of this owner.
    pub async fn compare(
        self: &Arc<Self>,
        before: QueryId,
        after: QueryId,
        owner: &str,
        key: Option<&str>,
    ) -> Result<ResultComparison> {
        let (before, after) = (self.find(before, owner).await?, self.find(after, owner).await?);
        let key: Option<Vec<String>> = key
            .filter(|key| !key.trim().is_empty())
            .map(|key| key.split(',').map(|name| name.trim().to_owned()).collect());
        let this = Arc::clone(self);
        blocking(move || {
            let read = |record: &QueryRecord| {
                this.reader(record)?.ok_or_else(|| {
                    Error::conflict("a query without columns cannot be compared: let it end first")
                })
            };
            let mut comparison = compare::compare(read(&before)?, read(&after)?, key.as_deref())?;
            if before.has_more || after.has_more {
                let text =
                    "Not all rows of these queries are kept: rows beyond them count as absent.";
                comparison.remark = Some(text.to_owned());
            }
            Ok(comparison)
        })
        .await
    }

    /// The points of a chart over all kept rows of a query of this owner.
    pub async fn chart(
        self: &Arc<Self>,
        id: QueryId,
        owner: &str,
        wanted: ChartQuery,
    ) -> Result<ChartPoints> {
        let record = self.find(id, owner).await?;
        let this = Arc::clone(self);
        blocking(move || match this.reader(&record)? {
            Some(mut result) => chart::chart(&mut result, &wanted),
            None => Ok(ChartPoints::default()),
        })
        .await
    }

    /// The rows of a query of this owner, all of them or those that fit, to be written to a file.
    pub async fn export(
        self: &Arc<Self>,
        id: QueryId,
        owner: &str,
        wanted: &ExportQuery,
    ) -> Result<ResultExport> {
        let record = self.find(id, owner).await?;
        if record.state != QueryState::Succeeded {
            let text = "only the result of a query that succeeded can be exported";
            return Err(Error::conflict(text));
        }
        let arrangement = Arrangement::parse(wanted.sort.as_deref(), wanted.filter.as_deref())?;
        let this = Arc::clone(self);
        blocking(move || {
            let mut result = this.reader(&record)?.ok_or_else(result_file::gone)?;
            let order = match arrangement.is_as_stored() {
                true => None,
                false => Some(this.order(&record, arrangement, &mut result)?),
            };
            Ok(ResultExport::new(result, order, this.folder.clone()))
        })
        .await
    }

    /// Whether this server computes a query.
    pub fn computes(&self, id: QueryId) -> bool {
        self.alive(id).is_some()
    }

    /// The result as far as it is written; `None` before its columns are known.
    fn reader(&self, record: &QueryRecord) -> Result<Option<ResultReader>> {
        let paths = ResultPaths::of(&self.folder, record.id);
        let pieces = match self.alive(record.id) {
            Some(live) => live.pieces(),
            None if record.result_bytes.is_some() => paths.pieces()?,
            None if record.state.is_terminal() => return Err(result_file::gone()),
            None => return Ok(None),
        };
        pieces.has_head().then(|| paths.open(pieces)).transpose()
    }

    /// Row numbers in the order that is asked, remembered once the result is whole.
    fn order(
        &self,
        record: &QueryRecord,
        arrangement: Arrangement,
        result: &mut ResultReader,
    ) -> Result<Arc<Vec<u32>>> {
        let same = |known: &&Arranged| known.query == record.id && known.arrangement == arrangement;
        if let Some(known) = self.arranged().iter().find(same) {
            return Ok(Arc::clone(&known.rows));
        }
        let rows = Arc::new(arrangement.rows(result)?);
        if record.state.is_terminal() {
            let mut all = self.arranged();
            if all.len() >= REMEMBERED {
                all.remove(0);
            }
            all.push(Arranged { query: record.id, arrangement, rows: Arc::clone(&rows) });
        }
        Ok(rows)
    }

    fn alive(&self, id: QueryId) -> Option<Arc<Live>> {
        self.lives().get(&id).cloned()
    }

    fn lives(&self) -> MutexGuard<'_, HashMap<QueryId, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arranged(&self) -> MutexGuard<'_, Vec<Arranged>> {
        self.arranged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record as the API tells it.
pub fn info(record: QueryRecord) -> QueryInfo {
    let seconds = |duration: SignedDuration| duration.as_secs_f64();
    QueryInfo {
        id: record.id,
        sql: record.sql,
        state: record.state,
        by: record.actor,
        engine: record.engine,
        created_at: record.created_at,
        finished_at: record.finished_at,
        queue_seconds: seconds(record.queued),
        run_seconds: seconds(record.ran),
        rows: record.rows,
        has_more: record.has_more,
        remark: record.remark,
        files: record.cost.files,
        bytes_scanned: record.cost.bytes,
        partitions: record.cost.partitions,
        estimated_usd: athena_usd(record.cost.bytes),
        error: record.error,
        has_result: record.result_bytes.is_some(),
    }
}

/// The time by which a server that lives has said so.
pub(crate) fn last_sign_of_life(now: Timestamp) -> Timestamp {
    now - SignedDuration::from_secs(20)
}

/// Reading files and sorting are no work for the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("reading a result broke down").with_source(error))?
}
