//! The rules of executions: what may follow what, and that no order of calls breaks them.

use domain::ErrorKind;
use domain::approval::ApprovalRule;
use domain::pipeline::{Cause, ExecutionId, ExecutionStatus, Stage, StageStatus};
use domain::plan::PlanId;
use domain::release::Digest;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::approval::{Required, required};
use crate::plan::sample::{at, person, plan, widen};

fn digest(letter: char) -> Digest {
    letter.to_string().repeat(64).parse().unwrap()
}

fn new(cause: Cause) -> NewExecution {
    let release = matches!(cause, Cause::Rollback { .. }).then(|| digest('a'));
    NewExecution {
        environment: "prod".parse().unwrap(),
        branch: "production".parse().unwrap(),
        commit: "ab".repeat(20).parse().unwrap(),
        cause,
        requested_by: Some(person("1", "ada")),
        release,
    }
}

fn request() -> ClaimRequest {
    let lease = SignedDuration::from_secs(30);
    ClaimRequest { worker: "one".into(), lease, max_claims: 3 }
}

fn needed() -> Required {
    let mut plan = plan("prod");
    widen(&mut plan);
    required(&ApprovalRule::default(), &plan)
}

fn not_needed() -> Required {
    required(&ApprovalRule::default(), &plan("prod"))
}

/// A claimed execution whose stages before `stage` are done.
fn before(stage: Stage) -> Job {
    let mut job = Job::new(&new(Cause::Push), at(0));
    job.claim(&request(), at(0)).unwrap();
    for earlier in Stage::ALL.into_iter().filter(|earlier| *earlier < stage) {
        pass(&mut job, earlier).unwrap();
    }
    job
}

fn pass(job: &mut Job, stage: Stage) -> domain::Result<()> {
    if stage == Stage::Approval {
        return job.waive_approval(&not_needed(), at(1));
    }
    job.begin(stage, at(1))?;
    match stage {
        Stage::Build => job.built(digest('a'))?,
        Stage::Plan => job.planned(PlanId::generate(), digest('b'))?,
        _ => {}
    }
    job.end(stage, "done", at(2))
}

fn kind<T: std::fmt::Debug>(outcome: domain::Result<T>) -> ErrorKind {
    outcome.unwrap_err().kind()
}

#[test]
fn stages_follow_one_another_to_the_end() {
    let mut job = before(Stage::Verify);
    assert_eq!(kind(job.finish(at(3))), ErrorKind::Conflict);
    pass(&mut job, Stage::Verify).unwrap();
    job.finish(at(3)).unwrap();
    assert_eq!(job.execution().status, ExecutionStatus::Succeeded);
    assert_eq!(job.execution().ended_at, Some(at(3)));
    let mut early = before(Stage::Build);
    assert_eq!(kind(early.begin(Stage::Plan, at(1))), ErrorKind::Conflict);
    for stage in [Stage::Source, Stage::Plan, Stage::Approval, Stage::Deploy] {
        assert_eq!(kind(early.skip(stage, "why not", at(1))), ErrorKind::Conflict, "{stage}");
    }
}

#[test]
fn c1_only_an_approved_plan_is_deployed() {
    let mut job = before(Stage::Approval);
    assert_eq!(kind(job.begin(Stage::Deploy, at(1))), ErrorKind::Conflict);
    assert_eq!(kind(job.waive_approval(&needed(), at(1))), ErrorKind::Conflict);
    job.await_approval(&needed(), at(999), at(1)).unwrap();
    assert_eq!(kind(job.approve(&digest('c'), "yes", at(2))), ErrorKind::Conflict);
    job.approve(&digest('b'), "yes", at(2)).unwrap();
    job.claim(&request(), at(3)).unwrap();
    job.begin(Stage::Deploy, at(3)).unwrap();
}

#[test]
fn c4_a_new_plan_voids_what_was_approved() {
    let mut job = before(Stage::Approval);
    job.await_approval(&needed(), at(999), at(1)).unwrap();
    job.approve(&digest('b'), "yes", at(2)).unwrap();
    job.claim(&request(), at(3)).unwrap();
    job.replan().unwrap();
    assert_eq!(job.approved(), None);
    assert_eq!(job.execution().plan, None);
    assert_eq!(kind(job.begin(Stage::Deploy, at(3))), ErrorKind::Conflict);
    pass(&mut job, Stage::Plan).unwrap();
    assert_eq!(kind(job.begin(Stage::Deploy, at(3))), ErrorKind::Conflict);
    let mut begun = before(Stage::Deploy);
    begun.begin(Stage::Deploy, at(3)).unwrap();
    assert_eq!(kind(begun.replan()), ErrorKind::Conflict);
}

#[test]
fn c4_planning_anew_comes_to_an_end() {
    let mut job = before(Stage::Approval);
    for _ in 0..20 {
        job.replan().unwrap();
        pass(&mut job, Stage::Plan).unwrap();
    }
    let refused = job.replan().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.message().contains("find out who changes the stacks"), "{refused}");
    job.fail(refused.message(), at(3));
    job.retry(Stage::Plan, at(4)).unwrap();
    job.claim(&request(), at(5)).unwrap();
    job.replan().unwrap();
}

