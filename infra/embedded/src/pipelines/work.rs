//! What a worker does under its claim.

use database::columns::{self, micros, to_json};
use database::{failed, retrying};
use domain::approval::Decision;
use domain::branch::Person;
use domain::deployment::{Deployment, RunningRelease};
use domain::pipeline::{Execution, ExecutionId, Stage};
use domain::plan::Plan;
use domain::release::Digest;
use domain::{Error, Result};
use infra::pipeline::{Claim, Heartbeat, Job};
use jiff::Timestamp;
use sqlx::AnyConnection;

use super::{SqlPipelines, environment, row};

const KEEP_PLAN: &str = "INSERT INTO plans (id, execution, digest, made_at, document) \
     VALUES ($1, $2, $3, $4, $5)";
const DEPLOYED: &str = "INSERT INTO deployments (environment, number, execution, document) \
     SELECT $1, (SELECT COALESCE(MAX(number), 0) + 1 FROM deployments WHERE environment = $1), \
     $2, $3";
/// A newer execution that waits for its turn too.
const NEWER: &str = "SELECT MAX(id) AS id FROM executions AS newer WHERE environment = $1 \
     AND id > $2 AND status IN ('QUEUED', 'AWAITING_APPROVAL') AND deploy_begun = 0 \
     AND (is_automatic = 0 OR $3 = 1 OR NOT EXISTS (SELECT 1 FROM pipeline_environments AS place \
         WHERE place.environment = newer.environment AND place.paused IS NOT NULL))";

impl SqlPipelines {
    /// Prolongs a claim until a moment. [`domain::ErrorKind::Conflict`] when it is void.
    pub async fn heartbeat(&self, claim: &Claim, until: Timestamp) -> Result<Heartbeat> {
        retrying(|| async {
            let (mut transaction, mut job) = row::lock(&self.database, claim.execution.id).await?;
            let heartbeat = job.heartbeat(claim, until)?;
            row::update(&mut transaction, &job).await?;
            transaction.commit().await.map_err(failed("prolong a claim"))?;
            Ok(heartbeat)
        })
        .await
    }

    /// Changes an execution as one of the rules of [`Job`] says, under a claim. When it waits
    /// afterwards and a newer one of its environment does too, it is SUPERSEDED: look at the status.
    ///
    /// [`domain::ErrorKind::Conflict`] when the claim is void, and as the rule says.
    pub async fn write(
        &self,
        claim: &Claim,
        now: Timestamp,
        change: impl Fn(&mut Job) -> Result<()>,
    ) -> Result<Execution> {
        retrying(|| async {
            let (mut transaction, mut job) = row::lock(&self.database, claim.execution.id).await?;
            job.check(claim)?;
            change(&mut job)?;
            yield_to_newer(&mut transaction, &mut job, now).await?;
            row::update(&mut transaction, &job).await?;
            transaction.commit().await.map_err(failed("store the progress of an execution"))?;
            Ok(job.into_execution())
        })
        .await
    }

    /// Makes room for a newer execution of its environment that waits, if there is one: it is
    /// SUPERSEDED then, look at the status. Asked before a deployment begins, so that an older commit
    /// never takes back what a newer one brought.
    pub async fn make_room(&self, claim: &Claim, now: Timestamp) -> Result<Execution> {
        retrying(|| async {
            let (mut transaction, mut job) = row::lock(&self.database, claim.execution.id).await?;
            job.check(claim)?;
            if let Some(newer) = newer(&mut transaction, &job).await? {
                job.release(now, None);
                job.supersede(newer, now)?;
                row::update(&mut transaction, &job).await?;
                transaction.commit().await.map_err(failed("make room for a newer execution"))?;
            }
            Ok(job.into_execution())
        })
        .await
    }

    /// Stores a plan and binds the execution to its digest, which is returned. The plan stage must be
    /// under way.
    pub async fn keep_plan(&self, claim: &Claim, plan: &Plan) -> Result<Digest> {
        if plan.execution != claim.execution.id {
            return Err(Error::invalid(format!("plan {} belongs to another execution", plan.id)));
        }
        let digest = infra::plan::digest(plan)?;
        retrying(|| self.keep_plan_once(claim, plan, &digest)).await?;
        Ok(digest)
    }

