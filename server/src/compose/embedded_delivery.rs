//! The embedded delivery flow: a local bare repository, releases in files, simulated stacks.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Error, Result};
use infra::change_report::ChangeReporter;
use infra::lake_repository::{Environment, LakeRepository};
use infra::parameters::ParameterStore;
use infra::secrets::SecretStore;
use infra::stacks::StackService;
use infra_embedded::{
    AccountRegion, FileSecretStore, GitLakeRepository, ReleaseStore, SimulatedStackService,
    SqlParameterStore, SqlPipelines,
};

use super::delivery_github;
use crate::accounts::Accounts;
use crate::config::Config;
use crate::delivery::{Delivery, StacksOf};
use crate::open_lake::OpenLake;

/// The folder of the lake repository in the data folder, to which people push.
pub const REPOSITORY: &str = "lake.git";
const RELEASES: &str = "releases";
/// The folder of secrets in the data folder, with one folder for each environment.
const SECRETS: &str = "secrets";

/// Opens the delivery flow over open lakes, which share a database and a data folder. A repository in
/// the data folder is made on first use, without a commit: as long as it has none, nothing is delivered.
pub async fn open(config: &Config, lakes: &[Arc<OpenLake>]) -> Result<Delivery> {
    let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
    let database = first.database().clone();
    let home = Home::of(config, first).await?;
    let releases = ReleaseStore::open(database.clone(), &first.data_dir.join(RELEASES)).await?;
    let accounts = Accounts::new(database.clone(), config.sign_in.account_settings());
    let pipelines = SqlPipelines::new(database.clone());
    let stacks_of: StacksOf = Arc::new(move |environment: &Environment| {
        let at = AccountRegion::new(&environment.account, &environment.region)?;
        Ok(Arc::new(SimulatedStackService::new(database.clone(), at)) as Arc<dyn StackService>)
    });
    Ok(Delivery {
        repository: home.repository,
        repository_name: home.name,
        repository_address: Some(home.address),
        definition_branch: config.delivery.branch.clone(),
        pipelines,
        releases,
        lakes: lakes.to_vec(),
        accounts,
        config: config.delivery.clone(),
        simulated: true,
        stacks_of,
        reporter: home.reporter,
        console_url: config.server.public_url(config.server.listen),
    })
}

/// Where the lake repository lies.
struct Home {
    repository: Arc<dyn LakeRepository>,
    name: String,
    address: String,
    reporter: Option<Arc<dyn ChangeReporter>>,
}

impl Home {
    /// On GitHub if it is configured there, else in the data folder.
    async fn of(config: &Config, lake: &OpenLake) -> Result<Self> {
        let on_github = &config.delivery.github;
        if let (Some(name), Some(github)) =
            (&on_github.repository, delivery_github::open(on_github)?)
        {
            return Ok(Self {
                repository: Arc::new(github.lake_repository()),
                name: name.clone(),
                address: on_github.web_address(name),
                reporter: Some(Arc::new(github.change_reporter())),
            });
        }
        let folder: PathBuf = lake.data_dir.join(REPOSITORY);
        let branch = &config.delivery.branch;
        Ok(Self {
            repository: Arc::new(GitLakeRepository::open_or_init(&folder, branch).await?),
            name: REPOSITORY.to_owned(),
            address: folder.display().to_string(),
            reporter: None,
        })
    }
}

/// The parameters of an environment's account and region, which its templates read.
pub fn parameters(at: &OpenLake, environment: &Environment) -> Result<Arc<dyn ParameterStore>> {
    let place = AccountRegion::new(&environment.account, &environment.region)?;
    Ok(Arc::new(SqlParameterStore::new(at.database().clone(), place)))
}

/// The secrets of an environment.
pub fn secrets(at: &OpenLake) -> Result<Arc<dyn SecretStore>> {
    let folder = at.data_dir.join(SECRETS).join(at.lake.environment.as_str());
    Ok(Arc::new(FileSecretStore::open(&folder)?))
}
