//! Every contract suite over the AWS adapters, against an emulator.

mod bucket;
mod catalog;
mod ledger;
mod query;
mod queue;
mod zone;
