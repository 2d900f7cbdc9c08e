//! The embedded delivery flow: a local bare repository, releases in files, simulated stacks.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Error, Result};
use infra::lake_repository::Environment;
use infra::parameters::ParameterStore;
use infra::secrets::SecretStore;
use infra::stacks::StackService;
use infra_embedded::{
    AccountRegion, FileSecretStore, GitLakeRepository, ReleaseStore, SimulatedStackService,
    SqlParameterStore, SqlPipelines,
};

use super::embedded::Embedded;
use crate::accounts::Accounts;
use crate::config::Config;
use crate::delivery::{Delivery, StacksOf};

/// The folder of the lake repository in the data folder, to which people push.
pub const REPOSITORY: &str = "lake.git";
const RELEASES: &str = "releases";
/// The folder of secrets in the data folder, with one folder for each environment.
const SECRETS: &str = "secrets";

/// Opens the delivery flow over open lakes, which share a database and a data folder. The repository
/// is made on first use, without a commit: as long as it has none, nothing is delivered.
pub async fn open(config: &Config, lakes: &[Arc<Embedded>]) -> Result<Delivery> {
    let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
    let database = first.database().clone();
    let folder: PathBuf = first.data_dir.join(REPOSITORY);
    let branch = config.delivery.branch.clone();
    let repository = GitLakeRepository::open_or_init(&folder, &branch).await?;
    let releases = ReleaseStore::open(database.clone(), &first.data_dir.join(RELEASES)).await?;
    let accounts = Accounts::new(database.clone(), config.sign_in.account_settings());
    let pipelines = SqlPipelines::new(database.clone());
    let stacks_of: StacksOf = Arc::new(move |environment: &Environment| {
        let at = AccountRegion::new(&environment.account, &environment.region)?;
        Ok(Arc::new(SimulatedStackService::new(database.clone(), at)) as Arc<dyn StackService>)
    });
    Ok(Delivery {
        repository: Arc::new(repository),
        repository_name: REPOSITORY.to_owned(),
        repository_address: Some(folder.display().to_string()),
        definition_branch: branch,
        pipelines,
        releases,
        lakes: lakes.to_vec(),
        accounts,
        config: config.delivery.clone(),
        simulated: true,
        stacks_of,
    })
}

/// The parameters of an environment's account and region, which its templates read.
pub fn parameters(at: &Embedded, environment: &Environment) -> Result<Arc<dyn ParameterStore>> {
    let place = AccountRegion::new(&environment.account, &environment.region)?;
    Ok(Arc::new(SqlParameterStore::new(at.database().clone(), place)))
}

/// The secrets of an environment.
pub fn secrets(at: &Embedded) -> Result<Arc<dyn SecretStore>> {
    let folder = at.data_dir.join(SECRETS).join(at.lake.environment.as_str());
    Ok(Arc::new(FileSecretStore::open(&folder)?))
}
