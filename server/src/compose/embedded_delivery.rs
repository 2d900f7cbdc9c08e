//! The embedded delivery flow: a local bare repository, releases in files, simulated stacks.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Error, Result};
use infra::lake_repository::Environment;
use infra::stacks::StackService;
use infra_embedded::{
    AccountRegion, GitLakeRepository, ReleaseStore, SimulatedStackService, SqlPipelines,
};

use super::embedded::Embedded;
use crate::accounts::Accounts;
use crate::config::Config;
use crate::delivery::{Delivery, StacksOf};

/// The folder of the lake repository in the data folder, to which people push.
pub const REPOSITORY: &str = "lake.git";
const RELEASES: &str = "releases";

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
