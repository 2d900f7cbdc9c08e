//! Runs: how arrivals become runs, and how runs are carried out, durably.

mod job;
mod ledger;
mod memory;
mod memory_queue;
mod queue;

pub use job::Job;
pub use ledger::{
    Claim, ClaimRequest, Heartbeat, NewRun, Recorded, RunCommand, RunFilter, RunLedger,
};
pub use memory::MemoryRunLedger;
pub use memory_queue::MemoryArrivalQueue;
pub use queue::{ArrivalQueue, Message};
