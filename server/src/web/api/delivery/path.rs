//! The execution that a path names.

use domain::environment::EnvironmentName;
use domain::pipeline::Execution;
use domain::{Error, Result};
use serde::Deserialize;

use crate::delivery::Delivery;

/// The id in the path.
#[derive(Debug, Deserialize)]
pub(crate) struct ExecutionPath {
    execution: String,
}

impl ExecutionPath {
    /// The execution, if it belongs to the environment that the caller was let into (D10).
    /// [`domain::ErrorKind::NotFound`] else.
    pub(super) async fn find(
        &self,
        delivery: &Delivery,
        environment: &EnvironmentName,
    ) -> Result<Execution> {
        let id = self.execution.parse()?;
        let found = delivery.pipelines.execution(id).await?;
        let found = found.filter(|execution| execution.environment == *environment);
        found.ok_or_else(|| {
            Error::not_found(format!(
                "there is no execution {id} in {environment}; look in the list of pipelines"
            ))
        })
    }
}
