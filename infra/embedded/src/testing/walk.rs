//! Ways through a pipeline that the cases share.

use domain::access::Role;
use domain::approval::{ApprovalRule, Decision, FreezeWindow, Verdict};
use domain::pipeline::{Cause, Execution, ExecutionId, Stage};
use domain::plan::Plan;
use domain::release::Digest;
use infra::approval::{Candidate, Terms, expires_at, required};
use infra::pipeline::{Claim, ClaimRequest, NewExecution, PushKey};
use infra::plan::sample::{at, candidate, person, plan};
use jiff::{SignedDuration, Timestamp};

use crate::{Enqueued, SqlPipelines};

/// A commit or digest of one letter.
pub(crate) fn commit(letter: char) -> domain::branch::CommitId {
    letter.to_string().repeat(40).parse().unwrap()
}

pub(crate) fn digest(letter: char) -> Digest {
    letter.to_string().repeat(64).parse().unwrap()
}

/// A push of ada's, number 1.
pub(crate) fn push(environment: &str, letter: char) -> NewExecution {
    NewExecution {
        environment: environment.parse().unwrap(),
        branch: "main".parse().unwrap(),
        commit: commit(letter),
        cause: Cause::Push,
        requested_by: Some(person("1", "ada")),
        release: None,
    }
}

pub(crate) fn rollback(environment: &str, letter: char) -> NewExecution {
    let cause = Cause::Rollback { reason: "tips are doubled".into() };
    NewExecution { cause, release: Some(digest(letter)), ..push(environment, letter) }
}

pub(crate) fn key(letter: char) -> PushKey {
    PushKey {
        repository: "acme/lake".into(),
        reference: "refs/heads/main".into(),
        after: commit(letter),
    }
}

pub(crate) async fn start(store: &SqlPipelines, new: &NewExecution, now: i64) -> Execution {
    match store.enqueue(new, None, at(now)).await.unwrap() {
        Enqueued::New(execution) => execution,
        Enqueued::Known(execution) => panic!("{} was known", execution.id),
    }
}

pub(crate) fn request(worker: &str) -> ClaimRequest {
    let lease = SignedDuration::from_secs(30);
    ClaimRequest { worker: worker.into(), lease, max_claims: 3 }
}

pub(crate) async fn claim(store: &SqlPipelines, now: i64) -> Option<Claim> {
    store.claim(&request("worker"), at(now)).await.unwrap()
}

/// Does the stages up to `last`, without approval and deploy.
pub(crate) async fn work(
    store: &SqlPipelines,
    claim: &Claim,
    last: Stage,
    now: i64,
) -> Option<Plan> {
    let mut made = None;
    let first = store.execution(claim.execution.id).await.unwrap().unwrap();
    let open = |stage: &Stage| first.stage(*stage).unwrap().ended_at.is_none();
    for stage in Stage::ALL.into_iter().filter(|stage| *stage <= last).filter(open) {
        if matches!(stage, Stage::Approval | Stage::Deploy) {
            continue;
        }
        store.write(claim, at(now), |job| job.begin(stage, at(now))).await.unwrap();
        if stage == Stage::Build {
            let letter = first.commit.as_str().chars().next().unwrap();
            store.write(claim, at(now), |job| job.built(digest(letter))).await.unwrap();
        }
        if stage == Stage::Plan {
            let plan = plan_of(store, claim, now).await;
            store.keep_plan(claim, &plan).await.unwrap();
            made = Some(plan);
        }
        store.write(claim, at(now), |job| job.end(stage, "done", at(now))).await.unwrap();
    }
    made
}

async fn plan_of(store: &SqlPipelines, claim: &Claim, now: i64) -> Plan {
    let execution = store.execution(claim.execution.id).await.unwrap().unwrap();
    let mut sample = plan(execution.environment.as_str());
    // Change sets are made anew each time.
    sample.stacks[0].change_set = Some(format!("arn:aws:cloudformation:::changeSet/{now}"));
    Plan {
        execution: execution.id,
        commit: execution.commit.clone(),
        release: execution.release.clone().unwrap(),
        requested_by: execution.requested_by.clone(),
        made_at: at(now),
        ..sample
    }
}

