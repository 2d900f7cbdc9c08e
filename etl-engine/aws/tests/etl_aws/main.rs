//! Every contract suite over the AWS adapters, against an emulator.

mod catalog;
mod query;
