//! Accounts in AWS: stacks in CloudFormation, parameters in SSM, secrets in Secrets Manager.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws::{Account, Role};
use domain::environment::EnvironmentName;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::Environment;
use infra::parameters::ParameterStore;
use infra::partition;
use infra::secrets::SecretStore;
use infra::stacks::StackService;
use infra::stacks::names::{OwnStack, own_stack};
use infra_aws::{
    AssetBucket, CloudFormationSettings, CloudFormationStackService, Deletion,
    SecretsManagerSecretStore, SecretsManagerSettings, SsmParameterStore,
};
use tokio::sync::OnceCell;

use super::aws_names::{asset_bucket, bootstrap_role};
use crate::config::{AwsConfig, Secret};
use crate::delivery::{Databases, Places};

/// Days in which a deleted secret can be had back.
const RECOVERABLE: u8 = 30;

/// The accounts of a lake, as who we are sees them.
#[derive(Debug)]
pub(super) struct AwsPlaces {
    config: AwsConfig,
    own: Account,
    own_account: OnceCell<String>,
}

impl AwsPlaces {
    /// Asks AWS nothing yet.
    pub(super) async fn open(config: &AwsConfig) -> Result<Self> {
        let own = Account::open(&config.settings()?).await;
        Ok(Self { config: config.clone(), own, own_account: OnceCell::new() })
    }

    /// The account of an environment under the role that pipelines deploy with.
    async fn deploying(&self, at: &Environment) -> Account {
        let role = Role {
            arn: self.role(at, "deploy"),
            external_id: self.external_id(&at.name).map(|id| id.expose().to_owned()),
            session: "sluice-deploy".to_owned(),
        };
        self.own.under_in(&role, &at.region).await
    }

    /// An account as a person who may do everything there: as who we are where that is our own account,
    /// else under the role that administrators have in every account.
    async fn administered(&self, account: &str, region: &str) -> Result<Account> {
        let own = self.own_account.get_or_try_init(|| async {
            self.own.identity().await.map(|identity| identity.account)
        });
        if *own.await? == account {
            return Ok(self.own.in_region(region));
        }
        let partition = partition::of_region(region);
        let role = Role {
            arn: format!("arn:{partition}:iam::{account}:role/{}", self.config.admin_role),
            external_id: None,
            session: "sluice-bootstrap".to_owned(),
        };
        let administered = self.own.under_in(&role, region).await;
        administered.identity().await.map_err(|error| {
            Error::new(
                ErrorKind::Denied,
                format!(
                    "account {account} cannot be reached under the role {}: {}; name another in \
                     aws.admin_role, or use credentials of that account",
                    self.config.admin_role,
                    error.message()
                ),
            )
        })?;
        Ok(administered)
    }

    fn role(&self, at: &Environment, role: &str) -> String {
        let prefix = self.config.resource_name_prefix.as_deref().unwrap_or_default();
        bootstrap_role((&at.account, &at.region), (&at.name, prefix), role)
    }

    fn external_id(&self, environment: &EnvironmentName) -> Option<&Secret> {
        self.config.environments.get(environment)?.external_id.as_ref()
    }

    /// The bucket of release assets, through which large templates go.
    pub(super) fn assets(&self) -> AssetBucket {
        asset_bucket(&self.config, &self.own)
    }

    fn formation(&self, at: &Environment) -> CloudFormationSettings {
        let look_every = self.look_every();
        CloudFormationSettings { look_every, ..CloudFormationSettings::of(&at.account) }
    }
}

#[async_trait]
impl Places for AwsPlaces {
    fn simulated(&self) -> bool {
        false
    }

    fn databases(&self) -> Option<Databases> {
        Some(Databases {
            conformed: self.config.conformed_database.clone(),
            purpose_built: self.config.purpose_built_database.clone(),
        })
    }

    fn look_every(&self) -> Duration {
        match self.config.is_emulated() {
            // What makes nothing is done at once, and nobody else asks.
            true => Duration::from_millis(200),
            false => Duration::from_secs(2),
        }
    }

    /// The roles come last.
    async fn is_made(&self, at: &Environment, logical_id_prefix: &str) -> Result<bool> {
        let roles = own_stack(&at.name, logical_id_prefix, OwnStack::Roles);
        let found = self.stacks(at).await?.describe(&roles).await?;
        Ok(found.is_some_and(|stack| stack.template.is_some()))
    }

    async fn stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>> {
        let settings = CloudFormationSettings {
            service_role: Some(self.role(at, "cloudformation")),
            templates: Some(self.assets()),
            ..self.formation(at)
        };
        Ok(Arc::new(CloudFormationStackService::new(&self.deploying(at).await, settings)))
    }

    async fn first_stacks(&self, at: &Environment) -> Result<Arc<dyn StackService>> {
        let account = self.administered(&at.account, &at.region).await?;
        Ok(Arc::new(CloudFormationStackService::new(&account, self.formation(at))))
    }

    async fn parameters(&self, at: &Environment) -> Result<Arc<dyn ParameterStore>> {
        Ok(Arc::new(SsmParameterStore::new(&self.administered(&at.account, &at.region).await?)))
    }

    async fn secrets(&self, environment: &EnvironmentName) -> Result<Arc<dyn SecretStore>> {
        let place = self.config.place(environment)?;
        let settings =
            SecretsManagerSettings { key: None, deletion: Deletion::RecoverableFor(RECOVERABLE) };
        let account = self.administered(&place.account, &place.region).await?;
        Ok(Arc::new(SecretsManagerSecretStore::new(&account, settings)))
    }
}
