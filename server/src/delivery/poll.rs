//! Looking at the branches: pushes that no webhook told of are found here (C18), and plans that
//! nobody decided on expire.

use domain::Result;
use domain::pipeline::Cause;
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
            if let Err(error) = self.expire().await {
                tracing::warn!(%error, "plans cannot expire now");
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

    async fn expire(&self) -> Result<()> {
        for execution in self.pipelines.expire_due(Timestamp::now()).await? {
            tracing::info!(execution = %execution.id, "nobody decided in time");
        }
        Ok(())
    }
}
