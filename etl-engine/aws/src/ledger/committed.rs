//! What the conformed zone holds of each raw object, and the totals of its partitions.
//!
//! Every commit has a generation. What it put into each partition, and a list of files that is too
//! long for an item, are written under it first; the object's item, which names the generation, is
//! written in the transaction of the checkpoint. What an item does not name does not count, so that
//! a commit over thousands of partitions is in force as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use domain::dataset::DatasetId;
use domain::partition::Partition;
use domain::run::CommittedObject;
use domain::{Error, Result};
use etl_engine::run::{CommittedObjects, PartitionTotals};
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{DynamoDbRunLedger, key, keys};
use crate::dynamo_db::attributes::{damaged, from_json, number_of, text_of, to_json};
use crate::dynamo_db::long_text::LongText;
use crate::dynamo_db::{Item, batch, number, read, text};

/// Bytes of an object's list of files that stand in its item.
const MOST_INLINE: usize = 60_000;
/// So many partitions are asked for at once.
const PARTITIONS_AT_ONCE: usize = 16;
/// So often an object is read again because its text changed in between.
const ATTEMPTS: u32 = 8;

/// A commit that is written down under its generation and not in force yet.
pub(super) struct Prepared {
    /// What brings it into force.
    pub(super) item: Item,
    dataset: DatasetId,
    key: String,
    replaced: Option<Replaced>,
}

/// What the object held before.
struct Replaced {
    generation: String,
    partitions: BTreeSet<Partition>,
    long: Option<LongText>,
}

/// What one commit put into one partition.
struct Share {
    object: String,
    generation: String,
    totals: PartitionTotals,
}

impl DynamoDbRunLedger {
    pub(super) async fn prepare(
        &self,
        dataset: &DatasetId,
        committed: &CommittedObject,
    ) -> Result<Prepared> {
        let replaced = self.held_now(dataset, &committed.key).await?;
        let replaced = replaced.map(|(item, object, long)| {
            let partitions = object.files.iter().map(|file| file.partition).collect();
            let generation = text_of(&item, "generation")?.to_owned();
            Ok::<_, Error>(Replaced { generation, partitions, long })
        });
        let replaced = replaced.transpose()?;
        let generation = Uuid::now_v7().to_string();
        self.write_shares(dataset, committed, &generation).await?;
        let mut item = keys::committed(dataset, &committed.key);
        item.insert("generation".into(), text(generation));
        item.insert("object_key".into(), text(&committed.key));
        item.insert("run".into(), text(committed.run.to_string()));
        let document = to_json(committed)?;
        if document.len() <= MOST_INLINE {
            item.insert("document".into(), text(document));
        } else {
            let owner = owner(dataset, &committed.key);
            self.texts.write(&owner, &document).await?.name_in(&mut item);
        }
        Ok(Prepared { item, dataset: dataset.clone(), key: committed.key.clone(), replaced })
    }

    /// Takes away what the object held before. What stays because that fails counts for nothing.
    pub(super) async fn forget_replaced(&self, prepared: Prepared) {
        let Prepared { dataset, key: object, replaced: Some(replaced), .. } = prepared else {
            return;
        };
        let share = |day| key(keys::partition(&dataset, day), &replaced.generation);
        let shares = replaced.partitions.iter().map(|day| share(*day)).collect();
        let what = "take away what an object held before";
        if let Err(error) = batch::delete_all(&self.client, self.state(), what, shares).await {
            tracing::warn!(%dataset, object, %error, "items that count for nothing are left over");
        }
        if let Some(long) = &replaced.long {
            self.texts.forget(&owner(&dataset, &object), long).await;
        }
    }

    async fn write_shares(
        &self,
        dataset: &DatasetId,
        committed: &CommittedObject,
        generation: &str,
    ) -> Result<()> {
        let mut totals: BTreeMap<Partition, PartitionTotals> = BTreeMap::new();
        for file in &committed.files {
            let empty = PartitionTotals::empty(file.partition);
            totals.entry(file.partition).or_insert(empty).add(file.rows, file.bytes);
        }
        let share = |totals: &PartitionTotals| {
            let mut item = key(keys::partition(dataset, totals.partition), generation);
            item.insert("object_key".into(), text(&committed.key));
            item.insert("row_count".into(), number(totals.rows));
            item.insert("byte_count".into(), number(totals.bytes));
            item.insert("file_count".into(), number(totals.files));
            item
        };
        let shares = totals.values().map(share).collect();
        let what = "store what an object holds";
        batch::put_all(&self.client, self.state(), what, shares).await
    }

