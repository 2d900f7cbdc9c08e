//! The catalog over a link that loses, doubles and breaks calls.

use aws::testing::{Fault, FaultyLink, IMPATIENT, LATE};
use aws::{Account, AwsSettings};
use aws_sdk_glue::types::StorageDescriptor;
use domain::ErrorKind;
use domain::column::ColumnType;
use domain::table::CatalogTable;
use etl_aws::GlueCatalog;
use etl_engine::catalog::Catalog;

use super::{Emulator, UnderTest, ada, days, refused, settings, table, under_test, yellow};

/// A catalog whose calls go over the link. Beside it, what is really there.
async fn over_a_link() -> Option<(FaultyLink, UnderTest)> {
    let (link, emulator) = Emulator::of_this_run()?.through_a_faulty_link().await;
    let lake = under_test(&emulator.account().await).await;
    Some((link, lake))
}

/// As [`over_a_link`]; beside it, a catalog whose calls give up soon.
async fn over_a_silent_link() -> Option<(FaultyLink, UnderTest, GlueCatalog)> {
    let (link, emulator) = Emulator::of_this_run()?.through_a_faulty_link().await;
    let account = emulator.account().await;
    let lake = under_test(&account).await;
    let impatient = AwsSettings { attempt: IMPATIENT, ..account.settings().clone() };
    let impatient = GlueCatalog::new(&Account::open(&impatient).await, settings());
    Some((link, lake, impatient))
}

