//! The log of each run, an item per line.

use async_trait::async_trait;
use domain::Result;
use domain::run::RunId;
use domain::run_log::LogLine;
use etl_engine::run::{RunLog, numbered};

use super::{DynamoDbRunLedger, key, keys};
use crate::dynamo_db::attributes::{from_json, number_of, text_of, to_json};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Tried, Writes, number, read, repeating, text};

/// A transaction takes at most so many items.
const LINES_AT_ONCE: usize = 100;
const WHAT: &str = "store lines of a log";

impl DynamoDbRunLedger {
    /// Lines of two writers are numbered one after the other: a number is given once, and who comes
    /// second looks again for the last one.
    async fn append_once(&self, run: RunId, lines: &[LogLine]) -> Result<Tried<()>> {
        let last = self.last_line(run).await?;
        if last == 0 {
            self.existing(run).await?;
        }
        let mut writes = Writes::default();
        for line in numbered(lines, last) {
            let mut item = key(keys::log(run), place(line.sequence));
            item.insert("sequence".into(), number(line.sequence));
            item.insert("line".into(), text(to_json(&line)?));
            writes.put(self.state(), item, &Terms::only_if("attribute_not_exists(pk)"))?;
        }
        if writes.is_empty() {
            return Ok(Tried::Done(()));
        }
        Ok(match writes.send(&self.client, WHAT).await? {
            Outcome::Done => Tried::Done(()),
            Outcome::Refused(_) | Outcome::Busy => Tried::Again,
        })
    }

    async fn last_line(&self, run: RunId) -> Result<u64> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :log")
            .expression_attribute_values(":log", text(keys::log(run)))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1);
        let found = read::all("look for the last line of a log", query, 1).await?;
        found.first().map_or(Ok(0), |item| number_of(item, "sequence"))
    }
}

#[async_trait]
impl RunLog for DynamoDbRunLedger {
    async fn append(&self, run: RunId, lines: &[LogLine]) -> Result<()> {
        for lines in lines.chunks(LINES_AT_ONCE) {
            repeating(WHAT, || self.append_once(run, lines)).await?;
        }
        Ok(())
    }

    async fn lines(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<LogLine>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :log AND sk > :after")
            .expression_attribute_values(":log", text(keys::log(run)))
            .expression_attribute_values(":after", text(place(after)))
            .consistent_read(true)
            .limit(read::page_size(limit));
        let line = |item: &Item| from_json("line", text_of(item, "line")?);
        read::all("read a log", query, limit).await?.iter().map(line).collect()
    }
}

/// Where a line stands, so that the order of texts is the order of numbers.
fn place(sequence: u64) -> String {
    format!("{sequence:020}")
}
