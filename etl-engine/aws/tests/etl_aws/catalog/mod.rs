//! The catalog in Glue.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod batches;
mod compare_and_swap;
mod shape;
mod versions;

use std::sync::Arc;

use aws::Account;
use aws::testing::Emulator;
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{DatabaseInput, Table};
use domain::column::ColumnType;
use domain::table::{CatalogColumn, CatalogPartition, CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::zone::Zone;
use etl_aws::{GlueCatalog, GlueSettings};
use etl_engine::testing;

use versions::EmulatorWithVersions;

const DATABASES: [&str; 4] = ["a_b", "ab", "empty", "tlc"];

/// A catalog in an account of its own, beside the client that sees what is really there.
pub(crate) struct UnderTest {
    pub(crate) catalog: GlueCatalog,
    pub(crate) glue: Client,
}

pub(crate) async fn under_test(account: &Account) -> UnderTest {
    let glue = Client::new(account.sdk());
    for database in DATABASES {
        let input = DatabaseInput::builder().name(database).build().unwrap();
        glue.create_database().database_input(input).send().await.unwrap();
    }
    UnderTest { catalog: GlueCatalog::new(account, settings()), glue }
}

pub(crate) fn settings() -> GlueSettings {
    GlueSettings {
        databases: DATABASES.map(str::to_owned).to_vec(),
        conformed_bucket: "dev-lake-conformed".into(),
        purpose_built_bucket: "dev-lake-purpose-built".into(),
    }
}

impl UnderTest {
    /// A table as Glue has it.
    async fn raw(&self, name: &TableName) -> Table {
        let call = self.glue.get_table().database_name(&name.database).name(&name.table);
        call.send().await.unwrap().table.unwrap()
    }
}

pub(crate) fn yellow() -> TableName {
    TableName::new("tlc", "yellow")
}

pub(crate) fn ada() -> TableAuthor {
    TableAuthor::Person { login: "ada".into() }
}

pub(crate) fn table(columns: &[(&str, ColumnType)]) -> CatalogTable {
    CatalogTable {
        name: yellow(),
        zone: Zone::Conformed,
        location: "tlc/yellow".into(),
        columns: columns
            .iter()
            .map(|(name, column_type)| CatalogColumn {
                name: (*name).into(),
                column_type: *column_type,
                comment: None,
            })
            .collect(),
        description: None,
        parameters: [("classification".into(), "parquet".into())].into(),
        version: 0,
    }
}

/// Days from 2020-01-01 on.
pub(crate) fn days(count: usize) -> Vec<CatalogPartition> {
    let first = "2020-01-01".parse::<jiff::civil::Date>().unwrap();
    let day = |day| CatalogPartition {
        partition: domain::partition::Partition::of(day).unwrap(),
        rows: 1,
        bytes: 10,
        files: 1,
        run: "0198c5a4-0000-7000-8000-000000000001".parse().unwrap(),
        updated_at: "2020-02-03T04:05:06.000007Z".parse().unwrap(),
    };
    first.series(jiff::ToSpan::days(1)).take(count).map(day).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a14_the_contract_holds() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let emulator = EmulatorWithVersions::before(&emulator).await;
    testing::catalog(async || Arc::new(under_test(&emulator.account().await).await.catalog)).await;
}
