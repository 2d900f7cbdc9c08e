//! The source registry in DynamoDB.

use async_trait::async_trait;
use aws::Account;
use domain::dataset::DatasetId;
use domain::source::Source;
use domain::{Error, Result};
use etl_engine::source::{SourceRegistry, SourceVersion};

use crate::dynamo_db::attributes::{from_json, number_of, text_of, to_json};
use crate::dynamo_db::packed::{packed, packed_of};
use crate::dynamo_db::{Item, text};
use crate::versions::{Added, Versions, moment, moment_of, now};

/// The [`SourceRegistry`] of one environment: an item for each version of a registration, which has
/// `registration` as JSON and beside it what people look for: `owner`, `author`, `saved_at`.
#[derive(Debug)]
pub struct DynamoDbSourceRegistry {
    versions: Versions,
}

impl DynamoDbSourceRegistry {
    /// The registry in a table of an account. Asks AWS nothing yet.
    pub fn new(account: &Account, table: &str) -> Self {
        Self { versions: Versions::new(account, table) }
    }
}

#[async_trait]
impl SourceRegistry for DynamoDbSourceRegistry {
    async fn current(&self, dataset: &DatasetId) -> Result<Option<SourceVersion>> {
        let item = self.versions.newest(&dataset.to_string()).await?;
        item.as_ref().map(decode).transpose()
    }

    async fn list(&self) -> Result<Vec<SourceVersion>> {
        let items = self.versions.current().await?;
        let mut current = items.iter().map(decode).collect::<Result<Vec<_>>>()?;
        current.sort_by(|one, other| one.source.dataset.cmp(&other.source.dataset));
        Ok(current)
    }

    async fn history(&self, dataset: &DatasetId) -> Result<Vec<SourceVersion>> {
        self.versions.all(&dataset.to_string()).await?.iter().map(decode).collect()
    }

    async fn save(&self, source: &Source, author: &str, base: u64) -> Result<SourceVersion> {
        source.validate()?;
        let (dataset, saved_at) = (&source.dataset, now()?);
        let with = Item::from([
            ("registration".to_owned(), packed("the registration", &to_json(source)?)?),
            ("owner".to_owned(), text(&source.owner)),
            ("author".to_owned(), text(author)),
            ("saved_at".to_owned(), moment(saved_at)),
        ]);
        match self.versions.add(&dataset.to_string(), base, with).await? {
            Added::Done => {
                let (source, author) = (source.clone(), author.to_owned());
                Ok(SourceVersion { version: base + 1, source, author, saved_at })
            }
            Added::Behind(current) => Err(Error::conflict(format!(
                "source {dataset} is at version {current}, not {base}: read it again and repeat \
                 your change"
            ))),
        }
    }
}

fn decode(item: &Item) -> Result<SourceVersion> {
    Ok(SourceVersion {
        version: number_of(item, "version")?,
        source: from_json("registration", &packed_of(item, "registration")?)?,
        author: text_of(item, "author")?.to_owned(),
        saved_at: moment_of(item, "saved_at")?,
    })
}
