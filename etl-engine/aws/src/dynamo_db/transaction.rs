//! Transactions: all writes or none, once.

use std::time::Duration;

use aws::failed;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use domain::{Error, Result};
use uuid::Uuid;

use super::Item;
use super::read::busy;

/// So often a change is begun again before its caller is told that too many write at once.
const ATTEMPTS: u32 = 40;
/// The longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE: u64 = 250;
/// So often a transaction is asked for again while DynamoDB still works on it.
const ASKED_AGAIN: u32 = 10;

/// What a transaction came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// All writes were made.
    Done,
    /// No write was made, because conditions did not hold: the numbers of those writes, each with
    /// the item that stood against it.
    Refused(Vec<(usize, Option<Item>)>),
    /// No write was made, because somebody else wrote to one of the items at the same time.
    Busy,
}

/// What one attempt at a change came to.
#[derive(Debug)]
pub(crate) enum Tried<T> {
    /// It is made.
    Done(T),
    /// Somebody was faster: read again and decide again.
    Again,
}

/// Makes attempts until one is through. [`domain::ErrorKind::Throttled`] when there is no end.
pub(crate) async fn repeating<T, F>(what: &str, mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Tried<T>>>,
{
    for round in 0..ATTEMPTS {
        if let Tried::Done(done) = attempt().await? {
            return Ok(done);
        }
        pause(round).await;
    }
    Err(busy(what))
}

/// Waits longer from round to round, by chance, so that those who collided do not meet again.
pub(crate) async fn pause(round: u32) {
    let longest = (4 << round.min(10)).min(LONGEST_PAUSE);
    tokio::time::sleep(Duration::from_millis(1 + by_chance(longest))).await;
}

/// A number below `end`.
pub(crate) fn by_chance(end: u64) -> u64 {
    let random = Uuid::now_v7().as_u128() % u128::from(end.max(1));
    u64::try_from(random).unwrap_or_default()
}

/// The writes of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Writes {
    items: Vec<TransactWriteItem>,
}

/// What must hold for a write, and the values that the expressions name.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// The condition; empty for none.
    pub(crate) condition: String,
    /// Values of `:names`.
    pub(crate) values: Item,
    /// Names of `#names`.
    pub(crate) names: Vec<(String, String)>,
}

impl Terms {
    /// A condition without values.
    pub(crate) fn only_if(condition: &str) -> Self {
        Self { condition: condition.to_owned(), ..Self::default() }
    }

    /// With the value of a `:name`.
    pub(crate) fn value(
        mut self,
        name: &str,
        value: aws_sdk_dynamodb::types::AttributeValue,
    ) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// With the attribute that a `#name` stands for.
    pub(crate) fn name(mut self, place: &str, name: &str) -> Self {
        self.names.push((place.to_owned(), name.to_owned()));
        self
    }

    fn condition(&self) -> Option<String> {
        (!self.condition.is_empty()).then(|| self.condition.clone())
    }

    fn names(&self) -> Option<std::collections::HashMap<String, String>> {
        (!self.names.is_empty()).then(|| self.names.iter().cloned().collect())
    }

    fn values(&self) -> Option<Item> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

impl Writes {
    /// Stores an item in place of the one that is there. Returns the number of the write.
    pub(crate) fn put(&mut self, table: &str, item: Item, terms: &Terms) -> Result<usize> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .set_condition_expression(terms.condition())
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = put.build().map_err(unsound)?;
        Ok(self.add(TransactWriteItem::builder().put(put).build()))
    }

    /// Changes attributes of an item, or makes it.
    pub(crate) fn update(
        &mut self,
        table: &str,
        key: Item,
        expression: &str,
        terms: &Terms,
    ) -> Result<usize> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key))
            .update_expression(expression)
            .set_condition_expression(terms.condition())
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values());
        let update = update.build().map_err(unsound)?;
        Ok(self.add(TransactWriteItem::builder().update(update).build()))
    }

    /// Takes an item away; one that is not there is no error.
    pub(crate) fn delete(&mut self, table: &str, key: Item, terms: &Terms) -> Result<usize> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key))
            .set_condition_expression(terms.condition())
            .set_expression_attribute_names(terms.names())
            .set_expression_attribute_values(terms.values());
        let delete = delete.build().map_err(unsound)?;
        Ok(self.add(TransactWriteItem::builder().delete(delete).build()))
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn add(&mut self, item: TransactWriteItem) -> usize {
        self.items.push(item);
        self.items.len() - 1
    }

    /// Makes all writes or none. The token makes it once, however often the SDK has to ask because an
    /// answer was lost.
    pub(crate) async fn send(self, client: &Client, what: &str) -> Result<Outcome> {
        let token = Uuid::now_v7().to_string();
        for round in 0..ASKED_AGAIN {
            let sent = client
                .transact_write_items()
                .set_transact_items(Some(self.items.clone()))
                .client_request_token(&token)
                .send()
                .await;
            let Err(error) = sent else { return Ok(Outcome::Done) };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                    pause(round + 4).await;
                }
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    if let Some(outcome) = of_reasons(reasons) {
                        return Ok(outcome);
                    }
                    let said = reasons.iter().filter_map(CancellationReason::message);
                    let said = said.collect::<Vec<_>>().join(", ");
                    return Err(failed(what, error).context(said));
                }
                _ => return Err(failed(what, error)),
            }
        }
        Err(busy(what))
    }
}

/// `None` when it was neither a condition nor somebody else.
fn of_reasons(reasons: &[CancellationReason]) -> Option<Outcome> {
    let with = |codes: &[&str]| {
        let is = |reason: &&CancellationReason| codes.contains(&reason.code().unwrap_or("None"));
        reasons.iter().filter(is).count()
    };
    let refused: Vec<_> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(index, reason)| (index, reason.item().cloned().filter(|item| !item.is_empty())))
        .collect();
    let busy = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if with(&["None", "ConditionalCheckFailed"]) + with(&busy) < reasons.len() {
        None
    } else if !refused.is_empty() {
        Some(Outcome::Refused(refused))
    } else {
        Some(Outcome::Busy)
    }
}

fn unsound(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::internal("a write is not whole").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn a_cancelled_transaction_says_who_was_in_the_way() {
        let refused = of_reasons(&reasons(&["None", "ConditionalCheckFailed"]));
        assert!(matches!(refused, Some(Outcome::Refused(which)) if which[0].0 == 1));
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            assert!(matches!(of_reasons(&reasons(&["None", code])), Some(Outcome::Busy)), "{code}");
        }
        let both = of_reasons(&reasons(&["TransactionConflict", "ConditionalCheckFailed"]));
        assert!(matches!(both, Some(Outcome::Refused(_))));
        for code in ["ValidationError", "ItemCollectionSizeLimitExceeded", "something new"] {
            assert!(of_reasons(&reasons(&["TransactionConflict", code])).is_none(), "{code}");
        }
    }
}
