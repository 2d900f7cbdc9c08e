//! Every contract suite over the AWS adapters, against an emulator.

mod bucket;
mod catalog;
mod ledger;
mod notify;
mod quality;
mod query;
mod queue;
mod versions;
mod zone;
