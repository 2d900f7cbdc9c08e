//! Simulated accounts: stacks and parameters in the database, secrets in files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use database::Database;
use domain::Result;
use domain::environment::EnvironmentName;
use infra::lake_repository::Environment;
use infra::parameters::ParameterStore;
use infra::secrets::SecretStore;
use infra::stacks::StackService;
use infra_embedded::{AccountRegion, FileSecretStore, SimulatedStackService, SqlParameterStore};

use crate::delivery::{Databases, Places};

/// The folder of secrets in the data folder, with one folder for each environment.
const SECRETS: &str = "secrets";

/// Accounts that are not there.
#[derive(Debug)]
pub(super) struct SimulatedPlaces {
    pub(super) database: Database,
    pub(super) data_dir: PathBuf,
}

#[async_trait]
impl Places for SimulatedPlaces {
    fn simulated(&self) -> bool {
        true
    }

    fn databases(&self) -> Option<Databases> {
        None
    }

    fn look_every(&self) -> Duration {
        Duration::from_millis(200)
    }

    /// The lake lies in the data folder, whatever stacks there are.
    async fn is_made(&self, _: &Environment, _: &str) -> Result<bool> {
        Ok(true)
    }

    async fn stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>> {
        let at = AccountRegion::new(&at.account, &at.region)?;
        Ok(Arc::new(SimulatedStackService::new(self.database.clone(), at)))
    }

    async fn first_stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>> {
        self.stacks(at).await
    }

    async fn parameters(&self, at: &Environment) -> Result<Arc<dyn ParameterStore>> {
        let at = AccountRegion::new(&at.account, &at.region)?;
        Ok(Arc::new(SqlParameterStore::new(self.database.clone(), at)))
    }

    async fn secrets(&self, environment: &EnvironmentName) -> Result<Arc<dyn SecretStore>> {
        let folder = self.data_dir.join(SECRETS).join(environment.as_str());
        Ok(Arc::new(FileSecretStore::open(&folder)?))
    }
}
