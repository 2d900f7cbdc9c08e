//! Simulated stacks: what CloudFormation would do, done to rows of the database.
//!
//! Everything about a stack is real but its resources: change sets, statuses, events, exports,
//! failures and rollbacks are those of CloudFormation; the resources are names and properties in a
//! table that stands for the account.

mod begin;
mod drift;
mod faults;
mod operate;
mod physical;
mod prepare;
mod resource;
mod service;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod values;
mod walk;
mod world;

use std::time::Duration;

use database::{Database, retrying};
use domain::{Error, ErrorKind, Result, failpoint};
use jiff::{SignedDuration, Timestamp};

use crate::AccountRegion;
use store::{Reader, Work};

pub use drift::{LeftBehind, Tampering};
pub use faults::{FaultMoment, Faults, ResourceFault};

/// The simulated [`infra::stacks::StackService`] of one account and region in a [`Database`].
///
/// What is under way goes on whenever somebody looks, in this process or in another one: each call
/// carries out the steps that are due by now.
#[derive(Debug, Clone)]
pub struct SimulatedStackService {
    database: Database,
    at: AccountRegion,
    pace: Duration,
}

impl SimulatedStackService {
    /// The stacks of an account and region. Steps take no time.
    pub fn new(database: Database, at: AccountRegion) -> Self {
        Self { database, at, pace: Duration::ZERO }
    }

    /// The same, but each step (a resource made, changed or deleted) takes so long.
    #[must_use]
    pub fn with_pace(self, pace: Duration) -> Self {
        Self { pace, ..self }
    }

    /// Carries out one step of every stack in which something is under way, due or not. Whether
    /// there was one.
    pub async fn tick(&self) -> Result<bool> {
        retrying(|| self.step_all(None)).await
    }

    /// What goes wrong on demand.
    pub async fn faults(&self) -> Result<Faults> {
        self.reader().faults().await
    }

    /// Asks for something to go wrong from now on, in the place of what was asked for before.
    pub async fn set_faults(&self, faults: Faults) -> Result<()> {
        retrying(async || {
            let mut work = self.work().await?;
            work.world.around.faults = faults.clone();
            work.commit().await
        })
        .await
    }

    /// Does something to a resource behind its stack's back, so that the stack drifts. NotFound
    /// without stack or resource; Invalid when there is no such property.
    pub async fn tamper(&self, stack: &str, logical_id: &str, tampering: &Tampering) -> Result<()> {
        retrying(async || {
            let mut work = self.work().await?;
            work.world.tamper(stack, logical_id, tampering)?;
            work.commit().await
        })
        .await
    }

    /// What is in the account and no stack holds any more, by type and name.
    pub async fn left_behind(&self) -> Result<Vec<LeftBehind>> {
        self.catch_up().await?;
        Ok(self.work().await?.world.left_behind())
    }

    fn reader(&self) -> Reader<'_> {
        Reader { database: &self.database, at: &self.at }
    }

    async fn work(&self) -> Result<Work> {
        Work::begin(&self.database, &self.at).await
    }

    /// Carries out all steps that are due by now.
    async fn catch_up(&self) -> Result<()> {
        while self.reader().is_due(Timestamp::now()).await? {
            retrying(|| self.step_all(Some(Timestamp::now()))).await?;
            failpoint::reach("stack-step")?;
        }
        Ok(())
    }

    /// One step of each stack in which one is due until then (`None`: in which something is under
    /// way); whether there was one.
    async fn step_all(&self, until: Option<Timestamp>) -> Result<bool> {
        let mut work = self.work().await?;
        let due = |due_at: Timestamp| until.is_none_or(|until| due_at <= until);
        let stacks = work.world.stacks.values();
        let stacks = stacks.filter(|stack| stack.due_at.is_some_and(due));
        let names: Vec<String> = stacks.map(|stack| stack.name.clone()).collect();
        for name in &names {
            work.world.step(name, self.pace);
        }
        work.commit().await?;
        Ok(!names.is_empty())
    }

    /// Fails as throttled when that was asked for.
    async fn pass_throttle(&self) -> Result<()> {
        if self.faults().await?.throttled_calls == 0 {
            return Ok(());
        }
        let throttled = retrying(async || {
            let mut work = self.work().await?;
            let left = &mut work.world.around.faults.throttled_calls;
            let throttled = *left > 0;
            *left = left.saturating_sub(1);
            work.commit().await.map(|()| throttled)
        });
        match throttled.await? {
            true => Err(Error::new(ErrorKind::Throttled, "the account asks to slow down: repeat")),
            false => Ok(()),
        }
    }
}

impl world::World {
    /// One step of a stack; the next one is due after `pace`.
    fn step(&mut self, name: &str, pace: Duration) {
        let neighbours = self.neighbours(name);
        let Some(stack) = self.stacks.get_mut(name) else { return };
        let due_at = stack.due_at.unwrap_or(self.around.now);
        stack.due_at = Some(due_at + SignedDuration::try_from(pace).unwrap_or_default());
        stack.step(&mut self.around, &neighbours);
    }
}
