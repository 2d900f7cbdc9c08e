//! Reads: one item, many by their keys, all that a query finds.

use std::collections::{HashMap, HashSet};

use aws::failed;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::{Error, Result};

use super::Item;
use super::transaction::pause;

/// DynamoDB takes at most so many keys at once.
const KEYS_AT_ONCE: usize = 100;
const MOST_ON_A_PAGE: usize = 1_000;
/// A filter looks at so many items at once at least, however few are wanted.
const LEAST_FILTERED: usize = 200;
/// So often what was left over of a batch is asked for again.
const ROUNDS: u32 = 12;

/// One item as it is now.
pub(crate) async fn item(
    client: &Client,
    table: &str,
    what: &str,
    key: Item,
) -> Result<Option<Item>> {
    let asked = client.get_item().table_name(table).set_key(Some(key)).consistent_read(true);
    let answer = asked.send().await.map_err(|error| failed(what, error))?;
    Ok(answer.item)
}

/// The items of keys as they are now, in no order; those that are not there are left out. `names`
/// are the attributes to read, empty for all.
pub(crate) async fn items(
    client: &Client,
    table: &str,
    what: &str,
    keys: Vec<Item>,
    names: &[&str],
) -> Result<Vec<Item>> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in unique(keys).chunks(KEYS_AT_ONCE) {
        let mut asked = HashMap::from([(table.to_owned(), these(keys.to_vec(), names)?)]);
        for round in 0.. {
            let batch = client.batch_get_item().set_request_items(Some(asked)).send().await;
            let answer = batch.map_err(|error| failed(what, error))?;
            found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            asked = answer.unprocessed_keys.unwrap_or_default();
            if asked.is_empty() {
                break;
            }
            if round == ROUNDS {
                return Err(busy(what));
            }
            pause(round).await;
        }
    }
    Ok(found)
}

/// All that a query finds, page by page, until `limit` items are there.
pub(crate) async fn all(what: &str, query: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>> {
    let mut pages = query.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend(page.map_err(|error| failed(what, error))?.items.unwrap_or_default());
        if found.len() >= limit {
            found.truncate(limit);
            break;
        }
    }
    Ok(found)
}

/// How many items a page should have when `limit` are wanted.
pub(crate) fn page_size(limit: usize) -> i32 {
    i32::try_from(limit.clamp(1, MOST_ON_A_PAGE)).unwrap_or(i32::MAX)
}

/// The same where a filter leaves some out: what it leaves out counts for the page.
pub(crate) fn filtered_page_size(limit: usize) -> i32 {
    page_size(limit.max(LEAST_FILTERED))
}

/// The service was asked again and again and still had no room.
pub(crate) fn busy(what: &str) -> Error {
    Error::new(
        domain::ErrorKind::Throttled,
        format!("cannot {what}: DynamoDB has no room for it now; repeat it later"),
    )
}

fn these(keys: Vec<Item>, names: &[&str]) -> Result<KeysAndAttributes> {
    let mut asked = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
    if !names.is_empty() {
        let places: Vec<_> = (0..names.len()).map(|index| format!("#n{index}")).collect();
        for (place, name) in places.iter().zip(names) {
            asked = asked.expression_attribute_names(place, *name);
        }
        asked = asked.projection_expression(places.join(", "));
    }
    asked.build().map_err(|error| Error::internal("cannot ask for items").with_source(error))
}

/// DynamoDB refuses a batch that names an item twice.
fn unique(keys: Vec<Item>) -> Vec<Item> {
    let mut seen = HashSet::new();
    let is_new = |key: &Item| {
        let mut parts: Vec<_> =
            key.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        parts.sort();
        seen.insert(parts)
    };
    keys.into_iter().filter(is_new).collect()
}

fn plain(value: &AttributeValue) -> String {
    value.as_s().or_else(|_| value.as_n()).cloned().unwrap_or_default()
}
