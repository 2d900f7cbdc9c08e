//! Changes of others, and answers that were lost.

use aws_sdk_glue::types::TableInput;
use domain::ErrorKind;
use domain::column::ColumnType;
use domain::table::CatalogTable;
use etl_engine::catalog::Catalog;

use super::versions::EmulatorWithVersions;
use super::{Emulator, UnderTest, ada, table, under_test, yellow};

/// Somebody edits the description in the console of AWS.
async fn edited_by_others(lake: &UnderTest) {
    let found = lake.raw(&yellow()).await;
    let input = TableInput::builder()
        .name(found.name())
        .description("theirs")
        .set_storage_descriptor(found.storage_descriptor.clone())
        .set_partition_keys(found.partition_keys.clone())
        .set_table_type(found.table_type.clone())
        .set_parameters(found.parameters.clone());
    let input = input.build().unwrap();
    lake.glue.update_table().database_name("tlc").table_input(input).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a14_an_edit_of_others_is_a_version_and_survives() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let emulator = EmulatorWithVersions::before(&emulator).await;
    let lake = under_test(&emulator.account().await).await;
    let first = table(&[("a", ColumnType::Int)]);
    lake.catalog.put_table(&first, &ada()).await.unwrap();
    let second = CatalogTable { version: 1, ..table(&[("b", ColumnType::Int)]) };
    lake.catalog.put_table(&second, &ada()).await.unwrap();
    edited_by_others(&lake).await;

    let stale = CatalogTable { version: 2, ..second };
    let error = lake.catalog.put_table(&stale, &ada()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let mut found = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!((found.version, found.description.as_deref()), (3, Some("theirs")));
    found.parameters.insert("team".into(), "mobility".into());
    assert_eq!(lake.catalog.put_table(&found, &ada()).await.unwrap(), 4);

    let history = lake.catalog.history(&yellow()).await.unwrap();
    let points: Vec<_> =
        history.iter().map(|point| (point.table.version, point.changed_by.clone())).collect();
    assert_eq!(points, [(3, None), (2, Some(ada())), (1, Some(ada()))]);
    assert!(history.iter().all(|point| point.changed_at.is_some()));
}
