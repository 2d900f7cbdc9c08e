//! Runs: how arrivals become runs, and how runs are carried out, durably.

mod attempt;
mod clean_up;
mod committed;
mod execution;
mod intake;
mod job;
mod ledger;
mod log;
mod logger;
mod memory;
mod memory_queue;
mod memory_reports;
mod queue;
mod reports;
mod settings;
mod stop;
mod worker;
mod worker_health;

pub use attempt::{ENGINE, attempt};
pub use clean_up::clean_up;
pub use committed::{CommittedObjects, PartitionTotals};
pub use intake::{check_replay, command, record_arrival, replay, take_in};
pub use job::Job;
pub use ledger::{
    Claim, ClaimRequest, Heartbeat, NewRun, Recorded, RunCommand, RunFilter, RunLedger, SoFar,
};
pub use log::{RunLog, numbered};
pub use memory::MemoryRunLedger;
pub use memory_queue::MemoryArrivalQueue;
pub use queue::{ArrivalQueue, Message};
pub use reports::{
    ArrivalTotals, DatasetActivity, DatasetRejects, DayCount, RejectedRun, RejectedRunsFilter,
    RowCounts, RunChange, RunReports,
};
pub use settings::EngineSettings;
pub use stop::Stop;
pub use worker::Worker;
pub use worker_health::WorkerHealth;
