//! Texts that are too long for the item they belong to: kept in items of their own.
//!
//! A text is written under a new generation first and named by its owner's item afterwards, in the
//! owner's transaction, so that readers see the old text or the new one, whole.

use aws_sdk_dynamodb::Client;
use domain::Result;
use uuid::Uuid;

use super::attributes::{optional_number_of, optional_text_of, text_of};
use super::{Item, batch, number, read, text};

/// Bytes of one part; an item may have 400 KB with its names.
const PART: usize = 300_000;

/// A text in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LongText {
    generation: String,
    parts: usize,
}

impl LongText {
    /// The text that an item names, if it names one.
    pub(crate) fn of(item: &Item) -> Result<Option<Self>> {
        let generation = optional_text_of(item, "long_text");
        let parts = optional_number_of(item, "long_text_parts")?;
        Ok(generation
            .zip(parts)
            .map(|(generation, parts)| Self { generation: generation.to_owned(), parts }))
    }

    /// Names the text in an item.
    pub(crate) fn name_in(&self, item: &mut Item) {
        item.insert("long_text".into(), text(&self.generation));
        item.insert("long_text_parts".into(), number(self.parts));
    }

    fn keys(&self, owner: &str) -> Vec<Item> {
        let key = |part| {
            Item::from([
                ("pk".to_owned(), text(format!("text#{owner}"))),
                ("sk".to_owned(), text(format!("{}#{part:06}", self.generation))),
            ])
        };
        (0..self.parts).map(key).collect()
    }
}

/// Long texts in one table.
#[derive(Debug, Clone)]
pub(crate) struct LongTexts {
    client: Client,
    table: String,
}

impl LongTexts {
    /// The texts of a table with the keys `pk` and `sk`.
    pub(crate) fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    /// Writes a text; nobody sees it before its owner names it.
    pub(crate) async fn write(&self, owner: &str, content: &str) -> Result<LongText> {
        let parts = in_parts(content);
        let generation = Uuid::now_v7().to_string();
        let written = LongText { generation, parts: parts.len() };
        let items = written.keys(owner).into_iter().zip(parts).map(|(mut item, part)| {
            item.insert("content".into(), text(part));
            item
        });
        batch::put_all(&self.client, &self.table, "store a long text", items.collect()).await?;
        Ok(written)
    }

    /// Reads a text; `None` when it was taken away meanwhile, and its owner names another by now.
    pub(crate) async fn read(&self, owner: &str, of: &LongText) -> Result<Option<String>> {
        let what = "read a long text";
        let mut parts = read::items(&self.client, &self.table, what, of.keys(owner), &[]).await?;
        if parts.len() != of.parts {
            return Ok(None);
        }
        parts.sort_by(|one, other| optional_text_of(one, "sk").cmp(&optional_text_of(other, "sk")));
        parts.iter().map(|part| text_of(part, "content")).collect::<Result<String>>().map(Some)
    }

    /// Takes a text away that no item names any more. What stays because that fails is seen by nobody.
    pub(crate) async fn forget(&self, owner: &str, old: &LongText) {
        let what = "take a long text away";
        let keys = old.keys(owner);
        if let Err(error) = batch::delete_all(&self.client, &self.table, what, keys).await {
            tracing::warn!(owner, %error, "parts of a text that nobody needs are left over");
        }
    }
}

/// Parts of at most [`PART`] bytes, cut between characters.
fn in_parts(content: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = content;
    while rest.len() > PART {
        let mut end = PART;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_loses_none() {
        for content in [String::new(), "a".repeat(PART), format!("a{}", "ü".repeat(PART))] {
            let parts = in_parts(&content);
            assert!(parts.iter().all(|part| part.len() <= PART));
            assert_eq!(parts.concat(), content);
        }
    }
}
