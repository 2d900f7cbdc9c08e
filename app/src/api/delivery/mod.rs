//! The delivery flow: lanes, executions, plans, decisions, deployments.

mod deployments;
mod executions;
mod lanes;
mod plans;

pub use deployments::{Compared, ComparedFile, DeploymentShown, FileStanding, RollbackAsked};
pub use executions::{ExecutionDetail, ExecutionLog, ExecutionSummary, LogEntry, RetryAsked};
pub use lanes::{CommitShown, Lane, Lanes, Offer, Paused, Promote, Running};
pub use plans::{
    ApproverShown, DecisionAsked, DecisionShown, Named, PlanShown, RulesShown, SqlChange,
    StackShown, Standing,
};
