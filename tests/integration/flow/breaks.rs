//! What a change of a source would break, told before it is made: over the conformed table, through
//! purpose-built tables, and through what is built from those.

use domain::column::ColumnType;
use etl_engine::lineage::breaks::{Affected, Breakage, ColumnChange, Effect, breaks, effects};

use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, source};

/// A lake with two built tables: the orders, and totals that are taken from them.
async fn lake() -> TestLake {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv", file((1..=4).map(|id| (id, 5)))).await;
    lake.register(&source("shop/totals")).await;
    let totals = "SELECT t.year, t.month, t.day, max(o.ids) AS most, count(*) AS n \
         FROM shop.totals t JOIN shop_purpose_built.orders o ON t.day = o.day \
         GROUP BY t.year, t.month, t.day";
    lake.transform("shop/totals", totals).await;
    lake.ingest("shop/totals/a.csv", file((1..=4).map(|id| (id, 5)))).await;
    lake
}

async fn broken(lake: &TestLake, column: &str, column_type: Option<ColumnType>) -> Breakage {
    let change = ColumnChange { name: column.to_owned(), column_type };
    breaks(&lake.embedded.lake, &ORDERS.parse().unwrap(), &[change]).await.unwrap()
}

/// `what it says, by ways`; a table that stops stands behind `!`, a built one behind its dataset.
fn told(effect: &Effect) -> String {
    let ways = effect.ways.iter().map(|way| {
        let by = way.built_by.as_ref().map(|by| format!("{by}:")).unwrap_or_default();
        format!("{}{by}{}", if way.stops { "!" } else { "" }, way.table)
    });
    let ways = ways.collect::<Vec<_>>().join(" ");
    let changes: Vec<_> = effect.output_changes.iter().map(ToString::to_string).collect();
    let problem = if effect.problem.is_some() { "fails" } else { "" };
    format!("{problem}{} by {ways}", changes.join(", "))
}

async fn queries(lake: &TestLake, found: &Breakage, sql: &[&str]) -> Vec<String> {
    let effects = effects(&lake.embedded.lake, &found.tables, sql).await.unwrap();
    let told = |effect: &Option<Effect>| effect.as_ref().map_or("-".to_owned(), told);
    effects.iter().map(told).collect()
}

fn transformations(found: &Breakage) -> Vec<String> {
    let told = |one: &Affected| format!("{}: {}", one.dataset, told(&one.effect));
    found.affected.iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_goes_through_every_table_that_rests_on_the_column() {
    let lake = lake().await;
    let found = broken(&lake, "id", Some(ColumnType::Double)).await;
    let expected = [
        "shop/orders: ids: bigint -> double by shop.orders",
        "shop/totals: most: bigint -> double by shop/orders:shop_purpose_built.orders",
    ];
    assert_eq!(transformations(&found), expected);
    assert!(found.unaffected.is_empty());
    let sql = [
        "select id from shop.orders",
        "select ids from shop_purpose_built.orders",
        "select orders, amount from shop_purpose_built.orders",
        "select most from shop_purpose_built.totals",
        "select n from shop_purpose_built.totals",
        "select t.id, o.ids from shop.orders t join shop_purpose_built.orders o on t.day = o.day",
        "select t.id, o.amount from shop.orders t join shop_purpose_built.orders o on t.day = o.day",
        "with x as (select ids + 1 as more from shop_purpose_built.orders) select * from x",
        "select ids, nope from shop_purpose_built.orders",
        "not even SQL",
    ];
    let built = "by shop/orders:shop_purpose_built.orders";
    let expected = [
        "id: bigint -> double by shop.orders".to_owned(),
        format!("ids: bigint -> double {built}"),
        "-".to_owned(),
        "most: bigint -> double by shop/totals:shop_purpose_built.totals".to_owned(),
        "-".to_owned(),
        "id: bigint -> double, ids: bigint -> double by shop.orders \
         shop/orders:shop_purpose_built.orders"
            .to_owned(),
        "id: bigint -> double by shop.orders".to_owned(),
        format!("more: bigint -> double {built}"),
        "-".to_owned(),
        "-".to_owned(),
    ];
    assert_eq!(queries(&lake, &found, &sql).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_a_table_that_nobody_builds_any_more_is_told_of() {
    let lake = lake().await;
    let found = broken(&lake, "amount", None).await;
    let expected = [
        "shop/orders: fails by shop.orders",
        "shop/totals:  by !shop/orders:shop_purpose_built.orders",
    ];
    assert_eq!(transformations(&found), expected);
    let sql = [
        "select amount from shop.orders",
        "select id from shop.orders",
        "select orders from shop_purpose_built.orders",
        "select o.amount from shop.orders o, shop_purpose_built.orders p where o.day = p.day",
        "select nope from shop_purpose_built.orders",
        "select n from shop_purpose_built.totals",
    ];
    let stops = "!shop/orders:shop_purpose_built.orders";
    let expected = [
        "fails by shop.orders".to_owned(),
        "-".to_owned(),
        format!(" by {stops}"),
        format!("fails by shop.orders {stops}"),
        "-".to_owned(),
        "-".to_owned(),
    ];
    assert_eq!(queries(&lake, &found, &sql).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_star_brought_goes_from_the_built_table_too() {
    let lake = TestLake::with_orders().await;
    lake.transform(ORDERS, "SELECT * FROM shop.orders").await;
    lake.ingest("shop/orders/a.csv", file((1..=4).map(|id| (id, 5)))).await;
    let found = broken(&lake, "amount", None).await;
    assert_eq!(transformations(&found), ["shop/orders: amount: double -> gone by shop.orders"]);
    let sql = [
        "select amount from shop_purpose_built.orders",
        "select * from shop_purpose_built.orders",
        "select id from shop_purpose_built.orders",
    ];
    let built = "by shop/orders:shop_purpose_built.orders";
    let expected =
        [format!("fails {built}"), format!("amount: double -> gone {built}"), "-".to_owned()];
    assert_eq!(queries(&lake, &found, &sql).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_change_does_to_a_built_table_is_told() {
    let lake = lake().await;
    // Saved, and not run yet: the table still has the column that this SQL leaves out.
    lake.transform(ORDERS, &ORDERS_SQL.replace(", sum(amount) AS amount", "")).await;
    let found = broken(&lake, "amount", None).await;
    assert!(found.affected.is_empty(), "{:?}", found.affected);
    assert_eq!(found.unaffected, [ORDERS.parse().unwrap()]);
    let sql = ["select amount from shop_purpose_built.orders"];
    assert_eq!(queries(&lake, &found, &sql).await, ["-"]);
    let never_built = TestLake::with_orders().await;
    let found = broken(&never_built, "id", Some(ColumnType::Double)).await;
    assert_eq!(queries(&never_built, &found, &sql).await, ["-"], "there is no such table");
}
