//! Telling those who review changes what becomes of them, when there is a place where they are
//! reviewed: looked for again and again, so that nothing but the database has to survive a crash.

use std::time::Duration;

use async_trait::async_trait;
use domain::Result;
use domain::pipeline::{Execution, ExecutionId};
use domain::plan::Plan;
use domain::release::Digest;
use infra::change_report::{Archive, ChangeReporter, Told};
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Delivery;

/// Between two looks for news.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Before the next look when nobody could be told.
const PAUSE: Duration = Duration::from_secs(60);
/// Executions that are looked at, the newest.
const MOST_EXECUTIONS: usize = 100;

impl Delivery {
    /// Tells all news until `shutdown`, if there is somebody to tell.
    pub(super) async fn tell_reviewers(&self, shutdown: &CancellationToken) {
        let Some(reporter) = &self.reporter else { return };
        let mut told = Told::default();
        while !shutdown.is_cancelled() {
            let pause = match self.tell_news(reporter.as_ref(), &mut told).await {
                Ok(()) => LOOK_EVERY,
                Err(error) => {
                    tracing::warn!(%error, "reviewers cannot be told now");
                    PAUSE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn tell_news(&self, reporter: &dyn ChangeReporter, told: &mut Told) -> Result<()> {
        let filter = ExecutionFilter { limit: MOST_EXECUTIONS, ..ExecutionFilter::default() };
        let executions = self.pipelines.list(&filter).await?;
        let refused = told.tell(reporter, self, &executions, Timestamp::now()).await?;
        for (execution, error) in refused {
            tracing::warn!(%execution, %error, "reviewers were not told");
        }
        Ok(())
    }
}

#[async_trait]
impl Archive for Delivery {
    async fn plan_of(&self, id: ExecutionId) -> Result<(Plan, Digest)> {
        self.pipelines.plan(id).await
    }

    fn execution_page(&self, execution: &Execution) -> String {
        let Execution { id, environment, .. } = execution;
        format!("{}/{environment}/pipelines/{id}", self.console_url)
    }

    fn plan_page(&self, execution: &Execution) -> String {
        format!("{}/plan", self.execution_page(execution))
    }
}
