//! Deploy and verify.

use domain::approval::{Decision, Verdict};
use domain::branch::Person;
use domain::pipeline::{Execution, Stage};
use domain::plan::{Plan, StackPlan};
use domain::release::Digest;
use domain::run_log::LogLevel;
use domain::{Error, ErrorKind, Result, failpoint};
use infra::approval::{Asked, Candidate, Clearance, clearance, expires_at, required};
use jiff::Timestamp;

use super::Next;
use super::held::Held;
use crate::delivery::Delivery;
use crate::delivery::routes::apply_routes;
use crate::delivery::stages::deploy::{check_unchanged, deploy_data, deploy_stack};
use crate::delivery::stages::verify::{rebuild_tables, smoke_queries};

/// The step after the stacks.
const DATA: &str = "sources and SQL";

/// Who let a deployment through.
struct Cleared {
    by: Vec<Person>,
    broke_glass: Option<String>,
}

impl Delivery {
    /// Carries out what was approved. One that was begun goes on: it was cleared then.
    pub(super) async fn deploy(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        if !execution.deploy_begun() {
            let now = self.pipelines.make_room(&held.claim, Timestamp::now()).await?;
            if now.superseded_by.is_some() {
                return Ok(Next::Leave);
            }
        }
        let (plan, digest) = self.pipelines.plan(execution.id).await?;
        let decisions = self.pipelines.decisions(execution.id).await?;
        let cleared = match execution.deploy_begun() {
            true => cleared_before(&decisions),
            false => match self.clear(held, &plan, &digest, &decisions).await? {
                Some(cleared) => cleared,
                None => return Ok(Next::Leave),
            },
        };
        let loaded = self.loaded(execution).await?;
        let environment = loaded.environment(&execution.environment)?;
        let service = self.stacks(environment).await?;
        let lake = self.lake(&execution.environment)?;
        if !execution.deploy_begun() {
            let prefix = &loaded.content.lake.lake.logical_id_prefix;
            let before = self.lake_now(environment, prefix).await?;
            if let Err(error) = check_unchanged(&plan, service.as_ref(), &before).await {
                return self.plan_anew(held, error).await;
            }
            held.write(|job| job.begin(Stage::Deploy, Timestamp::now())).await?;
        }
        let voice = held.voice(Stage::Deploy);
        let definitions = loaded.stacks(environment)?;
        for planned in stacks_to_change(&plan, execution.step.as_deref()) {
            let definition = definitions.iter().find(|own| own.name == planned.stack);
            let definition = definition.ok_or_else(|| {
                Error::internal(format!("the release has no stack {}", planned.stack))
            })?;
            held.write(|job| job.step(Some(&planned.stack))).await?;
            failpoint::reach("delivery.stack")?;
            held.make_sure().await?;
            let look_every = self.places.look_every();
            deploy_stack(&plan, planned, definition, service.as_ref(), look_every, &voice).await?;
            held.write(|job| job.step(None)).await?;
        }
        held.write(|job| job.step(Some(DATA))).await?;
        failpoint::reach("delivery.data")?;
        held.make_sure().await?;
        deploy_data(&plan, lake, &cleared.by, &voice).await?;
        apply_routes(&loaded.content.lake, lake, &voice).await?;
        failpoint::reach("delivery.saved")?;
        let note = format!("release {} runs in {}", plan.release.short(), plan.environment);
        let broke_glass = cleared.broke_glass.as_deref();
        let now = Timestamp::now();
        self.pipelines.deployed(&held.claim, &cleared.by, broke_glass, &note, now).await?;
        held.note(Stage::Deploy, LogLevel::Info, &note).await?;
        Ok(Next::GoOn)
    }

    /// Whether the plan may be carried out now: who approved may still do so, the approval has not
    /// expired, nothing is frozen (C13). `None`: not now, and the execution was told so.
    async fn clear(
        &self,
        held: &Held<'_>,
        plan: &Plan,
        digest: &Digest,
        decisions: &[Decision],
    ) -> Result<Option<Cleared>> {
        let now = Timestamp::now();
        let people = self.candidates(now).await?;
        let lookup = |person: &Person| -> Option<Candidate> {
            people.iter().find(|candidate| candidate.person.id == person.id).cloned()
        };
        let rules = self.rules(&plan.environment, &plan.release).await?;
        let terms = rules.terms();
        match clearance(Asked { plan, digest }, decisions, terms, lookup, now)? {
            Clearance::Go { by, broke_glass } => return Ok(Some(Cleared { by, broke_glass })),
            Clearance::Hold { window, until } => {
                let line = format!("nothing is deployed during {window}: it goes on at {until}");
                held.note(Stage::Deploy, LogLevel::Warning, &line).await?;
                held.write(|job| job.hold(until)).await?;
            }
            Clearance::AskAgain { lost, .. } => {
                let names: Vec<_> = lost.iter().map(|person| person.login.as_str()).collect();
                let line = format!(
                    "{} may not approve any more: people are asked again",
                    names.join(" and ")
                );
                held.note(Stage::Approval, LogLevel::Warning, &line).await?;
                let (required, expires) =
                    (required(terms.rule, plan), expires_at(terms.rule, plan));
                held.write(|job| job.await_approval(&required, expires, now)).await?;
            }
            Clearance::Rejected { by, reason } => {
                return Err(Error::new(
                    ErrorKind::Denied,
                    format!("{} rejected it: {reason}", by.login),
                ));
            }
            Clearance::Expired => drop(held.write(|job| job.expired(now)).await?),
        }
        Ok(None)
    }

    /// What was planned is not what is there any more: a new plan, and a new approval (C2, C4).
    async fn plan_anew(&self, held: &Held<'_>, error: Error) -> Result<Next> {
        if error.kind() != ErrorKind::Conflict {
            return Err(error);
        }
        held.note(Stage::Plan, LogLevel::Warning, error.message()).await?;
        held.write(|job| job.replan()).await?;
        Ok(Next::GoOn)
    }

    pub(super) async fn verify(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let (plan, _) = self.pipelines.plan(execution.id).await?;
        let loaded = self.loaded(execution).await?;
        let lake = self.lake(&execution.environment)?;
        rebuild_tables(&plan, lake, &held.voice(Stage::Verify)).await?;
        let read = match loaded.content.lake.pipeline.smoke_query {
            true => smoke_queries(&plan, lake).await?,
            false => 0,
        };
        let note = format!("{read} changed tables were read");
        held.end(Stage::Verify, &note).await?;
        Ok(Next::GoOn)
    }
}

/// The stacks that are to be changed yet. After a crash that is the one that was under way, whether
/// somebody cancelled the execution meanwhile or not, and those after it.
fn stacks_to_change<'p>(
    plan: &'p Plan,
    under_way: Option<&str>,
) -> impl Iterator<Item = &'p StackPlan> {
    let done = under_way.map_or(0, |step| {
        let found = plan.stacks.iter().position(|planned| planned.stack == step);
        found.unwrap_or(plan.stacks.len())
    });
    let changes =
        |planned: &&StackPlan| planned.change_set.is_some() || !planned.changes.is_empty();
    plan.stacks.iter().skip(done).filter(changes)
}

fn cleared_before(decisions: &[Decision]) -> Cleared {
    let approvals = decisions.iter().filter(|decision| decision.verdict == Verdict::Approve);
    let mut cleared = Cleared { by: Vec::new(), broke_glass: None };
    for approval in approvals {
        cleared.by.push(approval.by.clone());
        if approval.break_glass {
            cleared.broke_glass = Some(approval.reason.clone());
        }
    }
    cleared
}
