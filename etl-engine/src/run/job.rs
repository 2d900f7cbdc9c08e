//! What every run ledger does to a run, whatever it stores it in.
//!
//! Architecture invariant: the rules of the ledger are written once, here, on plain values. An
//! adapter reads a [`Job`], calls one method and stores the result in one transaction.

use domain::environment::EnvironmentName;
use domain::notification::Notification;
use domain::run::{Failure, Run, RunId, RunStatus, StepStatus};
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::{Claim, ClaimRequest, Heartbeat, NewRun, RunCommand, SoFar};

/// A run, and what the ledger knows about the work on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The run.
    pub run: Run,
    /// Not to be worked on before.
    pub due_at: Timestamp,
    /// Until when the present claim holds without a heartbeat; only while RUNNING.
    pub lease_until: Option<Timestamp>,
    /// Counts claims; never falls.
    pub fence: i64,
    /// Who claimed it last.
    pub worker: Option<String>,
    /// Whether somebody asked the worker to stop.
    pub cancel_requested: bool,
}

impl Job {
    /// The job of a run that is recorded now: QUEUED, or HELD when there is a reason to.
    pub fn record(new: &NewRun, environment: &EnvironmentName, now: Timestamp) -> Self {
        let status = if new.held.is_some() { RunStatus::Held } else { RunStatus::Queued };
        let failure = new.held.clone();
        let run = Run {
            id: RunId::generate(),
            environment: environment.clone(),
            dataset: new.dataset.clone(),
            arrival: new.arrival.clone(),
            trigger: new.trigger,
            actor: new.actor.clone(),
            status,
            attempt: 0,
            failure: failure.map(|why| Failure {
                hop: None,
                kind: ErrorKind::NotFound,
                message: why,
            }),
            original: new.original,
            steps: Vec::new(),
            engine: String::new(),
            created_at: now,
            started_at: None,
            finished_at: None,
        };
        Self {
            run,
            due_at: now,
            lease_until: None,
            fence: 0,
            worker: None,
            cancel_requested: false,
        }
    }

    /// Makes a job that was not yet stored the DUPLICATE of `original`.
    #[must_use]
    pub fn duplicate_of(mut self, original: RunId) -> Self {
        self.run.status = RunStatus::Duplicate;
        self.run.original = Some(original);
        self.run.failure = None;
        self.run.finished_at = Some(self.run.created_at);
        self
    }

    /// Whether a worker may take it: QUEUED and due, or RUNNING with a lease that ran out.
    pub fn is_claimable(&self, now: Timestamp) -> bool {
        match self.run.status {
            RunStatus::Queued => self.due_at <= now,
            RunStatus::Running => self.lease_until.is_none_or(|until| until <= now),
            _ => false,
        }
    }

    /// Whether a claim may still be given: attempts are left, and nobody asked to cancel. A commit
    /// that is written down is carried out all the same.
    pub fn may_go_on(&self, max_attempts: u32) -> bool {
        let committing = |step: &domain::run::Step| step.status == StepStatus::Committing;
        let stop = self.cancel_requested && !self.run.steps.iter().any(committing);
        self.run.attempt < max_attempts && !stop
    }

    /// Hands the job to a worker, under a new fencing token.
    pub fn claim(&mut self, request: &ClaimRequest, now: Timestamp) -> Claim {
        self.run.status = RunStatus::Running;
        self.run.attempt += 1;
        self.run.failure = None;
        self.run.started_at.get_or_insert(now);
        self.fence += 1;
        self.worker = Some(request.worker.clone());
        self.lease_until = Some(now + request.lease);
        Claim { run: self.run.clone(), fence: self.fence }
    }

    /// Ends a job that may not go on: CANCELLED if somebody asked for it, else FAILED.
    pub fn give_up(&mut self, now: Timestamp) -> Notification {
        let last = self.run.steps.iter().rev().find(|step| step.finished_at.is_none());
        let hop = last.map(|step| step.hop);
        let failure = match self.run.failure.take() {
            _ if self.cancel_requested => Failure {
                hop,
                kind: ErrorKind::Cancelled,
                message: "somebody cancelled it; retry it to go on".into(),
            },
            None => Failure { hop, kind: ErrorKind::Unavailable, message: self.lost_worker() },
            Some(failure) => Failure {
                message: format!("gave up after attempt {}: {}", self.run.attempt, failure.message),
                ..failure
            },
        };
        for step in self.run.steps.iter_mut().filter(|step| step.status == StepStatus::Running) {
            step.status = StepStatus::Failed;
            step.finished_at = Some(now);
        }
        self.run.failure = Some(failure);
        let status = if self.cancel_requested { RunStatus::Cancelled } else { RunStatus::Failed };
        self.end(status, now)
    }

