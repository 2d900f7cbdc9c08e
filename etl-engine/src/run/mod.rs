//! Runs: how arrivals become runs, and how runs are carried out, durably.

mod ledger;
mod queue;

pub use ledger::{
    Claim, ClaimRequest, Heartbeat, NewRun, Recorded, RunCommand, RunFilter, RunLedger,
};
pub use queue::{ArrivalQueue, Message};
