//! What every database must do with pipelines: one suite, run over SQLite and PostgreSQL.

// These are tests, although they are compiled as a library for the tests of other crates.
#![allow(clippy::panic, clippy::print_stderr, clippy::unwrap_used)]

mod leases;
mod order;
mod races;
mod reading;
mod scenario;
pub(crate) mod walk;

use crate::SqlPipelines;

/// One empty database, as two processes that use it see it.
#[derive(Debug, Clone)]
pub struct Shared {
    /// One process.
    pub one: SqlPipelines,
    /// The other.
    pub two: SqlPipelines,
}

/// Runs cases one after the other, each over a fresh database, and says which one is under way.
macro_rules! cases {
    ($make:expr, [$($module:ident :: $case:ident),+ $(,)?]) => {
        $(
            eprintln!("pipelines: {}", stringify!($case));
            $module::$case(($make)().await).await;
        )+
    };
}

/// Runs the suite over the databases that `make` makes, each empty. Panics at the first case that
/// fails; its name was printed before.
pub async fn pipelines(make: impl AsyncFn() -> Shared) {
    cases!(
        make,
        [
            order::c16_a_push_that_is_told_of_often_starts_one_execution,
            order::a_newer_execution_supersedes_those_that_wait_and_no_deployment,
            order::a_rollback_holds_pushes_back_until_somebody_resumes,
            order::c11_a_promotion_needs_the_release_to_have_succeeded_before,
            order::an_overtaken_execution_is_not_retried,
            leases::claims_that_race_give_one_running_per_environment,
            leases::b4_a_worker_whose_lease_lapsed_cannot_write,
            leases::c6_another_worker_goes_on_in_the_middle_of_a_deployment,
            leases::b5_an_execution_that_kills_its_workers_ends_failed,
            races::c12_of_two_approvals_one_decides_where_one_is_needed,
            races::c12_two_approvals_that_race_are_both_counted,
            races::who_approved_may_still_break_the_glass_or_reject,
            races::c12_approve_against_reject_has_one_winner,
            races::c2_a_push_voids_a_plan_that_is_being_approved,
            races::a_cancel_against_a_claim_is_never_lost,
            reading::what_was_deployed_can_be_read,
            reading::lists_are_filtered_and_paged,
            reading::a_log_is_bounded_and_says_so,
            reading::a_reminder_is_told_to_one,
            scenario::the_delivery_flow_as_people_see_it,
        ]
    );
}
