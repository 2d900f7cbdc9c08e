//! The delivery flow: a lake repository on GitHub or in the data folder, releases in files, and the accounts
//! that the mode says.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{Error, Result};
use infra::change_report::ChangeReporter;
use infra::lake_repository::LakeRepository;
use infra_embedded::{GitLakeRepository, ReleaseStore, SqlPipelines};

use super::aws_places::AwsPlaces;
use super::delivery_github;
use super::embedded_places::SimulatedPlaces;
use crate::accounts::Accounts;
use crate::config::{Config, Mode};
use crate::delivery::{Delivery, Places};
use crate::open_lake::OpenLake;

/// The folder of the lake repository in the data folder, to which people push.
pub const REPOSITORY: &str = "lake.git";
const RELEASES: &str = "releases";

/// Opens the delivery flow over open lakes, which share a database and a data folder. A repository in
/// the data folder is made on first use, without a commit: as long as it has none, nothing is delivered.
pub async fn open(config: &Config, lakes: &[Arc<OpenLake>]) -> Result<Delivery> {
    let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
    let database = first.database().clone();
    let home = Home::of(config, first).await?;
    let releases = releases(config, first).await?;
    let accounts = Accounts::new(database.clone(), config.sign_in.account_settings());
    let pipelines = SqlPipelines::new(database.clone());
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
        places: places(config, first).await?,
        reporter: home.reporter,
        console_url: config.server.public_url(config.server.listen),
    })
}

/// Releases: their contents in the bucket of the deployment account, or in the data folder.
async fn releases(config: &Config, first: &OpenLake) -> Result<ReleaseStore> {
    let database = first.database().clone();
    match config.mode {
        Mode::Embedded => ReleaseStore::open(database, &first.data_dir.join(RELEASES)).await,
        Mode::Aws => {
            let assets = AwsPlaces::open(&config.aws).await?.assets();
            Ok(ReleaseStore::over(database, Arc::new(assets)))
        }
    }
}

/// The accounts of the environments.
async fn places(config: &Config, first: &OpenLake) -> Result<Arc<dyn Places>> {
    Ok(match config.mode {
        Mode::Embedded => Arc::new(SimulatedPlaces {
            database: first.database().clone(),
            data_dir: first.data_dir.clone(),
        }),
        Mode::Aws => Arc::new(AwsPlaces::open(&config.aws).await?),
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
