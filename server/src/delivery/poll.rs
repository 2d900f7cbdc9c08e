//! Looking at the branches: pushes that no webhook told of are found here (C18). People are reminded of
//! plans that wait, and plans that nobody decided on expire.

use domain::Result;
use domain::pipeline::{Cause, Execution, Stage, StageLine};
use domain::run_log::LogLevel;
use infra::approval::Reminder;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Delivery;

impl Delivery {
    /// Looks at all branches again and again until `shutdown`.
    pub(super) async fn poll(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.look_at_all().await {
                tracing::warn!(%error, "the branches of the lake repository cannot be looked at now");
            }
            if let Err(error) = self.tend(Timestamp::now()).await {
                tracing::warn!(%error, "plans that wait cannot be looked after now");
            }
            tokio::select! {
                () = tokio::time::sleep(self.config.poll()) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Looks at all branches once.
    pub async fn look_at_all(&self) -> Result<()> {
        let Some(definition) = self.definition().await? else { return Ok(()) };
        for environment in &definition.lake.environments {
            let started = self.look_at(&definition, environment, Cause::Poll, None).await?;
            if let Some(execution) = started {
                tracing::info!(execution = %execution.id, environment = %environment.name, "a push was found");
            }
        }
        Ok(())
    }

    /// Lets plans expire that nobody decided on in time, and reminds people of those that wait. Both are
    /// told with the transaction that notes them: once, however many servers look, and after a crash.
    pub async fn tend(&self, now: Timestamp) -> Result<()> {
        for execution in self.pipelines.expire_due(now).await? {
            tracing::info!(execution = %execution.id, "nobody decided in time");
            let line = "nobody decided in time: the plan expired";
            self.remark(&execution, now, LogLevel::Warning, line).await?;
        }
        for (execution, reminder) in self.pipelines.remind_due(now).await? {
            let line = match reminder {
                Reminder::Waits => "people are reminded that the plan waits",
                Reminder::LastCall => "people are reminded that the plan expires soon",
            };
            self.remark(&execution, now, LogLevel::Info, line).await?;
        }
        Ok(())
    }

    async fn remark(
        &self,
        execution: &Execution,
        now: Timestamp,
        level: LogLevel,
        text: &str,
    ) -> Result<()> {
        let line = StageLine::new(now, level, Stage::Approval, execution.attempt, text);
        self.pipelines.append(execution.id, &[line]).await
    }
}
