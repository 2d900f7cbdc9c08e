//! The transformation store in DynamoDB.

use async_trait::async_trait;
use aws::Account;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use domain::{Error, Result};
use etl_engine::transformation::TransformationStore;

use crate::dynamo_db::attributes::{number_of, parsed_of, text_of};
use crate::dynamo_db::packed::{packed, packed_of};
use crate::dynamo_db::{Item, text};
use crate::versions::{Added, Versions, moment, moment_of, now};

/// The [`TransformationStore`] of one environment: an item for each version, with `sql`, `author`,
/// `message` and `saved_at` as people read them.
#[derive(Debug)]
pub struct DynamoDbTransformationStore {
    versions: Versions,
}

impl DynamoDbTransformationStore {
    /// The store in a table of an account. Asks AWS nothing yet.
    pub fn new(account: &Account, table: &str) -> Self {
        Self { versions: Versions::new(account, table) }
    }
}

#[async_trait]
impl TransformationStore for DynamoDbTransformationStore {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<Transformation>> {
        let item = self.versions.newest(&dataset.to_string()).await?;
        item.as_ref().map(decode).transpose()
    }

    async fn version(&self, dataset: &DatasetId, version: u64) -> Result<Option<Transformation>> {
        let item = self.versions.one(&dataset.to_string(), version).await?;
        item.as_ref().map(decode).transpose()
    }

    async fn list(&self) -> Result<Vec<Transformation>> {
        let items = self.versions.current().await?;
        let mut current = items.iter().map(decode).collect::<Result<Vec<_>>>()?;
        current.sort_by(|one, other| one.dataset.cmp(&other.dataset));
        Ok(current)
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<Transformation>> {
        self.versions.all(&dataset.to_string()).await?.iter().map(decode).collect()
    }

    async fn save(
        &self,
        dataset: &DatasetId,
        sql: &str,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<Transformation> {
        let saved_at = now()?;
        let with = Item::from([
            ("sql".to_owned(), packed("the SQL", sql)?),
            ("author".to_owned(), text(author)),
            ("message".to_owned(), text(message)),
            ("saved_at".to_owned(), moment(saved_at)),
        ]);
        match self.versions.add(&dataset.to_string(), base, with).await? {
            Added::Done => Ok(Transformation {
                dataset: dataset.clone(),
                version: base + 1,
                sql: sql.to_owned(),
                author: author.to_owned(),
                message: message.to_owned(),
                saved_at,
            }),
            Added::Behind(current) => Err(Error::conflict(format!(
                "the transformation of {dataset} is at version {current}, not {base}: compare and \
                 repeat your change"
            ))),
        }
    }
}

fn decode(item: &Item) -> Result<Transformation> {
    Ok(Transformation {
        dataset: parsed_of(item, "dataset")?,
        version: number_of(item, "version")?,
        sql: packed_of(item, "sql")?,
        author: text_of(item, "author")?.to_owned(),
        message: text_of(item, "message")?.to_owned(),
        saved_at: moment_of(item, "saved_at")?,
    })
}
