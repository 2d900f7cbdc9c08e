//! Where the stacks, parameters and secrets of environments are. `compose` says which adapters they are.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Result;
use domain::environment::EnvironmentName;
use infra::lake_repository::Environment;
use infra::parameters::ParameterStore;
use infra::secrets::SecretStore;
use infra::stacks::StackService;

/// The databases of an environment's catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Databases {
    /// Of conformed tables.
    pub conformed: String,
    /// Of purpose-built tables.
    pub purpose_built: String,
}

/// The accounts that environments live in.
#[async_trait]
pub trait Places: Send + Sync {
    /// Whether no account is touched.
    fn simulated(&self) -> bool;

    /// The only databases that tables can lie in. `None` where one is made for whoever names it.
    fn databases(&self) -> Option<Databases>;

    /// Whether the environment has been made, so that its lake can be asked.
    async fn is_made(&self, at: &Environment, logical_id_prefix: &str) -> Result<bool>;

    /// Between two looks at a stack that is being changed: each costs calls that an account has few of.
    fn look_every(&self) -> Duration;

    /// The stacks of an environment, as pipelines change them.
    async fn stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>>;

    /// The stacks of an account as the person sees and changes them who makes the first: before there
    /// is a role that pipelines could work under.
    async fn first_stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>>;

    /// The parameters of an environment's account and region, which its templates read.
    async fn parameters(&self, at: &Environment) -> Result<Arc<dyn ParameterStore>>;

    /// The secrets of an environment.
    async fn secrets(&self, environment: &EnvironmentName) -> Result<Arc<dyn SecretStore>>;
}
