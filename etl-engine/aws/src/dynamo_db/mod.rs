//! What the adapters on DynamoDB share: attributes, reads to their end, transactions, long texts.
//!
//! Architecture invariant: every write is a transaction with a token (made once, however often its
//! answer is lost) or a batch whose repetition changes nothing.

pub(crate) mod attributes;
pub(crate) mod batch;
pub(crate) mod long_text;
pub(crate) mod packed;
pub(crate) mod read;
pub(crate) mod transaction;

pub(crate) use attributes::{Item, number, text};
pub(crate) use transaction::{Outcome, Tried, Writes, repeating};
