//! The data flow against the real engine, the embedded adapters and the real binary. Tests are named
//! by the promise they hold.

mod breaks;
mod command_line;
mod delivery_commands;
mod faults;
mod half_commits;
mod kill;
mod leases;
mod on_postgres;
mod operation;
mod quality;
mod readers;
mod real_data;
mod redelivery;
mod rejected;
mod team_mode;
mod transformations;
mod trial;
