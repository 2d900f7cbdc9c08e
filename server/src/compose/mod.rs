//! Composition: which adapters stand behind the ports.

mod aws;
mod aws_examine;
mod aws_names;
mod aws_places;
pub mod delivery;
pub mod delivery_github;
mod embedded;
mod embedded_places;

use std::path::{Path, PathBuf};

use database::{Database, sqlite_url};
use domain::{Error, ErrorKind, Result};

use crate::config::{Config, LakeConfig};
use crate::open_lake::OpenLake;

pub use aws_examine::look as look_at_aws;

/// Opens one environment, making folders and database on first use.
pub async fn open(config: &LakeConfig) -> Result<OpenLake> {
    let data_dir = data_folder(config)?;
    let database = database(config, &data_dir).await?;
    over(config, database, &data_dir).await
}

/// Opens every environment over one database, in the order of the configuration.
pub async fn open_all(config: &Config) -> Result<Vec<OpenLake>> {
    let lakes = config.environments.iter().map(|name| config.lake(name));
    let lakes = lakes.collect::<Result<Vec<_>>>()?;
    let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
    let data_dir = data_folder(first)?;
    let database = database(first, &data_dir).await?;
    let mut opened = Vec::with_capacity(lakes.len());
    for lake in &lakes {
        opened.push(over(lake, database.clone(), &data_dir).await?);
    }
    Ok(opened)
}

async fn over(config: &LakeConfig, database: Database, data_dir: &Path) -> Result<OpenLake> {
    match &config.aws {
        Some(place) => aws::over(config, place, database, data_dir).await,
        None => embedded::over(config, database, data_dir),
    }
}

/// The data folder, made on first use.
fn data_folder(config: &LakeConfig) -> Result<PathBuf> {
    let folder = std::path::absolute(&config.data_dir).map_err(|error| {
        Error::invalid(format!("--data-dir {}: {error}", config.data_dir.display()))
    })?;
    std::fs::create_dir_all(&folder).map_err(|error| {
        let message = format!(
            "the data folder {} cannot be made: {error}; choose another with --data-dir",
            folder.display()
        );
        Error::new(ErrorKind::Unavailable, message)
    })?;
    Ok(folder)
}

async fn database(config: &LakeConfig, data_dir: &Path) -> Result<Database> {
    match &config.database_url {
        Some(url) => Database::open(url).await,
        None => Database::open(&sqlite_url(&data_dir.join("sluice.sqlite"))?).await,
    }
}
