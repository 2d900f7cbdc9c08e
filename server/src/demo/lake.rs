//! The demo's lake repository: both sources, their SQL, a fixture test, three environments.

use std::collections::BTreeMap;

use domain::branch::{Author, CommitId};
use domain::{Error, Result};
use infra::lake_repository::init::NewLake;
use infra::lake_repository::{CatalogNames, FixtureTest, Naming};

use super::fixtures::{CASE, FILES};
use super::sources::{DemoDataset, datasets};
use crate::config::AwsConfig;
use crate::delivery::Delivery;

const ENVIRONMENTS: [&str; 3] = ["dev", "test", "prod"];
/// Their accounts where stacks are simulated: nothing is made there.
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const DEPLOYMENT_ACCOUNT: &str = "444444444444";
const REGION: &str = "eu-central-1";
const FIRST_COMMIT: &str = "Begin with the two taxi datasets and their SQL";
const RESOURCE_NAME_PREFIX: &str = "data-lake";
/// Parts of an environment that emulators of AWS know no resources of: parameters that are `false` there.
pub const NOT_EMULATED: [&str; 3] = ["EncryptCatalog", "FlowLogs", "InterfaceEndpoints"];

/// The lake's first commit, over simulated accounts or over those of an emulator; it is made unless there
/// is one. `None` when people have gone on from it, or never began with it.
pub async fn commit_lake(
    delivery: &Delivery,
    emulator: Option<&AwsConfig>,
) -> Result<Option<CommitId>> {
    let branch = &delivery.definition_branch;
    let author = Author { name: "Sluice".to_owned(), email: "sluice@localhost".to_owned() };
    if let Some(head) = delivery.repository.head(branch).await? {
        let commit = delivery.repository.commit(&head).await?;
        let is_ours = commit.author == author && commit.summary() == FIRST_COMMIT;
        return Ok(is_ours.then_some(head));
    }
    let files = with_datasets(match emulator {
        Some(aws) => emulated(aws)?,
        None => simulated()?,
    })?;
    let files = files.files()?;
    delivery.repository.save(branch, None, &files, &author, FIRST_COMMIT).await.map(Some)
}

fn simulated() -> Result<NewLake> {
    NewLake::usual(naming(RESOURCE_NAME_PREFIX), DEPLOYMENT_ACCOUNT, ACCOUNTS, REGION)
}

fn emulated(aws: &AwsConfig) -> Result<NewLake> {
    let missing = |what: &str| Error::invalid(format!("{what} is missing: the demo needs it"));
    let account = |name: &str| {
        let mut known = aws.environments.iter();
        let found = known.find(|(found, _)| found.as_str() == name);
        found
            .map(|(_, found)| found.account.as_str())
            .ok_or_else(|| missing(&format!("aws.environments.{name}")))
    };
    let accounts = ENVIRONMENTS.map(account);
    let [dev, test, prod] = accounts;
    let text = |value: &Option<String>, key| value.clone().ok_or_else(|| missing(key));
    let prefix = text(&aws.resource_name_prefix, "aws.resource_name_prefix")?;
    let deployment = text(&aws.deployment_account, "aws.deployment_account")?;
    let region = text(&aws.region, "aws.region")?;
    let mut lake = NewLake::usual(naming(&prefix), &deployment, [dev?, test?, prod?], &region)?;
    for environment in &mut lake.environments {
        let off = NOT_EMULATED.map(|name| (name.to_owned(), "false".to_owned()));
        environment.parameters.extend(BTreeMap::from(off));
    }
    Ok(lake)
}

fn naming(resource_name_prefix: &str) -> Naming {
    Naming {
        logical_id_prefix: "DataLake".to_owned(),
        resource_name_prefix: resource_name_prefix.to_owned(),
    }
}

fn with_datasets(mut lake: NewLake) -> Result<NewLake> {
    lake.catalog = CatalogNames {
        conformed_database: Some("datalake_raw_source".to_owned()),
        purpose_built_database: Some("datablog_arg".to_owned()),
    };
    for DemoDataset { source, sql, .. } in datasets()? {
        lake.transformations.insert(source.dataset.clone(), sql.to_owned());
        lake.sources.push(source);
    }
    let yellow = super::sources::dataset(super::TripKind::Yellow)?;
    let inputs = FILES.iter().filter(|(name, _)| *name != "expected.csv");
    let expected = FILES.iter().find(|(name, _)| *name == "expected.csv");
    let test = FixtureTest {
        name: CASE.to_owned(),
        inputs: inputs
            .map(|(name, text)| (name.trim_end_matches(".csv").to_owned(), (*text).to_owned()))
            .collect(),
        expected: expected.map(|(_, text)| (*text).to_owned()).unwrap_or_default(),
    };
    lake.tests.insert(yellow, vec![test]);
    Ok(lake)
}