/// Starts an execution and brings it to where people are asked.
pub(crate) async fn asked(
    store: &SqlPipelines,
    new: &NewExecution,
    rule: &ApprovalRule,
    now: i64,
) -> (ExecutionId, Digest) {
    let id = start(store, new, now).await.id;
    let claim = claim(store, now).await.unwrap();
    assert_eq!(claim.execution.id, id);
    ask(store, &claim, rule, now).await;
    (id, store.execution(id).await.unwrap().unwrap().plan.unwrap())
}

/// Makes the plan of a claimed execution and asks people about it.
pub(crate) async fn ask(store: &SqlPipelines, claim: &Claim, rule: &ApprovalRule, now: i64) {
    let plan = work(store, claim, Stage::Plan, now).await.unwrap();
    let required = required(rule, &plan);
    let expiry = expires_at(rule, &plan);
    let asking = store.write(claim, at(now), |job| job.await_approval(&required, expiry, at(now)));
    asking.await.unwrap();
}

/// Carries out what is approved, to the end.
pub(crate) async fn carry_out(store: &SqlPipelines, claim: &Claim, now: i64) -> Execution {
    deploy(store, claim, now).await;
    work(store, claim, Stage::Verify, now).await;
    store.write(claim, at(now), |job| job.finish(at(now))).await.unwrap()
}

pub(crate) async fn deploy(store: &SqlPipelines, claim: &Claim, now: i64) {
    store.write(claim, at(now), |job| job.begin(Stage::Deploy, at(now))).await.unwrap();
    let decisions = store.decisions(claim.execution.id).await.unwrap();
    let by: Vec<_> = decisions.into_iter().map(|decision| decision.by).collect();
    store.deployed(claim, &by, None, "deployed", at(now)).await.unwrap();
}

/// Deploys a push that nobody has to approve, from start to end.
pub(crate) async fn deliver(store: &SqlPipelines, new: &NewExecution, now: i64) -> Execution {
    start(store, new, now).await;
    let claim = claim(store, now).await.unwrap();
    let plan = work(store, &claim, Stage::Plan, now).await.unwrap();
    let required = required(&rule(0), &plan);
    let waived = store.write(&claim, at(now), |job| job.waive_approval(&required, at(now)));
    waived.await.unwrap();
    carry_out(store, &claim, now).await
}

pub(crate) fn rule(approvers: u32) -> ApprovalRule {
    ApprovalRule { approvers, ..ApprovalRule::default() }
}

pub(crate) fn terms(rule: &ApprovalRule) -> Terms<'_> {
    const NEVER: &[FreezeWindow] = &[];
    Terms { rule, freezes: NEVER }
}

/// ada (1), who asks; cleo (3) and dan (4), who may approve; root (9).
pub(crate) fn people() -> Vec<Candidate> {
    vec![
        candidate("1", "ada", &[Role::Engineer, Role::Approver]),
        candidate("3", "cleo", &[Role::Approver]),
        candidate("4", "dan", &[Role::Approver]),
        candidate("9", "root", &[Role::Admin]),
    ]
}

pub(crate) fn decision(login: &str, plan: &Digest, verdict: Verdict) -> Decision {
    let people = people();
    let by = people.into_iter().find(|one| one.person.login == login).unwrap().person;
    Decision {
        plan: plan.clone(),
        by,
        verdict,
        reason: "looked at it".into(),
        typed: Vec::new(),
        break_glass: false,
        at: Timestamp::now(),
    }
}

/// Decides, as one who sees `rule`.
pub(crate) async fn decide(
    store: &SqlPipelines,
    id: ExecutionId,
    decision: &Decision,
    rule: &ApprovalRule,
    now: i64,
) -> domain::Result<Execution> {
    let outcome = store.decide(id, decision, terms(rule), &people(), at(now)).await;
    outcome.map(|(execution, _)| execution)
}
