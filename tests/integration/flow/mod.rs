//! The data flow and the delivery flow against the real engine, the embedded adapters and the real
//! binary. Tests are named by the promise they hold.

mod bootstrap;
mod breaks;
mod command_line;
mod delivered_lake;
mod delivery_commands;
mod delivery_kill;
mod delivery_workers;
mod demo;
mod faults;
mod half_commits;
mod kill;
mod leases;
mod on_aws;
mod on_postgres;
mod operation;
mod quality;
mod readers;
mod real_data;
mod redelivery;
mod rejected;
mod scenarios;
mod team_mode;
mod transformations;
mod trial;
