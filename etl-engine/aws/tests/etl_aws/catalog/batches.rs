//! Partitions by the hundred.

use domain::column::ColumnType;
use domain::table::CatalogPartition;
use etl_engine::catalog::Catalog;

use super::{Emulator, ada, days, table, under_test, yellow};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_partitions_than_a_batch_holds_are_added_replaced_read_and_removed() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    let all = days(251);
    lake.catalog.put_partitions(&yellow(), &all[100..]).await.unwrap();
    let changed: Vec<_> =
        all.iter().map(|day| CatalogPartition { rows: 7, ..day.clone() }).collect();
    // Half of them are there already, and one is named twice.
    let twice = [&all[..1], &changed[..]].concat();
    lake.catalog.put_partitions(&yellow(), &twice).await.unwrap();
    assert_eq!(lake.catalog.partitions(&yellow(), None).await.unwrap(), changed);

    let wanted: Vec<_> = changed[20..230].iter().map(|day| day.partition).collect();
    let some = lake.catalog.partitions(&yellow(), Some(&wanted)).await.unwrap();
    assert_eq!(some, changed[20..230]);
    lake.catalog.delete_partitions(&yellow(), &wanted).await.unwrap();
    let left = [&changed[..20], &changed[230..]].concat();
    assert_eq!(lake.catalog.partitions(&yellow(), None).await.unwrap(), left);
    let totals = lake.catalog.totals().await.unwrap();
    assert_eq!((totals[0].partitions, totals[0].rows), (41, 7 * 41));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wider_type_reaches_every_partition() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let lake = under_test(&emulator.account().await).await;
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    let all = days(130);
    lake.catalog.put_partitions(&yellow(), &all).await.unwrap();
    let mut wider = table(&[("a", ColumnType::BigInt), ("b", ColumnType::Double)]);
    wider.version = 1;
    assert_eq!(lake.catalog.put_table(&wider, &ada()).await.unwrap(), 2);

    let pages = lake.glue.get_partitions().database_name("tlc").table_name("yellow");
    let found = pages.send().await.unwrap();
    assert_eq!(found.partitions().len(), 130);
    for partition in found.partitions() {
        let columns = partition.storage_descriptor.as_ref().unwrap().columns().iter();
        let columns: Vec<_> = columns.map(|column| column.r#type().unwrap()).collect();
        assert_eq!(columns, ["bigint", "double"], "{:?}", partition.values());
    }
    assert_eq!(lake.catalog.partitions(&yellow(), None).await.unwrap(), all, "totals stay");
    let stored = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!(stored.version, 2, "the note that it is done is no change");
    assert!(!lake.raw(&yellow()).await.parameters.unwrap().contains_key("sluice:cascade"));
}
