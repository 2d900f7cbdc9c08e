//! A reporter in memory, for tests.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::{Error, ErrorKind, Result};

use super::{ChangeReporter, CommitReport, PlanReport};

/// Remembers what it was told.
#[derive(Debug, Default)]
pub struct MemoryChangeReporter(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    commits: Vec<CommitReport>,
    plans: Vec<PlanReport>,
    refusals: VecDeque<ErrorKind>,
}

impl MemoryChangeReporter {
    /// Reports of commits, the oldest first.
    pub fn commits(&self) -> Vec<CommitReport> {
        self.heard().commits.clone()
    }

    /// Plans, the oldest first.
    pub fn plans(&self) -> Vec<PlanReport> {
        self.heard().plans.clone()
    }

    /// Refuses the next report.
    pub fn refuse(&self, kind: ErrorKind) {
        self.heard().refusals.push_back(kind);
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listening(&self) -> Result<MutexGuard<'_, Heard>> {
        let mut heard = self.heard();
        match heard.refusals.pop_front() {
            Some(kind) => Err(Error::new(kind, "the reporter was told to refuse")),
            None => Ok(heard),
        }
    }
}

#[async_trait]
impl ChangeReporter for MemoryChangeReporter {
    async fn report_commit(&self, report: &CommitReport) -> Result<()> {
        self.listening()?.commits.push(report.clone());
        Ok(())
    }

    async fn report_plan(&self, report: &PlanReport) -> Result<usize> {
        self.listening()?.plans.push(report.clone());
        Ok(1)
    }
}
