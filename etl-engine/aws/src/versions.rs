//! Tables of versions: `dataset` and `version` are the key, and the newest version of each dataset
//! carries `current`, by which the index `current-by-dataset` lists them.
//!
//! One dataset is read as it is now. The list comes from the index, which is behind by moments; what
//! this process saved is looked up as it is now, so that whoever saves sees it in the list at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws::Account;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::{Error, ErrorKind, Result};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use crate::dynamo_db::attributes::{damaged, number_of, text_of};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Tried, Writes, number, read, repeating, text};

const INDEX: &str = "current-by-dataset";
/// What the newest version carries.
const CURRENT: &str = "yes";
/// An index is not behind for longer than this.
const FRESH: Duration = Duration::from_secs(60);
/// Datasets that are looked up at a time.
const AT_ONCE: usize = 16;

/// The versions that one table keeps. They are added and never changed.
#[derive(Debug)]
pub(crate) struct Versions {
    client: Client,
    table: String,
    /// Saved by this process, and when.
    saved: Mutex<BTreeMap<String, Instant>>,
}

/// What saving a version came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is the current version.
    Done,
    /// Nothing was saved: another version is current, which has this number.
    Behind(u64),
}

impl Versions {
    pub(crate) fn new(account: &Account, table: &str) -> Self {
        let (client, saved) = (Client::new(account.sdk()), Mutex::default());
        Self { client, table: table.to_owned(), saved }
    }

    /// The newest version of a dataset.
    pub(crate) async fn newest(&self, dataset: &str) -> Result<Option<Item>> {
        let what = format!("read the current version of {dataset}");
        Ok(read::all(&what, self.of(dataset).limit(1), 1).await?.pop())
    }

    /// One version.
    pub(crate) async fn one(&self, dataset: &str, version: u64) -> Result<Option<Item>> {
        let what = format!("read version {version} of {dataset}");
        read::item(&self.client, &self.table, &what, key(dataset, version)).await
    }

    /// All versions of a dataset, newest first.
    pub(crate) async fn all(&self, dataset: &str) -> Result<Vec<Item>> {
        let what = format!("read the versions of {dataset}");
        read::all(&what, self.of(dataset), usize::MAX).await
    }

    /// The current version of every dataset, in no order.
    pub(crate) async fn current(&self) -> Result<Vec<Item>> {
        let query = self.client.query().table_name(&self.table).index_name(INDEX);
        let query = query
            .key_condition_expression("#current = :current")
            .expression_attribute_names("#current", "current")
            .expression_attribute_values(":current", text(CURRENT));
        let what = format!("list what is current in {}", self.table);
        let mut newest = BTreeMap::<String, (u64, Item)>::new();
        for item in read::all(&what, query, usize::MAX).await? {
            let (dataset, version) = (text_of(&item, "dataset")?, number_of(&item, "version")?);
            // For a moment the index may have two.
            if newest.get(dataset).is_none_or(|(known, _)| *known < version) {
                newest.insert(dataset.to_owned(), (version, item));
            }
        }
        for (dataset, item) in self.fresh().await? {
            newest.insert(dataset, (0, item));
        }
        Ok(newest.into_values().map(|(_, item)| item).collect())
    }

    /// Saves the version after `base` (0: the first), with these attributes beside its key.
    pub(crate) async fn add(&self, dataset: &str, base: u64, with: Item) -> Result<Added> {
        let what = format!("save version {} of {dataset}", base + 1);
        let mut item = key(dataset, base + 1);
        item.extend(with);
        let added = repeating(&what, || self.try_add(&what, dataset, base, &item)).await;
        let added = match added {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                self.found_out(dataset, base, &item, error).await
            }
            added => added,
        };
        if matches!(added, Ok(Added::Done)) {
            self.saved().insert(dataset.to_owned(), Instant::now());
        }
        added
    }

    /// Puts the version and takes `current` off the one before: both or nothing.
    async fn try_add(
        &self,
        what: &str,
        dataset: &str,
        base: u64,
        item: &Item,
    ) -> Result<Tried<Added>> {
        let mut writes = Writes::default();
        let mut item = item.clone();
        item.insert("current".to_owned(), text(CURRENT));
        let absent = Terms::only_if("attribute_not_exists(#dataset)").name("#dataset", "dataset");
        writes.put(&self.table, item, &absent)?;
        if base > 0 {
            let current = Terms::only_if("#current = :current");
            let current = current.name("#current", "current").value(":current", text(CURRENT));
            writes.update(&self.table, key(dataset, base), "REMOVE #current", &current)?;
        }
        match writes.send(&self.client, what).await? {
            Outcome::Done => Ok(Tried::Done(Added::Done)),
            Outcome::Busy => Ok(Tried::Again),
            Outcome::Refused(_) => {
                let newest = self.newest(dataset).await?;
                let newest = newest.map(|item| number_of(&item, "version")).transpose()?;
                Ok(Tried::Done(Added::Behind(newest.unwrap_or_default())))
            }
        }
    }

    /// No answer came to what was saved: what stands there now is the answer.
    async fn found_out(&self, dataset: &str, base: u64, item: &Item, lost: Error) -> Result<Added> {
        match self.one(dataset, base + 1).await {
            Ok(Some(mut found)) => {
                found.remove("current");
                if found == *item {
                    return Ok(Added::Done);
                }
                let newest = self.newest(dataset).await?.unwrap_or(found);
                Ok(Added::Behind(number_of(&newest, "version")?))
            }
            _ => Err(lost),
        }
    }

    /// What this process saved lately, as it is now.
    async fn fresh(&self) -> Result<Vec<(String, Item)>> {
        let datasets: Vec<_> = {
            let mut saved = self.saved();
            saved.retain(|_, at| at.elapsed() < FRESH);
            saved.keys().cloned().collect()
        };
        let looked_up = stream::iter(datasets)
            .map(async |dataset| self.newest(&dataset).await.map(|item| (dataset, item)));
        let looked_up: Vec<_> = looked_up.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(looked_up.into_iter().filter_map(|(dataset, item)| Some((dataset, item?))).collect())
    }

    fn of(&self, dataset: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query
            .key_condition_expression("#dataset = :dataset")
            .expression_attribute_names("#dataset", "dataset")
            .expression_attribute_values(":dataset", text(dataset))
            .scan_index_forward(false)
    }

    fn saved(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(dataset: &str, version: u64) -> Item {
    Item::from([("dataset".to_owned(), text(dataset)), ("version".to_owned(), number(version))])
}

/// A moment as people read it, and as it sorts.
pub(crate) fn moment(at: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
    text(format!("{at:.6}"))
}

/// The moment of an attribute.
pub(crate) fn moment_of(item: &Item, name: &str) -> Result<Timestamp> {
    text_of(item, name)?.parse().map_err(|error| damaged(name, error))
}

/// Now, as exact as it is kept.
pub(crate) fn now() -> Result<Timestamp> {
    let micros = Timestamp::now().as_microsecond();
    Timestamp::from_microsecond(micros)
        .map_err(|error| Error::internal("the clock is out of range").with_source(error))
}
