//! The server of Sluice and its command line.
//!
//! Architecture invariant: `compose/` holds the only files that name adapters.

pub mod accounts;
pub mod audit;
pub mod catalog;
pub mod cli;
pub mod compose;
pub mod config;
pub mod console;
pub mod delivery;
pub mod demo;
pub mod drafts;
pub mod landing;
pub mod lineage;
pub mod live;
mod logging;
pub mod open_lake;
pub mod operations;
pub mod quality;
pub mod queries;
pub mod retention;
pub mod runs;
pub mod sign_in;
mod signals;
pub mod site;
pub mod sources;
pub mod transformations;
pub mod uploads;
pub mod web;
