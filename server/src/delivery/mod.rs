//! The delivery flow of this server: what pipelines do, and what people see and decide of it.
//!
//! Architecture invariant: what may happen to an execution is decided by [`infra::pipeline::Job`] and
//! [`infra::approval`]; this folder brings them together with Git, stacks and the data flow.

pub mod checks;
pub mod data;
mod databases;
mod definition;
mod dialect_checks;
pub mod edit;
mod people;
mod places;
mod poll;
mod quality_checks;
pub mod rehearse;
pub mod release;
pub mod routes;
mod rules_change;
mod satisfiable;
pub mod shown;
pub mod stages;
pub mod start;
mod tell;
mod waiting;
pub mod webhook;
mod worker;

use std::fmt;
use std::sync::Arc;

use domain::branch::BranchName;
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use infra::change_report::ChangeReporter;
use infra::lake_repository::{Environment, LakeRepository};
use infra::stacks::StackService;
use infra_embedded::{ReleaseStore, SqlPipelines};

use crate::accounts::Accounts;
use crate::config::DeliveryConfig;
use crate::open_lake::OpenLake;

pub use definition::Definition;
pub use places::{Databases, Places};

/// Everything that pipelines work with.
pub struct Delivery {
    /// The lake repository.
    pub repository: Arc<dyn LakeRepository>,
    /// What names the repository in pushes, as `owner/name`.
    pub repository_name: String,
    /// Where people push to, if they can reach it.
    pub repository_address: Option<String>,
    /// The branch whose `sluice.toml` says which environments there are.
    pub definition_branch: BranchName,
    /// Executions, plans, decisions, deployments.
    pub pipelines: SqlPipelines,
    /// Releases.
    pub releases: ReleaseStore,
    /// The lakes of all environments.
    pub lakes: Vec<Arc<OpenLake>>,
    /// Who there is.
    pub accounts: Accounts,
    /// Patience.
    pub config: DeliveryConfig,
    /// The accounts of the environments.
    pub places: Arc<dyn Places>,
    /// Where changes are reviewed, if there is such a place.
    pub reporter: Option<Arc<dyn ChangeReporter>>,
    /// Where people reach the console, without `/` at the end: reports link to it.
    pub console_url: String,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("repository", &self.repository_name)
            .finish_non_exhaustive()
    }
}

impl Delivery {
    /// The lake of an environment. [`domain::ErrorKind::NotFound`] when this server has none of that
    /// name.
    pub fn lake(&self, environment: &EnvironmentName) -> Result<&Arc<OpenLake>> {
        let found = self.lakes.iter().find(|lake| lake.lake.environment == *environment);
        found.ok_or_else(|| {
            Error::not_found(format!(
                "this server has no environment {environment}: add it to `environments` of its \
                 configuration"
            ))
        })
    }

    /// The lake of an environment as it is: an empty one before the environment is made.
    pub async fn lake_now(
        &self,
        environment: &Environment,
        logical_id_prefix: &str,
    ) -> Result<Arc<OpenLake>> {
        let lake = self.lake(&environment.name)?;
        Ok(match self.places.is_made(environment, logical_id_prefix).await? {
            true => Arc::clone(lake),
            false => Arc::new(lake.before_it_is_made()),
        })
    }

    /// The stacks of an environment.
    pub async fn stacks(&self, environment: &Environment) -> Result<Arc<dyn StackService>> {
        self.places.stacks(environment).await
    }
}
