//! Decisions of people, one after the other: of those that race, one wins (C12).

use database::columns::{self, from_json, micros, to_json};
use database::{failed, retrying};
use domain::approval::Decision;
use domain::pipeline::{Execution, ExecutionId};
use domain::plan::Plan;
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use infra::approval::{Asked, Candidate, Standing, Terms, WhyNot, eligible, standing};
use infra::pipeline::Job;
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{SqlPipelines, row};

const PLAN: &str = "SELECT document FROM plans WHERE id = $1";
const EARLIER_PLAN: &str = "SELECT document FROM plans WHERE execution = $1 AND digest = $2 \
     ORDER BY made_at DESC LIMIT 1";
const LATEST_PLAN: &str = "SELECT document FROM plans WHERE execution = $1 \
     ORDER BY made_at DESC, id DESC LIMIT 1";
const DECIDE: &str = "INSERT INTO decisions (plan, person, decided_at, document) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (plan, person) \
     DO UPDATE SET decided_at = excluded.decided_at, document = excluded.document";
const DECISIONS: &str =
    "SELECT document FROM decisions WHERE plan = $1 ORDER BY decided_at, person";

impl SqlPipelines {
    /// Records what somebody decided, and lets it take effect when it is enough. `people` is everybody
    /// who may matter, as they are now: who decides and those who approved before.
    ///
    /// [`ErrorKind::Conflict`] when people are not asked any more, or about another digest, saying
    /// what changed, or when they decided so already; [`ErrorKind::Denied`] with all reasons why they may
    /// not.
    pub async fn decide(
        &self,
        execution: ExecutionId,
        decision: &Decision,
        terms: Terms<'_>,
        people: &[Candidate],
        now: Timestamp,
    ) -> Result<(Execution, Standing)> {
        retrying(|| self.decide_once(execution, decision, terms, people, now)).await
    }

    async fn decide_once(
        &self,
        execution: ExecutionId,
        decision: &Decision,
        terms: Terms<'_>,
        people: &[Candidate],
        now: Timestamp,
    ) -> Result<(Execution, Standing)> {
        let (mut transaction, mut job) = row::lock(&self.database, execution).await?;
        if let Err(error) = job.check_asked(&decision.plan) {
            return Err(what_changed(&mut transaction, &job, &decision.plan, error).await);
        }
        let plan = self.plan_of(&mut transaction, &job).await?;
        let asked = Asked { plan: &plan, digest: &decision.plan };
        let lookup = |id: &str| people.iter().find(|one| one.person.id == id).cloned();
        let candidate = lookup(&decision.by.id).ok_or_else(|| {
            Error::new(ErrorKind::Denied, format!("nobody knows {}", decision.by.login))
        })?;
        eligible(&candidate, decision, asked, terms, now)
            .map_err(|why| denied(&decision.by.login, &why))?;
        refuse_repeated(decision, &decisions(&mut transaction, &job).await?)?;
        insert(&mut transaction, &plan, decision).await?;
        let all = decisions(&mut transaction, &job).await?;
        let standing = standing(asked, &all, terms, |person| lookup(&person.id), now);
        take_effect(&mut job, decision, &standing, now)?;
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("decide on a plan"))?;
        Ok((job.into_execution(), standing))
    }

    /// The plan that a job has now, with who pushed, also when that became known after it was made.
    pub(super) async fn plan_of(&self, connection: &mut AnyConnection, job: &Job) -> Result<Plan> {
        let id = job.plan_id().ok_or_else(|| {
            Error::not_found(format!("execution {} has no plan now", job.execution().id))
        })?;
        let query = sqlx::query(PLAN).bind(id.to_string());
        let row = query.fetch_one(connection).await.map_err(failed("read a plan"))?;
        let mut plan: Plan = from_json("a plan", &columns::text(&row, "document")?)?;
        plan.requested_by = plan.requested_by.or_else(|| job.execution().requested_by.clone());
        Ok(plan)
    }
}

/// The decisions on the plan that a job has now, in order.
pub(super) async fn decisions(connection: &mut AnyConnection, job: &Job) -> Result<Vec<Decision>> {
    let Some(plan) = job.plan_id() else { return Ok(Vec::new()) };
    let rows = sqlx::query(DECISIONS).bind(plan.to_string()).fetch_all(connection).await;
    let rows = rows.map_err(failed("read decisions"))?;
    let decision = |row| from_json("a decision", &columns::text(row, "document")?);
    rows.iter().map(decision).collect()
}

fn take_effect(
    job: &mut Job,
    decision: &Decision,
    standing: &Standing,
    now: Timestamp,
) -> Result<()> {
    match standing {
        Standing::Approved { by, broke_glass } => {
            let logins: Vec<_> = by.iter().map(|person| person.login.as_str()).collect();
            let note = match broke_glass {
                Some(reason) => format!("{} broke the glass: {reason}", logins.join(", ")),
                None => format!("approved by {}", logins.join(", ")),
            };
            job.approve(&decision.plan, &note, now)
        }
        Standing::Rejected { by, reason } => job.reject(&decision.plan, by, reason, now),
        Standing::Waiting { .. } | Standing::Expired => Ok(()),
    }
}

async fn insert(connection: &mut AnyConnection, plan: &Plan, decision: &Decision) -> Result<()> {
    let query = sqlx::query(DECIDE)
        .bind(plan.id.to_string())
        .bind(decision.by.id.clone())
        .bind(micros(decision.at))
        .bind(to_json(decision)?);
    query.execute(connection).await.map(drop).map_err(failed("record a decision"))
}

/// Who approved may still reject or break the glass while people are asked; saying the same twice
/// is refused.
fn refuse_repeated(decision: &Decision, earlier: &[Decision]) -> Result<()> {
    let same = |own: &Decision| {
        own.by.id == decision.by.id
            && own.verdict == decision.verdict
            && own.break_glass == decision.break_glass
    };
    if earlier.iter().any(same) {
        return Err(Error::conflict(format!("{} {}", decision.by.login, WhyNot::Decided)));
    }
    Ok(())
}

fn denied(login: &str, why: &[WhyNot]) -> Error {
    let reasons: Vec<_> = why.iter().map(ToString::to_string).collect();
    Error::new(ErrorKind::Denied, format!("{login}: {}", reasons.join("; ")))
}

/// Adds to a refusal in what the plan that somebody saw differs from the one there is now.
async fn what_changed(
    connection: &mut AnyConnection,
    job: &Job,
    seen: &Digest,
    error: Error,
) -> Error {
    let now = job.execution().superseded_by.unwrap_or(job.execution().id);
    let before = plan_where(connection, EARLIER_PLAN, job.execution().id, Some(seen)).await;
    let after = plan_where(connection, LATEST_PLAN, now, None).await;
    let (Ok(Some(before)), Ok(Some(after))) = (before, after) else { return error };
    let differences = infra::plan::differences(&before, &after);
    if differences.is_empty() {
        return error;
    }
    let message = format!("{}; changed: {}", error.message(), differences.join(", "));
    Error::new(error.kind(), message)
}

async fn plan_where(
    connection: &mut AnyConnection,
    statement: &'static str,
    execution: ExecutionId,
    digest: Option<&Digest>,
) -> Result<Option<Plan>> {
    let mut query = sqlx::query(statement).bind(execution.to_string());
    if let Some(digest) = digest {
        query = query.bind(digest.to_string());
    }
    let row = query.fetch_optional(connection).await.map_err(failed("read a plan"))?;
    row.map(|row| from_json("a plan", &columns::text(&row, "document")?)).transpose()
}
