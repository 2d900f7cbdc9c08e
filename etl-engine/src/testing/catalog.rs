//! The contract of the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ErrorKind;
use domain::column::ColumnType;
use domain::partition::Partition;
use domain::run::RunId;
use domain::table::{CatalogColumn, CatalogPartition, CatalogTable, TableName};
use domain::table_history::TableAuthor;
use domain::zone::Zone;
use futures::future::join_all;

use super::cases;
use super::sample::at;
use crate::catalog::Catalog;

/// Runs the contract over the catalogs that `make` makes, each empty.
pub async fn catalog<A: Catalog + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "catalog",
        async || make().await as Arc<dyn Catalog>,
        [
            nothing_is_there_at_first,
            a_table_reads_back_with_what_people_wrote,
            databases_and_tables_are_listed_in_order,
            a14_an_update_from_an_old_version_is_a_conflict,
            a14_of_racing_updates_one_wins,
            partitions_are_added_replaced_and_listed_by_date,
            partitions_of_an_absent_table_are_refused,
            a_deleted_table_takes_its_partitions_along,
            a_removed_partition_is_gone_and_may_be_absent,
            a_table_is_summed_up_over_its_partitions,
            every_change_of_columns_or_descriptions_is_in_the_history,
            a_history_ends_with_its_table,
        ]
    );
}

async fn nothing_is_there_at_first(catalog: Arc<dyn Catalog>) {
    assert_eq!(catalog.databases().await.unwrap(), Vec::<String>::new());
    assert_eq!(catalog.tables(None).await.unwrap(), []);
    assert_eq!(catalog.table(&yellow()).await.unwrap(), None);
    assert_eq!(catalog.partitions(&yellow(), None).await.unwrap(), []);
    catalog.delete_table(&yellow()).await.unwrap();
}

async fn a_table_reads_back_with_what_people_wrote(catalog: Arc<dyn Catalog>) {
    let mut stored = table(&yellow());
    assert_eq!(catalog.put_table(&stored, &ada()).await.unwrap(), 1);
    stored.version = 1;
    assert_eq!(catalog.table(&yellow()).await.unwrap().as_ref(), Some(&stored));
    stored.description = Some("every trip".into());
    assert_eq!(catalog.put_table(&stored, &ada()).await.unwrap(), 2);
    stored.version = 2;
    assert_eq!(catalog.table(&yellow()).await.unwrap(), Some(stored));
}

