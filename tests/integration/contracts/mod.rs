//! Every contract suite over every adapter: in memory, on SQLite, on PostgreSQL, on a local folder.

mod accounts;
mod audit;
mod database;
mod folder;
mod memory;
mod queries;
mod sign_in;
mod sql;
mod stacks;
