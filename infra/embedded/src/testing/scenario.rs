//! A day of a pipeline as a script, told as text: what people did and what came of it.

use domain::approval::{FreezeWindow, Verdict};
use domain::pipeline::{Execution, ExecutionId, Stage};
use domain::release::Digest;
use infra::approval::{Asked, Clearance, Terms, clearance};
use infra::plan::sample::at;

use super::Shared;
use super::walk::{
    ask, carry_out, claim, decide, decision, people, push, rollback, rule, start, terms,
};
use crate::SqlPipelines;

const EXPECTED: &str = "\
ada pushes a: 1 QUEUED
a worker plans: 1 AWAITING_APPROVAL
ada approves: ada: asked for this deployment: somebody else has to approve
cleo approves: 1 QUEUED
a worker deploys: 1 SUCCEEDED
ada pushes b: 1 SUCCEEDED, 2 QUEUED
a worker plans: 1 SUCCEEDED, 2 AWAITING_APPROVAL
ada pushes c: 1 SUCCEEDED, 2 SUPERSEDED, 3 QUEUED
cleo approves the plan of 2: it is SUPERSEDED, by execution 3: decide on that one's plan
a worker plans: 1 SUCCEEDED, 2 SUPERSEDED, 3 AWAITING_APPROVAL
dan rejects: 1 SUCCEEDED, 2 SUPERSEDED, 3 REJECTED
somebody retries: 1 SUCCEEDED, 2 SUPERSEDED, 3 QUEUED
a worker plans: 1 SUCCEEDED, 2 SUPERSEDED, 3 AWAITING_APPROVAL
cleo approves what dan saw: its plan is <new> now, not <old>: look at it again; changed: stack \
ProdDataLakeEtlRoles
cleo approves: 1 SUCCEEDED, 2 SUPERSEDED, 3 QUEUED
a worker asks in a freeze: held until 2026-01-06T00:00:00Z by Epiphany
the freeze goes on for days: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED
ada rolls back: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 QUEUED
ada pushes e: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 QUEUED, 5 QUEUED
a worker plans: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 AWAITING_APPROVAL, 5 QUEUED
cleo approves: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 QUEUED, 5 QUEUED
a worker deploys: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 SUCCEEDED, 5 QUEUED
a worker looks for more: nothing
pushes go on: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 SUCCEEDED, 5 QUEUED
a worker plans: 1 SUCCEEDED, 2 SUPERSEDED, 3 EXPIRED, 4 SUCCEEDED, 5 AWAITING_APPROVAL
";

pub(super) async fn the_delivery_flow_as_people_see_it(shared: Shared) {
    let mut told = Told { store: shared.one, text: String::new(), ids: Vec::new() };
    told.pushes_refusals_and_a_deployment().await;
    told.a_plan_that_is_superseded().await;
    told.a_plan_that_is_rejected_and_made_anew().await;
    told.an_approval_that_a_freeze_outlasts().await;
    told.a_rollback_that_pauses_pushes().await;
    assert_eq!(told.text, EXPECTED, "\n{}", told.text);
}

struct Told {
    store: SqlPipelines,
    text: String,
    ids: Vec<ExecutionId>,
}

impl Told {
    async fn pushes_refusals_and_a_deployment(&mut self) {
        self.pushes('a', 0).await;
        self.plans(1).await;
        let digest = self.digest(0).await;
        self.refused("ada approves", "ada", 0, &digest).await;
        self.approves(0, 2).await;
        self.deploys(3).await;
    }

    async fn a_plan_that_is_superseded(&mut self) {
        self.pushes('b', 10).await;
        self.plans(11).await;
        let digest = self.digest(1).await;
        self.pushes('c', 12).await;
        self.refused("cleo approves the plan of 2", "cleo", 1, &digest).await;
    }

    async fn a_plan_that_is_rejected_and_made_anew(&mut self) {
        self.plans(20).await;
        let seen = self.digest(2).await;
        let no = decision("dan", &seen, Verdict::Reject);
        decide(&self.store, self.ids[2], &no, &rule(1), 21).await.unwrap();
        self.line("dan rejects").await;
        self.store.retry(self.ids[2], Stage::Approval, at(22)).await.unwrap();
        self.line("somebody retries").await;
        self.plans(23).await;
        self.refused("cleo approves what dan saw", "cleo", 2, &seen).await;
        self.approves(2, 24).await;
    }