#[test]
fn c11_a_promotion_stays_the_release_it_was_asked_for() {
    let mut job = Job::new(&new(Cause::Rollback { reason: "tips".into() }), at(0));
    job.claim(&request(), at(0)).unwrap();
    pass(&mut job, Stage::Source).unwrap();
    assert_eq!(kind(job.built(digest('d'))), ErrorKind::Conflict);
    job.built(digest('a')).unwrap();
    job.skip(Stage::Build, "built before", at(1)).unwrap();
    job.fail("no network", at(2));
    job.retry(Stage::Source, at(3)).unwrap();
    assert_eq!(job.execution().release, Some(digest('a')));
}

#[test]
fn the_pipeline_changes_itself_once() {
    let mut job = before(Stage::SelfMutate);
    job.begin(Stage::SelfMutate, at(1)).unwrap();
    job.restart(at(2)).unwrap();
    assert_eq!(job.execution().status, ExecutionStatus::Queued);
    assert_eq!(job.execution().restarts, 1);
    job.claim(&request(), at(3)).unwrap();
    for stage in [Stage::Source, Stage::Build] {
        pass(&mut job, stage).unwrap();
    }
    job.begin(Stage::SelfMutate, at(4)).unwrap();
    assert_eq!(kind(job.restart(at(5))), ErrorKind::Conflict);
}

#[test]
fn a_cancel_waits_for_the_end_of_a_step() {
    let mut job = before(Stage::Deploy);
    job.begin(Stage::Deploy, at(1)).unwrap();
    job.step(Some("ProdEtlStorage")).unwrap();
    job.cancel(at(2)).unwrap();
    assert_eq!(job.execution().status, ExecutionStatus::Running, "asked for, not carried out");
    assert_eq!(kind(job.cancelled(at(3))), ErrorKind::Conflict);
    // Another worker goes on with it after a crash.
    job.claim(&request(), at(40)).unwrap();
    assert_eq!(kind(job.step(Some("ProdEtlTables"))), ErrorKind::Cancelled);
    job.step(Some("ProdEtlStorage")).unwrap();
    job.step(None).unwrap();
    assert_eq!(kind(job.step(Some("ProdEtlTables"))), ErrorKind::Cancelled);
    job.cancelled(at(4)).unwrap();
    assert_eq!(job.execution().status, ExecutionStatus::Cancelled);
    let mut waiting = Job::new(&new(Cause::Push), at(0));
    waiting.cancel(at(1)).unwrap();
    assert_eq!(waiting.execution().status, ExecutionStatus::Cancelled);
    assert_eq!(kind(waiting.cancel(at(2))), ErrorKind::Conflict);
}

#[test]
fn a_cancelled_deployment_is_handed_out_to_be_stopped_in_order() {
    let mut job = before(Stage::Deploy);
    job.begin(Stage::Deploy, at(1)).unwrap();
    job.release(at(2), Some("S3 is away"));
    job.cancel(at(3)).unwrap();
    assert_eq!(job.execution().status, ExecutionStatus::Queued);
    assert!(job.claim(&request(), at(4)).is_some());
    job.cancelled(at(5)).unwrap();
}

#[test]
fn b5_an_execution_that_kills_its_workers_is_failed() {
    let mut job = before(Stage::Build);
    job.begin(Stage::Build, at(1)).unwrap();
    for _ in 0..3 {
        assert!(job.claim(&request(), at(100)).is_some());
    }
    assert!(job.claim(&request(), at(200)).is_none());
    assert_eq!(job.execution().status, ExecutionStatus::Failed);
    let note = job.execution().stage(Stage::Build).unwrap().note.clone().unwrap();
    assert!(note.contains("stopped answering"), "{note}");
}

#[test]
fn what_stays_away_is_named_in_the_end() {
    let mut job = before(Stage::Build);
    job.begin(Stage::Build, at(1)).unwrap();
    for second in 0..3 {
        assert!(job.claim(&request(), at(second)).is_some());
        job.release(at(second), Some("bucket assets is away"));
    }
    assert!(job.claim(&request(), at(200)).is_none());
    let note = job.execution().stage(Stage::Build).unwrap().note.clone().unwrap();
    assert_eq!(note, "it was tried 3 times: bucket assets is away");
}

#[test]
fn a_deployment_under_way_is_not_superseded() {
    let mut job = before(Stage::Deploy);
    assert_eq!(kind(job.supersede(ExecutionId::generate(), at(1))), ErrorKind::Conflict);
    job.begin(Stage::Deploy, at(1)).unwrap();
    job.release(at(2), Some("S3 is away"));
    assert_eq!(kind(job.supersede(ExecutionId::generate(), at(3))), ErrorKind::Conflict);
    let mut waiting = before(Stage::Approval);
    waiting.await_approval(&needed(), at(999), at(1)).unwrap();
    waiting.supersede(ExecutionId::generate(), at(2)).unwrap();
    assert_eq!(waiting.execution().status, ExecutionStatus::Superseded);
}

