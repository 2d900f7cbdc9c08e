//! Every contract suite over every adapter: in memory, on SQLite, on PostgreSQL, on a local folder.

mod accounts;
mod audit;
mod database;
mod folder;
mod memory;
mod pipelines;
mod queries;
mod releases;
mod sign_in;
mod sql;
mod stacks;