    /// What an object holds, with its item and where its long text is.
    async fn held_now(
        &self,
        dataset: &DatasetId,
        object: &str,
    ) -> Result<Option<(Item, CommittedObject, Option<LongText>)>> {
        let what = "read what an object holds";
        for _ in 0..ATTEMPTS {
            let place = keys::committed(dataset, object);
            let item = read::item(&self.client, self.state(), what, place).await?;
            let Some(item) = item else { return Ok(None) };
            let Some(long) = LongText::of(&item)? else {
                let held = from_json("document", text_of(&item, "document")?)?;
                return Ok(Some((item, held, None)));
            };
            if let Some(content) = self.texts.read(&owner(dataset, object), &long).await? {
                return Ok(Some((item, from_json("long_text", &content)?, Some(long))));
            }
        }
        Err(damaged("long_text", format!("the files of {object} are not there")))
    }

    async fn shares(&self, dataset: &DatasetId, partition: Partition) -> Result<Vec<Share>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::partition(dataset, partition)))
            .consistent_read(true);
        let share = |item: &Item| {
            Ok(Share {
                object: text_of(item, "object_key")?.to_owned(),
                generation: text_of(item, "sk")?.to_owned(),
                totals: PartitionTotals {
                    partition,
                    rows: number_of(item, "row_count")?,
                    bytes: number_of(item, "byte_count")?,
                    files: number_of(item, "file_count")?,
                },
            })
        };
        read::all("sum up a partition", query, usize::MAX).await?.iter().map(share).collect()
    }

    /// The generations that are in force, by object.
    async fn in_force(
        &self,
        dataset: &DatasetId,
        shares: &[Share],
    ) -> Result<HashMap<String, String>> {
        let objects: BTreeSet<_> = shares.iter().map(|share| share.object.as_str()).collect();
        let wanted = objects.iter().map(|object| keys::committed(dataset, object)).collect();
        let names = ["object_key", "generation"];
        let what = "look which commits are in force";
        let found = read::items(&self.client, self.state(), what, wanted, &names).await?;
        let pair = |item: &Item| {
            let object = text_of(item, "object_key")?.to_owned();
            Ok((object, text_of(item, "generation")?.to_owned()))
        };
        found.iter().map(pair).collect()
    }
}

#[async_trait]
impl CommittedObjects for DynamoDbRunLedger {
    async fn object(&self, dataset: &DatasetId, key: &str) -> Result<Option<CommittedObject>> {
        Ok(self.held_now(dataset, key).await?.map(|(_, held, _)| held))
    }

    async fn totals(
        &self,
        dataset: &DatasetId,
        partitions: &[Partition],
    ) -> Result<Vec<PartitionTotals>> {
        let partitions: BTreeSet<_> = partitions.iter().copied().collect();
        let asked = partitions.into_iter().map(|partition| self.shares(dataset, partition));
        let found: Vec<Vec<Share>> =
            stream::iter(asked).buffer_unordered(PARTITIONS_AT_ONCE).try_collect().await?;
        let shares: Vec<_> = found.into_iter().flatten().collect();
        let in_force = self.in_force(dataset, &shares).await?;
        let mut totals: BTreeMap<Partition, PartitionTotals> = BTreeMap::new();
        for share in &shares {
            if in_force.get(&share.object) != Some(&share.generation) {
                continue;
            }
            let partition = share.totals.partition;
            let sum = totals.entry(partition).or_insert(PartitionTotals::empty(partition));
            sum.rows += share.totals.rows;
            sum.bytes += share.totals.bytes;
            sum.files += share.totals.files;
        }
        Ok(totals.into_values().collect())
    }
}

/// Whose long text it is.
fn owner(dataset: &DatasetId, object: &str) -> String {
    format!("object#{dataset}#{object}")
}
