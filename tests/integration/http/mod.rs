//! The API over HTTP, with real sessions.

mod accounts;
mod answer;
mod browser;
mod catalog;
mod console;
mod delivery;
mod drafts;
mod lake_rules;
mod lineage;
mod load;
mod on_both_databases;
mod ops;
mod quality;
mod quarantine;
mod queries;
mod roles;
mod runs;
mod sources;
mod transformations;
mod upload_kill;
mod uploads;
mod webhook_flood;
mod webhooks;
