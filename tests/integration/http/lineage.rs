//! Lineage over HTTP: of what runs and of earlier versions; what a change of a source would break.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use super::console::Person;
use super::transformations::{put, with_rows};
use crate::support::lake::ORDERS_SQL;

#[tokio::test(flavor = "multi_thread")]
async fn a_column_is_followed_up_and_down_and_a_change_told_before_it_is_made() {
    let console = with_rows().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let graph = vera.get("/lineage").await;
    let zones: Vec<_> =
        graph.json["tables"].as_array().unwrap().iter().map(|t| &t["zone"]).collect();
    assert_eq!(zones, ["raw", "conformed", "purpose-built"]);
    let found = vera.get("/lineage/shop_purpose_built/orders/amount").await;
    let upstream = found.json["upstream"]["edges"].as_array().unwrap();
    let from_raw = json!({"database": "raw:shop", "table": "orders", "column": "amount"});
    assert!(upstream.iter().any(|edge| edge["from"] == from_raw), "{}", found.text);
    let summed =
        upstream.iter().find(|edge| edge["to_column"] == "amount" && edge["kind"] == "aggregated");
    assert_eq!(summed.unwrap()["from"]["database"], "shop");
    let down = vera.get("/lineage/raw:shop/orders/amount").await;
    let down = down.json["downstream"]["edges"].as_array().unwrap().len();
    assert_eq!(down, 2);
    let none = vera.get("/lineage/shop/orders/nope").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);

    let breaks =
        |change: Value| vera.post("/sources/shop/orders/breaks", json!({"columns": [change]}));
    let dropped = breaks(json!({"name": "amount", "type": null})).await;
    let affected = &dropped.json["transformations"][0];
    assert_eq!((&affected["dataset"], &affected["owner"]), (&json!("shop/orders"), &json!("test")));
    assert!(affected["problem"].as_str().unwrap().contains("\"amount\""), "{}", dropped.text);
    let retyped = breaks(json!({"name": "id", "type": "double"})).await;
    let affected = &retyped.json["transformations"][0];
    assert_eq!(affected["output_changes"], json!(["ids: bigint -> double"]), "{}", retyped.text);
    let harmless = breaks(json!({"name": "on_date", "type": null})).await;
    assert_eq!(harmless.json["unaffected"], json!(["shop/orders"]), "{}", harmless.text);
    let unknown = breaks(json!({"name": "nope", "type": null})).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_breaks_holds_saved_queries_and_others_private_ones_as_a_number() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let save = async |person: &Person<'_>, name: &str, sql: &str, is_shared: bool| {
        let saved = json!({"name": name, "sql": sql, "is_shared": is_shared});
        assert_eq!(person.post("/saved-queries", saved).await.status, StatusCode::OK);
    };
    save(&bob, "shared", "select sum(amount) as s from shop.orders", true).await;
    save(&bob, "secret", "select amount as private from shop.orders where id > 1", false).await;
    save(&ada, "hers", "select id, amount from shop.orders", false).await;
    save(&ada, "elsewhere", "select count(*) as n from shop.orders", false).await;
    save(&ada, "broken already", "select amount, nope from shop.orders", false).await;
    save(&ada, "no query", "not even SQL", false).await;
    let breaks = async |person: &Person<'_>, change: Value| {
        person.post("/sources/shop/orders/breaks", json!({"columns": [change]})).await
    };
    let dropped = breaks(&ada, json!({"name": "amount", "type": null})).await;
    let found: Vec<_> = dropped.json["queries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|query| (query["name"].as_str().unwrap(), query["owner"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("hers", "ada"), ("shared", "bob")], "{}", dropped.text);
    assert_eq!(dropped.json["hidden_queries"], 1);
    assert!(!dropped.text.contains("secret") && !dropped.text.contains("private"));
    let problem = dropped.json["queries"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("amount"), "{problem}");
    let retyped = breaks(&ada, json!({"name": "id", "type": "string"})).await;
    assert_eq!(retyped.json["queries"][0]["output_changes"], json!(["id: bigint -> string"]));
    // A comparison of text with a number is still one.
    assert_eq!(retyped.json["hidden_queries"], 0, "{}", retyped.text);
    let vera = console.sign_in("vera", Role::Viewer).await;
    let seen = breaks(&vera, json!({"name": "amount", "type": null})).await;
    assert_eq!((&seen.json["queries"], &seen.json["hidden_queries"]), (&json!([]), &json!(3)));
}

#[tokio::test(flavor = "multi_thread")]
async fn lineage_and_findings_follow_every_change_of_what_they_rest_on() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let built = async || {
        let graph = ada.get("/lineage").await;
        let tables = graph.json["tables"].as_array().unwrap().clone();
        tables.into_iter().find(|table| table["database"] == "shop_purpose_built").unwrap()
    };
    let problem = async || ada.get("/transformations").await.json["items"][0]["standing"].clone();
    for _ in 0..2 {
        assert_eq!(
            (&built().await["version"], &problem().await["problem"]),
            (&json!(1), &Value::Null)
        );
    }
    assert_eq!(
        put(&ada, &ORDERS_SQL.replace("sum(id)", "max(id)"), 1).await.status,
        StatusCode::OK
    );
    let table = built().await;
    assert_eq!(table["version"], 2);
    assert!(table["columns"].to_string().contains("max(id)"), "{table}");
    let mut source = crate::support::lake::orders();
    source.columns.retain(|column| column.name != "amount");
    let save = json!({"source": source, "expected_version": 1});
    let headers = [("content-type", "application/json")];
    let saved =
        ada.send(Method::PUT, "/sources/shop/orders", &headers, Body::from(save.to_string())).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    assert!(built().await["problem"].as_str().unwrap().contains("amount"));
    assert!(problem().await["problem"].as_str().unwrap().contains("amount"));
}

