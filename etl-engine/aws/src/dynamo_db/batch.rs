//! Batches of writes that may be made twice, in any order.

use std::collections::HashMap;

use aws::failed;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use domain::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::Item;
use super::read::busy;
use super::transaction::pause;

/// DynamoDB takes at most so many writes at once.
const WRITES_AT_ONCE: usize = 25;
/// So many batches are under way at once.
const BATCHES_AT_ONCE: usize = 4;
/// So often what was left over of a batch is asked for again.
const ROUNDS: u32 = 14;

/// Stores items.
pub(crate) async fn put_all(
    client: &Client,
    table: &str,
    what: &str,
    items: Vec<Item>,
) -> Result<()> {
    let request = |item| {
        let put = PutRequest::builder().set_item(Some(item)).build();
        put.map(|put| WriteRequest::builder().put_request(put).build())
    };
    let requests: std::result::Result<Vec<_>, _> = items.into_iter().map(request).collect();
    write_all(client, table, what, requests.map_err(unsound)?).await
}

/// Takes the items of keys away; those that are not there are no error.
pub(crate) async fn delete_all(
    client: &Client,
    table: &str,
    what: &str,
    keys: Vec<Item>,
) -> Result<()> {
    let request = |key| {
        let delete = DeleteRequest::builder().set_key(Some(key)).build();
        delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
    };
    let requests: std::result::Result<Vec<_>, _> = keys.into_iter().map(request).collect();
    write_all(client, table, what, requests.map_err(unsound)?).await
}

async fn write_all(
    client: &Client,
    table: &str,
    what: &str,
    requests: Vec<WriteRequest>,
) -> Result<()> {
    let batches: Vec<_> = requests.chunks(WRITES_AT_ONCE).map(<[_]>::to_vec).collect();
    stream::iter(batches.into_iter().map(|batch| write(client, table, what, batch)))
        .buffer_unordered(BATCHES_AT_ONCE)
        .try_collect()
        .await
}

async fn write(client: &Client, table: &str, what: &str, batch: Vec<WriteRequest>) -> Result<()> {
    let mut left = HashMap::from([(table.to_owned(), batch)]);
    for round in 0..ROUNDS {
        let sent = client.batch_write_item().set_request_items(Some(left)).send().await;
        left = sent.map_err(|error| failed(what, error))?.unprocessed_items.unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        pause(round).await;
    }
    Err(busy(what))
}

fn unsound(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a write is not whole").with_source(error)
}