    async fn keep_plan_once(&self, claim: &Claim, plan: &Plan, digest: &Digest) -> Result<()> {
        let (mut transaction, mut job) = row::lock(&self.database, claim.execution.id).await?;
        job.check(claim)?;
        job.planned(plan.id, digest.clone())?;
        sqlx::query(KEEP_PLAN)
            .bind(plan.id.to_string())
            .bind(plan.execution.to_string())
            .bind(digest.to_string())
            .bind(micros(plan.made_at))
            .bind(to_json(plan)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed("keep a plan"))?;
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("keep a plan"))
    }

    /// Ends the deploy stage and says what runs now, in one transaction. `by` and `broke_glass` are
    /// what [`infra::approval::clearance`] said before the deployment.
    pub async fn deployed(
        &self,
        claim: &Claim,
        by: &[Person],
        broke_glass: Option<&str>,
        note: &str,
        now: Timestamp,
    ) -> Result<Deployment> {
        retrying(|| self.deployed_once(claim, by, broke_glass, note, now)).await
    }

    async fn deployed_once(
        &self,
        claim: &Claim,
        by: &[Person],
        broke_glass: Option<&str>,
        note: &str,
        now: Timestamp,
    ) -> Result<Deployment> {
        let (mut transaction, mut job) = row::lock(&self.database, claim.execution.id).await?;
        job.check(claim)?;
        let plan = self.plan_of(&mut transaction, &job).await?;
        let broke_glass = broke_glass.map(str::to_owned);
        let deployment = job.deployment(&plan, by.to_vec(), broke_glass, now)?;
        job.end(Stage::Deploy, note, now)?;
        let id = claim.execution.id;
        sqlx::query(DEPLOYED)
            .bind(deployment.environment.to_string())
            .bind(id.to_string())
            .bind(to_json(&deployment)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed("record a deployment"))?;
        let running = RunningRelease {
            release: deployment.release.clone(),
            commit: deployment.commit.clone(),
            execution: id,
            since: now,
        };
        environment::set_running(&mut transaction, &deployment.environment, &running).await?;
        row::update(&mut transaction, &job).await?;
        transaction.commit().await.map_err(failed("record a deployment"))?;
        Ok(deployment)
    }

    /// The plan that an execution has now, with its digest. [`domain::ErrorKind::NotFound`] before it
    /// has one, and after it was thrown away.
    pub async fn plan(&self, execution: ExecutionId) -> Result<(Plan, Digest)> {
        let mut connection =
            self.database.reader()?.acquire().await.map_err(failed("read a plan"))?;
        let job = row::find(&mut connection, execution).await?.ok_or_else(|| {
            Error::not_found(format!("execution {execution} is not there: was it mistyped?"))
        })?;
        let plan = self.plan_of(&mut connection, &job).await?;
        let digest = infra::plan::digest(&plan)?;
        Ok((plan, digest))
    }

    /// What people decided on the plan that an execution has now, in order.
    pub async fn decisions(&self, execution: ExecutionId) -> Result<Vec<Decision>> {
        let mut connection =
            self.database.reader()?.acquire().await.map_err(failed("read decisions"))?;
        match row::find(&mut connection, execution).await? {
            Some(job) => super::decide::decisions(&mut connection, &job).await,
            None => Ok(Vec::new()),
        }
    }
}

/// An execution that would wait behind a newer one makes room for it.
async fn yield_to_newer(
    connection: &mut AnyConnection,
    job: &mut Job,
    now: Timestamp,
) -> Result<()> {
    if !job.is_waiting() {
        return Ok(());
    }
    match newer(connection, job).await? {
        Some(newer) => job.supersede(newer, now),
        None => Ok(()),
    }
}

/// The newest execution of its environment that waits, if that is newer.
async fn newer(connection: &mut AnyConnection, job: &Job) -> Result<Option<ExecutionId>> {
    let execution = job.execution();
    let row = sqlx::query(NEWER)
        .bind(execution.environment.to_string())
        .bind(execution.id.to_string())
        .bind(i64::from(execution.cause.is_automatic()))
        .fetch_one(connection)
        .await
        .map_err(failed("look for a newer execution"))?;
    columns::optional_text(&row, "id")?.map(|newer| columns::parsed(("id", newer))).transpose()
}