    /// From one o'clock before the freeze to three days later.
    async fn an_approval_that_a_freeze_outlasts(&mut self) {
        let claim = claim(&self.store, 25).await.unwrap();
        let freeze = FreezeWindow {
            name: "Epiphany".into(),
            time_zone: "UTC".into(),
            from: "2026-01-05T10:00".parse().unwrap(),
            to: "2026-01-06".parse().unwrap(),
        };
        let (plan, digest) = self.store.plan(claim.execution.id).await.unwrap();
        let asked = Asked { plan: &plan, digest: &digest };
        let decisions = self.store.decisions(claim.execution.id).await.unwrap();
        let rule = rule(1);
        let terms = Terms { freezes: &[freeze], ..terms(&rule) };
        let lookup = |one: &domain::branch::Person| {
            people().into_iter().find(|candidate| candidate.person.id == one.id)
        };
        let clearance = clearance(asked, &decisions, terms, lookup, at(25)).unwrap();
        let Clearance::Hold { window, until } = clearance else { panic!("{clearance:?}") };
        self.tell("a worker asks in a freeze", &format!("held until {until} by {window}"));
        self.store.write(&claim, at(26), |job| job.hold(until)).await.unwrap();
        assert_eq!(self.claimed(at(3_600)).await, None, "it is held");
        self.store.expire_due(at(73 * 3600)).await.unwrap();
        self.line("the freeze goes on for days").await;
    }

    async fn a_rollback_that_pauses_pushes(&mut self) {
        let day = 100 * 3600;
        let execution = start(&self.store, &rollback("prod", 'a'), day).await;
        self.ids.push(execution.id);
        self.line("ada rolls back").await;
        self.pushes('e', day + 1).await;
        self.plans(day + 2).await;
        self.approves(3, day + 3).await;
        self.deploys(day + 4).await;
        let more = self.claimed(at(day + 5)).await;
        self.tell("a worker looks for more", more.map_or("nothing", |_| "something"));
        self.store.resume(&"prod".parse().unwrap()).await.unwrap();
        self.line("pushes go on").await;
        self.plans(day + 6).await;
    }

    async fn pushes(&mut self, letter: char, now: i64) {
        let execution = start(&self.store, &push("prod", letter), now).await;
        self.ids.push(execution.id);
        self.line(&format!("ada pushes {letter}")).await;
    }

    async fn plans(&mut self, now: i64) {
        let claim = claim(&self.store, now).await.unwrap();
        ask(&self.store, &claim, &rule(1), now).await;
        self.line("a worker plans").await;
    }

    async fn approves(&mut self, index: usize, now: i64) {
        let yes = decision("cleo", &self.digest(index).await, Verdict::Approve);
        decide(&self.store, self.ids[index], &yes, &rule(1), now).await.unwrap();
        self.line("cleo approves").await;
    }

    async fn refused(&mut self, what: &str, login: &str, index: usize, seen: &Digest) {
        let yes = decision(login, seen, Verdict::Approve);
        let error = decide(&self.store, self.ids[index], &yes, &rule(1), 2).await.unwrap_err();
        let mut why = error.message().to_owned();
        for (number, id) in self.ids.iter().enumerate() {
            why = why.replace(&id.to_string(), &(number + 1).to_string());
        }
        why = why.replace(&format!("execution {}: ", index + 1), "");
        if let Ok((_, now)) = self.store.plan(self.ids[index]).await {
            why = why.replace(now.short(), "<new>").replace(seen.short(), "<old>");
        }
        self.tell(what, &why);
    }

    async fn deploys(&mut self, now: i64) {
        let claim = claim(&self.store, now).await.unwrap();
        carry_out(&self.store, &claim, now).await;
        self.line("a worker deploys").await;
    }

    async fn digest(&self, index: usize) -> Digest {
        self.store.plan(self.ids[index]).await.unwrap().1
    }

    async fn claimed(&self, now: jiff::Timestamp) -> Option<Execution> {
        let request = super::walk::request("another");
        self.store.claim(&request, now).await.unwrap().map(|claim| claim.execution)
    }

    /// Adds what was done and where all executions stand now.
    async fn line(&mut self, what: &str) {
        let mut standing = Vec::new();
        for (number, id) in self.ids.iter().enumerate() {
            let execution = self.store.execution(*id).await.unwrap().unwrap();
            standing.push(format!("{} {}", number + 1, execution.status));
        }
        self.tell(what, &standing.join(", "));
    }

    fn tell(&mut self, what: &str, outcome: &str) {
        self.text.push_str(&format!("{what}: {outcome}\n"));
    }
}
