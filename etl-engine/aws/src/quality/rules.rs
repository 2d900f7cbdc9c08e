//! Versions of quality rules.

use domain::quality::SavedRules;
use domain::table::TableName;
use domain::{Error, ErrorKind, Result};

use super::{DynamoDbQualityStore, name};
use crate::dynamo_db::attributes::{from_json, number_of, text_of, to_json};
use crate::dynamo_db::packed::{packed, packed_of};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Tried, Writes, number, read, repeating, text};
use crate::ledger::keys::key;
use crate::versions::{moment, moment_of};

const CURRENT: &str = "quality#rules";

impl DynamoDbQualityStore {
    pub(super) async fn current_rules(&self, table: &TableName) -> Result<Option<SavedRules>> {
        let what = format!("read the quality rules of {table}");
        let item = self.item(&what, key(CURRENT, name(table))).await?;
        item.as_ref().map(decode).transpose()
    }

    pub(super) async fn list_rules(&self) -> Result<Vec<SavedRules>> {
        let query = self.below(CURRENT.to_owned());
        let items = read::all("list quality rules", query, usize::MAX).await?;
        let mut current = items.iter().map(decode).collect::<Result<Vec<_>>>()?;
        current.sort_by(|one, other| one.table.cmp(&other.table));
        Ok(current)
    }

    pub(super) async fn all_rules(&self, table: &TableName) -> Result<Vec<SavedRules>> {
        let what = format!("read the versions of the quality rules of {table}");
        let query = self.below(versions(table)).scan_index_forward(false);
        read::all(&what, query, usize::MAX).await?.iter().map(decode).collect()
    }

    pub(super) async fn save_rules(&self, saved: SavedRules, base: u64) -> Result<SavedRules> {
        let what = format!("save the quality rules of {}", saved.table);
        let done = match repeating(&what, || self.try_save(&what, &saved, base)).await {
            // No answer came: what stands there now is the answer.
            Err(lost) if lost.kind() == ErrorKind::Unavailable => {
                let there =
                    self.item(&what, version_key(&saved)).await.map_err(|_| lost.clone())?;
                match there {
                    Some(item) => decode(&item)? == saved,
                    None => return Err(lost),
                }
            }
            done => done?,
        };
        if done {
            return Ok(saved);
        }
        let current = self.current_rules(&saved.table).await?;
        let current = current.map_or(0, |current| current.version);
        Err(Error::conflict(format!(
            "the rules of {} are at version {current}, not {base}: look at them and repeat your \
             change",
            saved.table
        )))
    }

    /// Keeps the version, and makes it the current one if `base` still is. Whether it was.
    async fn try_save(&self, what: &str, saved: &SavedRules, base: u64) -> Result<Tried<bool>> {
        let document = packed("the quality rules", &to_json(&saved.rules)?)?;
        let content = Item::from([
            ("database_name".to_owned(), text(&saved.table.database)),
            ("table_name".to_owned(), text(&saved.table.table)),
            ("version".to_owned(), number(saved.version)),
            ("rules".to_owned(), document),
            ("author".to_owned(), text(&saved.author)),
            ("message".to_owned(), text(&saved.message)),
            ("saved_at".to_owned(), moment(saved.saved_at)),
        ]);
        let absent = Terms::only_if("attribute_not_exists(#pk)").name("#pk", "pk");
        let expected = match base {
            0 => Terms::only_if("attribute_not_exists(#pk)").name("#pk", "pk"),
            base => Terms::only_if("#version = :base")
                .name("#version", "version")
                .value(":base", number(base)),
        };
        let mut writes = Writes::default();
        let with = |key: Item| key.into_iter().chain(content.clone()).collect::<Item>();
        writes.put(&self.table, with(version_key(saved)), &absent)?;
        writes.put(&self.table, with(key(CURRENT, name(&saved.table))), &expected)?;
        Ok(match writes.send(&self.client, what).await? {
            Outcome::Done => Tried::Done(true),
            Outcome::Refused(_) => Tried::Done(false),
            Outcome::Busy => Tried::Again,
        })
    }
}

fn versions(table: &TableName) -> String {
    format!("{CURRENT}#{}", name(table))
}

fn version_key(saved: &SavedRules) -> Item {
    key(versions(&saved.table), format!("{:010}", saved.version))
}

fn decode(item: &Item) -> Result<SavedRules> {
    Ok(SavedRules {
        table: TableName::new(text_of(item, "database_name")?, text_of(item, "table_name")?),
        version: number_of(item, "version")?,
        rules: from_json("rules", &packed_of(item, "rules")?)?,
        author: text_of(item, "author")?.to_owned(),
        message: text_of(item, "message")?.to_owned(),
        saved_at: moment_of(item, "saved_at")?,
    })
}
