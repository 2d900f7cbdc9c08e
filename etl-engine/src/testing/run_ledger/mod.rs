//! The contract of the run ledger.

mod claims;
mod commands;
mod endings;
mod reading;
mod recording;

use std::sync::Arc;

use domain::run::{Run, RunStatus};

use super::cases;
use super::sample::{at, new_run, request};
use crate::notify::{Outbox, Pending};
use crate::run::{Claim, CommittedObjects, RunLedger, RunLog, RunReports};

use claims::*;
use commands::*;
use endings::*;
use reading::*;
use recording::*;

/// A ledger, empty, and the outbox that it fills.
#[derive(Debug, Clone)]
pub struct LedgerUnderTest {
    /// The ledger.
    pub ledger: Arc<dyn RunLedger>,
    /// What it knows of committed objects.
    pub committed: Arc<dyn CommittedObjects>,
    /// The same ledger, as another server on the same state has it.
    pub second: Arc<dyn RunLedger>,
    /// The logs of its runs.
    pub log: Arc<dyn RunLog>,
    /// Reports over its runs.
    pub reports: Arc<dyn RunReports>,
    /// Its outbox.
    pub outbox: Arc<dyn Outbox>,
}

impl LedgerUnderTest {
    pub(super) async fn record(&self, table: &str, file: &str) -> Run {
        self.ledger.record(&new_run(table, file), at(0)).await.unwrap().run().clone()
    }

    /// One server or the other.
    fn server(&self, number: usize) -> Arc<dyn RunLedger> {
        if number.is_multiple_of(2) { self.ledger.clone() } else { self.second.clone() }
    }

    pub(super) async fn claim(&self, worker: &str, seconds: i64) -> Option<Claim> {
        self.ledger.claim(&request(worker), at(seconds)).await.unwrap()
    }

    async fn run(&self, run: &Run) -> Run {
        self.ledger.run(run.id).await.unwrap().unwrap()
    }

    async fn status(&self, run: &Run) -> RunStatus {
        self.run(run).await.status
    }

    /// Everything that waits in the outbox, now hidden.
    async fn notifications(&self) -> Vec<Pending> {
        self.outbox.take_due(at(1_000_000), at(2_000_000), 100).await.unwrap()
    }
}

/// Runs the contract over the ledgers that `make` makes, each empty.
pub async fn run_ledger(make: impl AsyncFn() -> LedgerUnderTest) {
    cases!(
        "run ledger",
        make,
        [
            b2_a_recorded_run_reads_back_as_queued,
            a6_the_second_of_two_equal_arrivals_is_a_duplicate,
            a6_equal_arrivals_at_the_same_time_make_one_run,
            a_replay_is_never_a_duplicate,
            a12_only_unrecorded_arrivals_are_unknown,
            a_held_run_waits_until_its_dataset_is_registered,
            a_dataset_is_worked_on_in_the_order_of_recording,
            b11_datasets_do_not_wait_for_each_other,
            a_run_that_is_not_due_keeps_later_ones_of_its_dataset_waiting,
            b3_a_run_is_claimed_again_when_its_lease_ran_out,
            a_heartbeat_prolongs_the_lease,
            b4_a_worker_paused_past_its_lease_cannot_write,
            b5_a_run_that_kills_its_workers_fails_and_tells,
            b5_the_last_error_is_kept_when_attempts_are_used_up,
            a_shutdown_is_no_attempt,
            b13_racing_workers_never_share_a_run_or_a_dataset,
            b7_a_checkpoint_stores_steps_and_what_the_object_holds,
            totals_follow_what_objects_hold,
            b1_an_ending_and_its_notification_are_one,
            b1_an_ending_that_is_refused_tells_nobody,
            b2_a_run_cannot_end_without_an_ending,
            b10_a_waiting_run_that_is_cancelled_ends_at_once_and_tells,
            a_running_run_is_asked_to_stop,
            a_commit_that_is_written_down_goes_on_although_cancelled,
            a_finished_run_cannot_be_cancelled,
            a_retry_goes_on_from_the_failed_step,
            b10_the_outcome_of_a_retry_is_told_anew,
            only_failed_and_cancelled_runs_can_be_retried,
            a_command_for_an_unknown_run_is_not_found,
            runs_are_listed_newest_first_and_paged,
            runs_are_listed_by_dataset_status_and_key,
            f3_pages_go_back_as_they_went_forth,
            runs_are_listed_by_trigger_actor_and_time,
            a_heartbeat_tells_how_far_a_running_step_is,
        ]
    );
}