/// The table that the orders' transformation builds, in a graph.
fn built(graph: &Value) -> Value {
    let mut tables = graph["tables"].as_array().unwrap().iter();
    tables.find(|table| table["database"] == "shop_purpose_built").unwrap().clone()
}

/// The columns with their expressions, as `name=expression`.
fn expressions(table: &Value) -> Vec<String> {
    let columns = table["columns"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    columns.map(|c| format!("{}={}", text(&c["name"]), text(&c["expression"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_versions_lineage_is_told_and_that_it_does_not_run() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let newer = ORDERS_SQL.replace("sum(id) AS ids", "max(amount) AS ids");
    assert_eq!(put(&ada, &newer, 1).await.status, StatusCode::OK);
    let earlier = ada.get("/lineage?transformation=shop/orders&version=1").await;
    let table = built(&earlier.json);
    assert_eq!((&table["version"], &table["earlier"]["runs"]), (&json!(1), &json!(2)));
    assert_eq!(table["earlier"]["author"], "test");
    assert!(expressions(&table).contains(&"ids=sum(id)".to_owned()), "{table}");
    let running = built(&ada.get("/lineage").await.json);
    assert_eq!((&running["version"], &running["earlier"]), (&json!(2), &Value::Null));
    assert!(expressions(&running).contains(&"ids=max(amount)".to_owned()), "{running}");
    let asked = built(&ada.get("/lineage?transformation=shop/orders&version=2").await.json);
    assert_eq!(asked, running, "the version that runs is no earlier one");

    let column = "/lineage/shop_purpose_built/orders/ids";
    let inputs = async |query: &str| {
        let found = ada.get(&format!("{column}{query}")).await;
        found.json["upstream"]["edges"].to_string()
    };
    let summed = json!({"database": "shop", "table": "orders", "column": "id"}).to_string();
    assert!(inputs("?transformation=shop/orders&version=1").await.contains(&summed));
    assert!(!inputs("").await.contains(&summed));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_version_that_no_longer_plans_says_why() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let newer = ORDERS_SQL.replace(", sum(amount) AS amount", "");
    assert_eq!(put(&ada, &newer, 1).await.status, StatusCode::OK);
    let mut source = crate::support::lake::orders();
    source.columns.retain(|column| column.name != "amount");
    console.lake.register(&source).await;
    let table = built(&ada.get("/lineage?transformation=shop/orders&version=1").await.json);
    assert!(table["problem"].as_str().unwrap().contains("amount"), "{table}");
    assert_eq!((&table["earlier"]["runs"], &table["columns"]), (&json!(2), &json!([])));
    assert_eq!(built(&ada.get("/lineage").await.json)["problem"], Value::Null);

    let status = async |query: &str| ada.get(&format!("/lineage?{query}")).await.status;
    assert_eq!(status("transformation=shop/orders&version=3").await, StatusCode::NOT_FOUND);
    assert_eq!(status("transformation=shop/none&version=1").await, StatusCode::NOT_FOUND);
    assert_eq!(status("version=1").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status("transformation=shop/orders").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status("transformation=x&version=1").await, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_breaks_is_followed_through_the_purpose_built_table() {
    let console = with_rows().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let save = async |person: &Person<'_>, name: &str, sql: &str| {
        let saved = json!({"name": name, "sql": sql, "is_shared": false});
        assert_eq!(person.post("/saved-queries", saved).await.status, StatusCode::OK);
    };
    save(&ada, "ids", "select ids from shop_purpose_built.orders").await;
    save(&ada, "number", "select orders from shop_purpose_built.orders").await;
    save(&bob, "his", "select max(ids) as most from shop_purpose_built.orders").await;
    let breaks = async |change: Value| {
        ada.post("/sources/shop/orders/breaks", json!({"columns": [change]})).await.json
    };
    let table = "shop_purpose_built.orders";
    let retyped = breaks(json!({"name": "id", "type": "double"})).await;
    let query = &retyped["queries"][0];
    assert_eq!((&query["name"], retyped["queries"].as_array().unwrap().len()), (&json!("ids"), 1));
    assert_eq!(query["output_changes"], json!(["ids: bigint -> double"]));
    let way = json!([{"table": table, "built_by": "shop/orders", "stops": false}]);
    assert_eq!(query["ways"], way, "{retyped}");
    assert_eq!(retyped["hidden_queries"], 1);
    let own = json!([{"table": "shop.orders", "built_by": null, "stops": false}]);
    assert_eq!(retyped["transformations"][0]["ways"], own);

    let dropped = breaks(json!({"name": "id", "type": null})).await;
    let names: Vec<_> =
        dropped["queries"].as_array().unwrap().iter().map(|query| &query["name"]).collect();
    assert_eq!(names, ["ids", "number"], "nobody builds the table any more: {dropped}");
    let way = json!([{"table": table, "built_by": "shop/orders", "stops": true}]);
    assert_eq!(
        (&dropped["queries"][1]["ways"], &dropped["queries"][1]["problem"]),
        (&way, &Value::Null)
    );
    assert_eq!(dropped["hidden_queries"], 1);
}