    /// Refuses a claim that is void: somebody else has a later one, or the run is not RUNNING.
    pub fn check(&self, claim: &Claim) -> Result<()> {
        if self.run.status == RunStatus::Running && self.fence == claim.fence {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "the claim on run {} is void: it is {} under claim {}, not under claim {}; stop working \
             on it",
            self.run.id, self.run.status, self.fence, claim.fence
        )))
    }

    /// Prolongs the lease and takes over how far a RUNNING step is. [`ErrorKind::Conflict`] when the
    /// claim is void.
    pub fn heartbeat(
        &mut self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat> {
        self.check(claim)?;
        self.lease_until = Some(until);
        for step in self.run.steps.iter_mut().filter(|step| step.status == StepStatus::Running) {
            if let Some(so_far) = so_far.filter(|so_far| so_far.hop == step.hop) {
                step.counts = so_far.counts;
            }
        }
        Ok(if self.cancel_requested { Heartbeat::CancelRequested } else { Heartbeat::Held })
    }

    /// Takes over what the worker found out. [`ErrorKind::Conflict`] when the claim is void.
    pub fn checkpoint(&mut self, claim: &Claim, run: &Run) -> Result<()> {
        self.check(claim)?;
        self.run.steps.clone_from(&run.steps);
        self.run.failure.clone_from(&run.failure);
        self.run.engine.clone_from(&run.engine);
        Ok(())
    }

    /// Ends the job as the worker says. [`ErrorKind::Conflict`] when the claim is void,
    /// [`ErrorKind::Invalid`] when the status is not terminal.
    pub fn finish(&mut self, claim: &Claim, run: &Run, now: Timestamp) -> Result<()> {
        if !run.status.is_terminal() {
            return Err(Error::invalid(format!(
                "run {} cannot end with status {}: give it back instead",
                run.id, run.status
            )));
        }
        self.checkpoint(claim, run)?;
        self.run.status = run.status;
        self.run.finished_at = Some(run.finished_at.unwrap_or(now));
        self.lease_until = None;
        Ok(())
    }

    /// Gives the job back as QUEUED. [`ErrorKind::Conflict`] when the claim is void.
    pub fn release(
        &mut self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        self.checkpoint(claim, run)?;
        if !count_attempt {
            self.run.attempt = self.run.attempt.saturating_sub(1);
        }
        self.queue(due);
        Ok(())
    }

    /// Carries out what a person asks; returns what is to be told about it.
    /// [`ErrorKind::Conflict`] when the status does not allow it.
    pub fn command(&mut self, command: RunCommand, now: Timestamp) -> Result<Option<Notification>> {
        match (command, self.run.status) {
            (RunCommand::Retry, RunStatus::Failed | RunStatus::Cancelled) => {
                self.retry(now);
                Ok(None)
            }
            (RunCommand::Cancel, RunStatus::Queued | RunStatus::Held) => {
                self.run.failure = Some(Failure {
                    hop: None,
                    kind: ErrorKind::Cancelled,
                    message: "cancelled while it waited; retry it to go on".into(),
                });
                Ok(Some(self.end(RunStatus::Cancelled, now)))
            }
            (RunCommand::Cancel, RunStatus::Running) => {
                self.cancel_requested = true;
                Ok(None)
            }
            (RunCommand::Retry, status) => Err(Error::conflict(format!(
                "run {} is {status}: only FAILED and CANCELLED runs can be retried",
                self.run.id
            ))),
            (RunCommand::Cancel, status) => Err(Error::conflict(format!(
                "run {} is {status} already: there is nothing to cancel",
                self.run.id
            ))),
        }
    }

    /// Queues a HELD job, now that its dataset is registered. Returns whether it was HELD.
    pub fn release_held(&mut self, now: Timestamp) -> bool {
        let held = self.run.status == RunStatus::Held;
        if held {
            self.run.failure = None;
            self.queue(now);
        }
        held
    }

    /// Steps that succeeded stay, and one whose commit is written down; the others begin again.
    fn retry(&mut self, now: Timestamp) {
        let again = [StepStatus::Failed, StepStatus::Running];
        self.run.steps.retain(|step| !again.contains(&step.status));
        self.run.attempt = 0;
        self.run.failure = None;
        self.run.finished_at = None;
        self.cancel_requested = false;
        self.queue(now);
    }

    fn queue(&mut self, due: Timestamp) {
        self.run.status = RunStatus::Queued;
        self.due_at = due;
        self.lease_until = None;
    }

    fn end(&mut self, status: RunStatus, now: Timestamp) -> Notification {
        self.run.status = status;
        self.run.finished_at = Some(now);
        self.lease_until = None;
        Notification::of_run(&self.run, now)
    }

    fn lost_worker(&self) -> String {
        let worker = self.worker.as_deref().unwrap_or("unknown");
        format!(
            "worker {worker} stopped answering in attempt {} and no attempt is left: it was killed \
             or ran out of memory; look at the server's log, then retry the run",
            self.run.attempt
        )
    }
}