/// The calls so far that change a table.
fn writes(link: &FaultyLink) -> Vec<String> {
    let calls = link.seen().into_iter().map(|(call, _)| call);
    calls.filter(|call| call.ends_with("Table") && !call.starts_with("Get")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_lost_or_doubled_answer_to_a_change_is_found_out_by_looking() {
    let Some((link, lake)) = over_a_link().await else { return };
    for (at, fault) in [Fault::ErrorAfter, Fault::ResetAfter, Fault::Twice].into_iter().enumerate()
    {
        let mut stored = table(&[("a", ColumnType::Int)]);
        stored.name.table = format!("yellow_{at}");
        link.plan("CreateTable", fault);
        assert_eq!(lake.catalog.put_table(&stored, &ada()).await.unwrap(), 1, "{fault:?}");
        stored.version = 1;
        stored.description = Some("told".into());
        link.plan("UpdateTable", fault);
        assert_eq!(lake.catalog.put_table(&stored, &ada()).await.unwrap(), 2, "{fault:?}");
        let found = lake.catalog.table(&stored.name).await.unwrap().unwrap();
        assert_eq!(found, CatalogTable { version: 2, ..stored });
    }
    assert!(link.is_done());
    let writes = writes(&link);
    assert_eq!(writes.len(), 6, "none was repeated unseen: {writes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_change_that_nobody_answers_is_found_out_by_looking() {
    let Some((link, lake, impatient)) = over_a_silent_link().await else { return };
    let mut stored = table(&[("a", ColumnType::Int)]);
    link.plan("CreateTable", Fault::SilentAfter);
    assert_eq!(impatient.put_table(&stored, &ada()).await.unwrap(), 1);
    stored.version = 1;
    stored.description = Some("told".into());
    link.plan("UpdateTable", Fault::SilentAfter);
    assert_eq!(impatient.put_table(&stored, &ada()).await.unwrap(), 2);
    let found = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!(found, CatalogTable { version: 2, ..stored });
    assert_eq!(writes(&link), ["CreateTable", "UpdateTable"], "none was repeated unseen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a14_a_change_that_arrives_after_its_caller_gave_up_is_refused() {
    let Some((link, lake, impatient)) = over_a_silent_link().await else { return };
    let first = table(&[("a", ColumnType::Int)]);
    lake.catalog.put_table(&first, &ada()).await.unwrap();
    let late = CatalogTable { version: 1, description: Some("late".into()), ..first };
    link.plan("UpdateTable", Fault::Delay(LATE));
    let error = impatient.put_table(&late, &ada()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let next = CatalogTable { description: Some("next".into()), ..late };
    assert_eq!(lake.catalog.put_table(&next, &ada()).await.unwrap(), 2);
    link.until_quiet().await;
    let found = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!(found, CatalogTable { version: 2, ..next });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_change_that_was_not_made_is_said_not_to_be() {
    let Some((link, lake)) = over_a_link().await else { return };
    for fault in [Fault::Drop, Fault::Refuse] {
        link.plan("CreateTable", fault);
        let stored = table(&[("a", ColumnType::Int)]);
        let error = lake.catalog.put_table(&stored, &ada()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert_eq!(lake.catalog.table(&yellow()).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b10_refusals_keep_their_kind_and_throttled_changes_are_made_later() {
    let Some((link, lake)) = over_a_link().await else { return };
    for _ in 0..3 {
        link.plan("CreateTable", refused("ThrottlingException"));
    }
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    for (call, code, kind) in [
        ("GetTable", "AccessDeniedException", ErrorKind::Denied),
        ("GetTable", "GlueEncryptionException", ErrorKind::Unavailable),
        ("GetTable", "InvalidInputException", ErrorKind::Invalid),
    ] {
        link.plan(call, refused(code));
        let error = lake.catalog.table(&yellow()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    link.plan("GetPartitions", refused("AccessDeniedException"));
    let error = lake.catalog.partitions(&yellow(), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "not an empty table: {error}");
    link.plan("GetTables", refused("AccessDeniedException"));
    assert_eq!(lake.catalog.tables(None).await.unwrap_err().kind(), ErrorKind::Denied);
    assert!(link.is_done());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn partitions_and_totals_are_right_whatever_the_link_does() {
    let Some((link, lake)) = over_a_link().await else { return };
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    let all = days(230);
    link.by_chance(7, 250, &[Fault::Drop, Fault::Refuse, Fault::ErrorAfter, Fault::ResetAfter]);
    // As a run does, which may repeat the step.
    let mut tries = 0;
    for part in [&all[..110], &all[50..]] {
        while let Err(error) = lake.catalog.put_partitions(&yellow(), part).await {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            tries += 1;
            assert!(tries < 30);
        }
    }
    link.heal();
    assert_eq!(lake.catalog.partitions(&yellow(), None).await.unwrap(), all);
    let totals = lake.catalog.totals().await.unwrap();
    assert_eq!((totals[0].partitions, totals[0].rows, totals[0].bytes), (230, 230, 2300));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cascade_that_broke_off_is_carried_on_by_who_stores_partitions_next() {
    let Some((link, lake)) = over_a_link().await else { return };
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    lake.catalog.put_partitions(&yellow(), &days(3)).await.unwrap();
    for _ in 0..4 {
        link.plan("BatchUpdatePartition", Fault::Refuse);
    }
    let wider = CatalogTable { version: 1, ..table(&[("a", ColumnType::BigInt)]) };
    let error = lake.catalog.put_table(&wider, &ada()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(link.is_done());
    lake.catalog.put_partitions(&yellow(), &days(1)).await.unwrap();
    let found = lake.glue.get_partitions().database_name("tlc").table_name("yellow");
    for partition in found.send().await.unwrap().partitions() {
        let columns = partition.storage_descriptor.as_ref().map(StorageDescriptor::columns);
        assert_eq!(columns.unwrap()[0].r#type(), Some("bigint"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn totals_are_told_without_reading_a_partition() {
    let Some((link, lake)) = over_a_link().await else { return };
    lake.catalog.put_table(&table(&[("a", ColumnType::Int)]), &ada()).await.unwrap();
    let all = days(12);
    lake.catalog.put_partitions(&yellow(), &all).await.unwrap();
    lake.catalog.delete_partitions(&yellow(), &[all[0].partition, all[1].partition]).await.unwrap();
    let reads = || link.seen().iter().filter(|(call, _)| call == "GetPartitions").count();
    let before = reads();
    let totals = lake.catalog.totals().await.unwrap();
    let told = (totals[0].partitions, totals[0].rows, totals[0].bytes, totals[0].files);
    assert_eq!(told, (10, 10, 100, 10));
    assert_eq!(totals[0].updated_at, Some(all[0].updated_at));
    assert_eq!(reads(), before);
    let stored = lake.catalog.table(&yellow()).await.unwrap().unwrap();
    assert_eq!(stored.version, 1, "keeping totals is no change of the table");
}