async fn databases_and_tables_are_listed_in_order(catalog: Arc<dyn Catalog>) {
    for (database, name) in
        [("tlc", "yellow"), ("tlc", "a_b"), ("ab", "t"), ("a_b", "t"), ("tlc", "ab")]
    {
        catalog.put_table(&table(&TableName::new(database, name)), &ada()).await.unwrap();
    }
    assert_eq!(catalog.databases().await.unwrap(), ["a_b", "ab", "tlc"]);
    let names = async |database| {
        let tables = catalog.tables(database).await.unwrap();
        tables.iter().map(|table| table.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(Some("tlc")).await, ["tlc.a_b", "tlc.ab", "tlc.yellow"]);
    assert_eq!(names(Some("none")).await, Vec::<String>::new());
    assert_eq!(names(None).await, ["a_b.t", "ab.t", "tlc.a_b", "tlc.ab", "tlc.yellow"]);
    let stored = catalog.table(&yellow()).await.unwrap().unwrap();
    catalog.put_table(&stored, &ada()).await.unwrap();
    let versions = catalog.names().await.unwrap();
    let versions: Vec<_> =
        versions.iter().map(|(name, version)| (name.to_string(), *version)).collect();
    let named = |name: &str, version| (name.to_owned(), version);
    let first = ["a_b.t", "ab.t", "tlc.a_b", "tlc.ab"].map(|name| named(name, 1));
    assert_eq!(versions, [first.as_slice(), &[named("tlc.yellow", 2)]].concat());
}

async fn a14_an_update_from_an_old_version_is_a_conflict(catalog: Arc<dyn Catalog>) {
    let mut stored = table(&yellow());
    catalog.put_table(&stored, &ada()).await.unwrap();
    for version in [0, 2, 9] {
        stored.version = version;
        let error = catalog.put_table(&stored, &ada()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    let absent = CatalogTable { version: 1, ..table(&TableName::new("tlc", "green")) };
    assert_eq!(catalog.put_table(&absent, &ada()).await.unwrap_err().kind(), ErrorKind::Conflict);
}

async fn a14_of_racing_updates_one_wins(catalog: Arc<dyn Catalog>) {
    for version in [0, 1] {
        let updates = (0..8).map(|_| {
            let catalog = catalog.clone();
            let wanted = CatalogTable { version, ..table(&yellow()) };
            tokio::spawn(async move { catalog.put_table(&wanted, &ada()).await })
        });
        let outcomes = join_all(updates).await.into_iter().map(Result::unwrap);
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 7));
        assert!(lost.into_iter().all(|lost| lost.unwrap_err().kind() == ErrorKind::Conflict));
    }
}

async fn a_table_is_summed_up_over_its_partitions(catalog: Arc<dyn Catalog>) {
    assert_eq!(catalog.totals().await.unwrap(), []);
    let empty = TableName::new("tlc", "green");
    for name in [&yellow(), &empty] {
        catalog.put_table(&table(name), &ada()).await.unwrap();
    }
    let stored = [partition("02", 1, 10), partition("02", 2, 5)];
    catalog.put_partitions(&yellow(), &stored).await.unwrap();
    let totals = catalog.totals().await.unwrap();
    assert_eq!(totals.len(), 2);
    assert_eq!((&totals[0].name, totals[0].partitions, totals[0].updated_at), (&empty, 0, None));
    let (yellow, zone) = (&totals[1], table(&yellow()).zone);
    let sum = |of: fn(&CatalogPartition) -> u64| stored.iter().map(of).sum::<u64>();
    assert_eq!((yellow.partitions, yellow.zone), (2, zone));
    assert_eq!(yellow.rows, sum(|stored| stored.rows));
    assert_eq!(yellow.bytes, sum(|stored| stored.bytes));
    assert_eq!(yellow.files, sum(|stored| stored.files));
    assert_eq!(yellow.updated_at, Some(stored[0].updated_at));
}

async fn every_change_of_columns_or_descriptions_is_in_the_history(catalog: Arc<dyn Catalog>) {
    assert_eq!(catalog.history(&yellow()).await.unwrap(), []);
    let run = TableAuthor::Run {
        run: "0198c5a4-0000-7000-8000-000000000001".parse().unwrap(),
        definition_version: Some(7),
    };
    let first = table(&yellow());
    catalog.put_table(&first, &run).await.unwrap();
    let parameters = BTreeMap::from([("team".into(), "mobility".into())]);
    let other_parameters = CatalogTable { version: 1, parameters, ..first.clone() };
    catalog.put_table(&other_parameters, &run).await.unwrap();
    let mut grown = CatalogTable { version: 2, ..other_parameters };
    let tip = CatalogColumn { name: "tip".into(), column_type: ColumnType::Double, comment: None };
    grown.columns.push(tip);
    catalog.put_table(&grown, &run).await.unwrap();
    assert!(catalog.put_table(&first, &ada()).await.is_err(), "a lost update leaves no trace");
    let mut told = CatalogTable { version: 3, ..grown.clone() };
    told.description = Some("every trip".into());
    catalog.put_table(&told, &ada()).await.unwrap();
    let mut commented = CatalogTable { version: 4, ..told.clone() };
    commented.columns[1].comment = Some("in dollars".into());
    catalog.put_table(&commented, &ada()).await.unwrap();

    let history = catalog.history(&yellow()).await.unwrap();
    let stored =
        |table: &CatalogTable| CatalogTable { version: table.version + 1, ..table.clone() };
    let expected = [&commented, &told, &grown, &first].map(stored);
    let tables: Vec<_> = history.iter().map(|point| point.table.clone()).collect();
    assert_eq!(tables, expected);
    let authors: Vec<_> = history.iter().map(|point| point.changed_by.clone().unwrap()).collect();
    assert_eq!(authors, [ada(), ada(), run.clone(), run]);
    let times: Vec<_> = history.iter().map(|point| point.changed_at.unwrap()).collect();
    assert!(times.is_sorted_by(|later, earlier| later >= earlier), "{times:?}");
}

async fn a_history_ends_with_its_table(catalog: Arc<dyn Catalog>) {
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    catalog.delete_table(&yellow()).await.unwrap();
    assert_eq!(catalog.history(&yellow()).await.unwrap(), []);
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    assert_eq!(catalog.history(&yellow()).await.unwrap().len(), 1);
}

async fn partitions_are_added_replaced_and_listed_by_date(catalog: Arc<dyn Catalog>) {
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    let days: Vec<_> = (1..=28).map(|day| partition("02", day, 10)).collect();
    let later = partition("11", 3, 10);
    catalog.put_partitions(&yellow(), &[later.clone(), days[7].clone()]).await.unwrap();
    catalog.put_partitions(&yellow(), &days).await.unwrap();
    let replaced = partition("02", 8, 99);
    catalog.put_partitions(&yellow(), std::slice::from_ref(&replaced)).await.unwrap();

    let mut expected = days;
    expected[7] = replaced.clone();
    expected.push(later.clone());
    assert_eq!(catalog.partitions(&yellow(), None).await.unwrap(), expected);
    let absent = partition("12", 31, 0).partition;
    let only = [later.partition, absent, replaced.partition, later.partition];
    let some = catalog.partitions(&yellow(), Some(&only)).await.unwrap();
    assert_eq!(some, [replaced, later]);
    assert_eq!(catalog.partitions(&yellow(), Some(&[])).await.unwrap(), []);
    let all: Vec<_> = (1..=12).flat_map(|month| (1..=28).map(move |day| (month, day))).collect();
    let all: Vec<_> = all
        .iter()
        .map(|(month, day)| partition(&format!("{month:02}"), *day, 0).partition)
        .collect();
    assert_eq!(catalog.partitions(&yellow(), Some(&all)).await.unwrap(), expected);
}

async fn partitions_of_an_absent_table_are_refused(catalog: Arc<dyn Catalog>) {
    let error = catalog.put_partitions(&yellow(), &[partition("02", 1, 1)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

async fn a_deleted_table_takes_its_partitions_along(catalog: Arc<dyn Catalog>) {
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    catalog.put_partitions(&yellow(), &[partition("02", 1, 1)]).await.unwrap();
    catalog.delete_table(&yellow()).await.unwrap();
    assert_eq!(catalog.table(&yellow()).await.unwrap(), None);
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    assert_eq!(catalog.partitions(&yellow(), None).await.unwrap(), []);
}

async fn a_removed_partition_is_gone_and_may_be_absent(catalog: Arc<dyn Catalog>) {
    catalog.put_table(&table(&yellow()), &ada()).await.unwrap();
    let (one, two) = (partition("02", 1, 1), partition("02", 2, 1));
    catalog.put_partitions(&yellow(), &[one.clone(), two.clone()]).await.unwrap();
    for _ in 0..2 {
        catalog.delete_partitions(&yellow(), &[one.partition]).await.unwrap();
    }
    assert_eq!(catalog.partitions(&yellow(), None).await.unwrap(), [two]);
}

fn ada() -> TableAuthor {
    TableAuthor::Person { login: "ada".into() }
}

fn yellow() -> TableName {
    TableName::new("tlc", "yellow")
}

fn table(name: &TableName) -> CatalogTable {
    CatalogTable {
        name: name.clone(),
        zone: Zone::Conformed,
        location: format!("{}/{}", name.database, name.table),
        columns: vec![CatalogColumn {
            name: "vendorid".into(),
            column_type: ColumnType::Decimal { precision: 9, scale: 2 },
            comment: Some("who drove".into()),
        }],
        description: None,
        parameters: BTreeMap::from([("classification".into(), "parquet".into())]),
        version: 0,
    }
}

fn partition(month: &str, day: u8, rows: u64) -> CatalogPartition {
    CatalogPartition {
        partition: Partition::from_values("2020", month, &day.to_string()).unwrap(),
        rows,
        bytes: rows * 8,
        files: 1,
        run: "0198c5a4-0000-7000-8000-000000000001".parse::<RunId>().unwrap(),
        updated_at: at(rows as i64),
    }
}
