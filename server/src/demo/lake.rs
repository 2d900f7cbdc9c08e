//! The demo's lake repository: both sources, their SQL, a fixture test, three environments.

use domain::Result;
use domain::branch::Author;
use infra::lake_repository::init::NewLake;
use infra::lake_repository::{CatalogNames, FixtureTest, Naming};

use super::fixtures::{CASE, FILES};
use super::sources::{DemoDataset, datasets};
use crate::delivery::Delivery;

/// Accounts of dev, test and prod. Nothing is made there: stacks are simulated.
const ACCOUNTS: [&str; 3] = ["111111111111", "222222222222", "333333333333"];
const DEPLOYMENT_ACCOUNT: &str = "444444444444";
const REGION: &str = "eu-central-1";
const RESOURCE_NAME_PREFIX: &str = "data-lake";

/// Makes the lake's first commit, unless there is one. Whether it did.
pub async fn commit_lake(delivery: &Delivery) -> Result<bool> {
    let branch = &delivery.definition_branch;
    if delivery.repository.head(branch).await?.is_some() {
        return Ok(false);
    }
    let author = Author { name: "Sluice".to_owned(), email: "sluice@localhost".to_owned() };
    let files = new_lake()?.files()?;
    let message = "Begin with the two taxi datasets and their SQL";
    delivery.repository.save(branch, None, &files, &author, message).await?;
    Ok(true)
}

fn new_lake() -> Result<NewLake> {
    let naming = Naming {
        logical_id_prefix: "DataLake".to_owned(),
        resource_name_prefix: RESOURCE_NAME_PREFIX.to_owned(),
    };
    let mut lake = NewLake::usual(naming, DEPLOYMENT_ACCOUNT, ACCOUNTS, REGION)?;
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