#[test]
fn a_retry_begins_at_a_stage_and_voids_the_approval() {
    let mut job = before(Stage::Deploy);
    job.begin(Stage::Deploy, at(1)).unwrap();
    job.fail("stack rolled back", at(2));
    assert_eq!(kind(job.retry(Stage::Verify, at(3))), ErrorKind::Conflict);
    job.retry(Stage::Deploy, at(3)).unwrap();
    assert_eq!(job.execution().attempt, 2);
    assert_eq!(job.execution().plan, None, "change sets are executed once");
    assert_eq!(job.execution().stage(Stage::Assets).unwrap().status, StageStatus::Succeeded);
    assert_eq!(job.execution().stage(Stage::Plan).unwrap().status, StageStatus::Waiting);
    assert_eq!(kind(job.retry(Stage::Plan, at(4))), ErrorKind::Conflict);
}

#[test]
fn an_approval_that_was_not_used_expires() {
    let mut job = before(Stage::Approval);
    job.await_approval(&needed(), at(100), at(1)).unwrap();
    job.approve(&digest('b'), "yes", at(2)).unwrap();
    assert!(!job.expire(at(99)));
    assert!(job.expire(at(100)));
    assert_eq!(job.execution().status, ExecutionStatus::Expired);
    assert_eq!(job.approved(), None);
}

/// Everything that can be asked of a job; the number chooses stages and digests.
fn any_call(job: &mut Job, call: u8, number: usize) {
    let stage = Stage::ALL[number % 8];
    let letter = ['b', 'c'][number % 2];
    let now = at(i64::try_from(number).unwrap());
    // Refusals are part of the game: what counts is where the job stands afterwards.
    let _ = match call {
        0 if job.is_claimable(now) => job.claim(&request(), now).map(drop).ok_or(()),
        1..=5 if job.execution().status != ExecutionStatus::Running => Ok(()),
        1 => pass(job, stage).map_err(drop),
        2 => job.begin(stage, now).map_err(drop),
        3 => job.await_approval(&needed(), at(500), now).map_err(drop),
        4 => job
            .planned(PlanId::generate(), digest(letter))
            .and_then(|()| job.replan())
            .map_err(drop),
        5 => match number % 6 {
            0 => job.step(Some("stack")).map_err(drop),
            1 => job.cancelled(now).map_err(drop),
            2 => job.finish(now).map_err(drop),
            3 => job.restart(now).map_err(drop),
            4 => job.hold(now).map_err(drop),
            _ => {
                job.fail("it failed", now);
                Ok(())
            }
        },
        6 => job.approve(&digest(letter), "yes", now).map_err(drop),
        7 => job.reject(&digest(letter), &person("3", "cleo"), "no", now).map_err(drop),
        8 => job.cancel(now).map_err(drop),
        9 => job.supersede(ExecutionId::generate(), now).map_err(drop),
        _ => {
            job.expire(now);
            Ok(())
        }
    };
}

proptest! {
    #[test]
    fn no_order_of_calls_breaks_the_rules(
        calls in prop::collection::vec((0u8..11, 0usize..600, 0u8..3), 1..200)
    ) {
        let mut job = Job::new(&new(Cause::Push), at(0));
        let mut in_order = 0;
        for (call, number, straight) in calls {
            let earlier = job.clone();
            // Most calls go on as a worker would, so that all stages are reached.
            if straight > 0 {
                match job.execution().status {
                    ExecutionStatus::Queued => any_call(&mut job, 0, 550),
                    ExecutionStatus::Running => { let _ = pass(&mut job, Stage::ALL[in_order % 8]); in_order += 1; }
                    ExecutionStatus::AwaitingApproval => any_call(&mut job, 6, number),
                    _ => {}
                }
            } else {
                any_call(&mut job, call, number);
            }
            let (was, is) = (earlier.execution(), job.execution());
            if was.status.is_terminal() {
                prop_assert_eq!(&earlier, &job, "what ended stays as it is until a retry");
            }
            let deploying = is.stage(Stage::Deploy).unwrap().status == StageStatus::Running;
            if deploying && is.status == ExecutionStatus::Running {
                prop_assert!(job.approved().is_some());
                prop_assert_eq!(job.approved(), is.plan.as_ref());
            }
            prop_assert_eq!(job.lease_until().is_some(), is.status == ExecutionStatus::Running);
            prop_assert_eq!(is.ended_at.is_some(), is.status.is_terminal());
            prop_assert!(job.fence >= earlier.fence);
            prop_assert!(is.restarts <= 1);
            if is.status == ExecutionStatus::Succeeded {
                prop_assert!(is.stages.iter().all(|one| super::job::is_done(one.status)));
            }
        }
    }
}
