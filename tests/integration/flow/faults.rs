//! Faults of the reference that none of the other tests here stands for.

use domain::column::{Column, ColumnType};
use domain::run::RunStatus;
use domain::source::Source;
use domain::table::TableName;
use domain::table_history::TableAuthor;

use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders};
use crate::support::sluice::sluice;

#[tokio::test(flavor = "multi_thread")]
async fn b3_b5_b6_types_are_pinned_and_partition_keys_stay_apart() {
    let lake = TestLake::new().await;
    let mut columns = vec![
        Column::new("code", ColumnType::String),
        Column::new("price", ColumnType::Decimal { precision: 10, scale: 2 }),
        Column::new("year", ColumnType::Int),
    ];
    columns[2].name = "source_year".into();
    lake.register(&Source { columns, ..orders() }).await;
    // A later file full of whole numbers changes no type.
    lake.ingest("shop/orders/a.csv", "code,price,year\n007,1.5,1999\n").await;
    let run = lake.ingest("shop/orders/b.csv", "code,price,year\n8,2,2000\n").await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    let sql = "SELECT code, price, source_year, year > '2020' FROM shop.orders ORDER BY code";
    let expected = [["007", "1.50", "1999", "true"], ["8", "2.00", "2000", "true"]];
    assert_eq!(lake.query(sql).await, expected);
    let name = TableName::new("shop", "orders");
    let table = lake.embedded.lake.catalog.table(&name).await.unwrap().unwrap();
    let types: Vec<_> = table.columns.iter().map(|c| c.column_type.to_string()).collect();
    assert_eq!(types, ["string", "decimal(10,2)", "int"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_what_people_wrote_in_the_catalog_survives_runs() {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let catalog = &lake.embedded.lake.catalog;
    let names = ["shop", "shop_purpose_built"].map(|database| TableName::new(database, "orders"));
    for name in &names {
        let mut table = catalog.table(name).await.unwrap().unwrap();
        table.description = Some("what customers ordered".into());
        table.parameters.insert("team".into(), "sales".into());
        table.columns[0].comment = Some("the first one".into());
        let by = TableAuthor::Person { login: "ada".into() };
        catalog.put_table(&table, &by).await.unwrap();
    }
    lake.ingest("shop/orders/a.csv", file([(2, 1)])).await;
    lake.transform(ORDERS, &ORDERS_SQL.replace("count(*)", "count(id)")).await;
    lake.ingest("shop/orders/b.csv", file([(3, 1)])).await;
    for name in &names {
        let table = catalog.table(name).await.unwrap().unwrap();
        assert_eq!(table.description.as_deref(), Some("what customers ordered"));
        assert_eq!(table.parameters["team"], "sales");
        assert_eq!(table.columns[0].comment.as_deref(), Some("the first one"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_b14_sql_is_checked_before_it_is_saved() {
    let lake = TestLake::with_orders().await;
    let cases = [
        ("SELECT id, year, month, day FROM shop.order", "\"order\""),
        ("SELECT id, year, month FROM shop.orders", "day"),
        ("SELECT nothing, year, month, day FROM shop.orders", "nothing"),
        ("DELETE FROM shop.orders", "SELECT"),
    ];
    for (sql, named) in cases {
        let outcome = sluice(lake.path(), &["transformations", "set", ORDERS, "--sql", sql]);
        assert_eq!(outcome.code(), Some(2), "{sql}: {outcome:?}");
        assert!(outcome.stderr.contains(named), "{sql}: {outcome:?}");
    }
    let store = &lake.embedded.lake.transformations;
    let current = store.current(&ORDERS.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((current.version, current.sql.as_str()), (1, ORDERS_SQL));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_of_the_sql_rebuilds_all_partitions() {
    let lake = TestLake::new().await;
    lake.register(&crate::support::lake::orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 2), (3, 3)])).await;
    let only_odd = ORDERS_SQL.replace("GROUP BY", "WHERE id % 2 = 1 GROUP BY");
    lake.transform(ORDERS, &only_odd).await;
    lake.ingest("shop/orders/b.csv", file([(5, 5)])).await;
    let sql = "SELECT day, ids FROM shop_purpose_built.orders ORDER BY day";
    assert_eq!(lake.query(sql).await, [["01", "1"], ["03", "3"], ["05", "5"]]);
    lake.check_catalog().await;
}
