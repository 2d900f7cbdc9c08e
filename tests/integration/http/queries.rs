//! The query workbench over HTTP: start, rows, cancel, export, what others may see, restart.

use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use domain::access::Role;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{TestLake, file, orders_by_date};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const PATIENCE: Duration = Duration::from_secs(30);

/// `rows` numbers from 0, with a text, a null now and then, and a formula.
fn numbers(rows: u32) -> String {
    let digits = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
    let n = "a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d";
    format!(
        "select {n} as n, case when ({n}) % 10 = 0 then null else '=x' || ({n}) end as t, \
         ({n}) / 4.0 as q from {digits} a(d), {digits} b(d), {digits} c(d), {digits} d(d), \
         {digits} e(d) order by n limit {rows}"
    )
}

/// A join that would take for ever.
fn endless() -> String {
    let values: Vec<_> = (0..1000).map(|n| format!("({n})")).collect();
    let values = values.join(",");
    let sides: Vec<_> = (0..5).map(|n| format!("(values {values}) as t{n}(v{n})")).collect();
    format!("select sum(v0 + v1 + v2 + v3 + v4) from {}", sides.join(" cross join "))
}

async fn start(person: &Person<'_>, sql: &str) -> String {
    let started = person.post("/queries", json!({ "sql": sql })).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text);
    started.json["id"].as_str().unwrap().to_owned()
}

/// Waits until a query is in one of these states.
async fn wait(person: &Person<'_>, id: &str, states: &[&str]) -> Value {
    let begin = Instant::now();
    loop {
        let found = person.get(&format!("/queries/{id}")).await;
        assert_eq!(found.status, StatusCode::OK, "{}", found.text);
        if states.iter().any(|state| found.json["state"] == *state) {
            return found.json;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", found.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn run(person: &Person<'_>, sql: &str) -> String {
    let id = start(person, sql).await;
    let ended = wait(person, &id, &["SUCCEEDED", "FAILED", "CANCELLED"]).await;
    assert_eq!(ended["state"], "SUCCEEDED", "{ended}");
    id
}

async fn rows(person: &Person<'_>, id: &str, query: &str) -> Value {
    let rows = person.get(&format!("/queries/{id}/rows?{query}")).await;
    assert_eq!(rows.status, StatusCode::OK, "{}", rows.text);
    rows.json
}

async fn put(person: &Person<'_>, path: &str, body: Value) -> Answer {
    person.send(Method::PUT, path, &JSON, body.to_string().into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_paged_sorted_and_filtered_as_a_whole() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let id = run(&ada, &numbers(5_000)).await;
    let info = wait(&ada, &id, &["SUCCEEDED"]).await;
    assert_eq!((&info["rows"], &info["has_more"]), (&json!(5_000), &json!(false)));
    assert_eq!(info["engine"], "DataFusion");

    let page = rows(&ada, &id, "offset=2047&limit=3").await;
    assert_eq!(page["columns"][0], json!({"name": "n", "type": "bigint", "kind": "number"}));
    assert_eq!(page["rows"][1], json!(["2048", "=x2048", "512.0"]));
    assert_eq!((&page["total"], &page["kept"]), (&json!(5_000), &json!(5_000)));
    assert_eq!(rows(&ada, &id, "offset=10&limit=1").await["rows"][0][1], Value::Null);

    let down = rows(&ada, &id, "sort=-0&limit=1").await;
    assert_eq!(down["rows"][0][0], "4999");
    let filter = "%7B%220%22:%22%3E%3D%204000%22,%221%22:%22null%22%7D";
    let part = rows(&ada, &id, &format!("sort=-2&limit=2&filter={filter}")).await;
    assert_eq!((&part["total"], &part["rows"][0][0]), (&json!(100), &json!("4990")));
    let bad = ada.get(&format!("/queries/{id}/rows?sort=9")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn e6_rows_beyond_the_cap_are_said_to_exist() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let two = "(values (1),(2)) z(x)";
    let id = run(&ada, &format!("select n from ({}) y, {two}", numbers(100_000))).await;
    let info = wait(&ada, &id, &["SUCCEEDED"]).await;
    assert_eq!((&info["rows"], &info["has_more"]), (&json!(100_000), &json!(true)));
    assert!(info["remark"].as_str().unwrap().contains("there are more"), "{info}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_query_is_told_and_kept() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    for (sql, part) in [
        ("selec 1", "only SELECT"),
        ("select x from lake.nothing", "there is no database"),
        ("delete from a.b", "only SELECT"),
    ] {
        let id = start(&ada, sql).await;
        let info = wait(&ada, &id, &["FAILED"]).await;
        assert!(info["error"].as_str().unwrap().contains(part), "{info}");
        assert_eq!(info["has_result"], false);
        let none = ada.get(&format!("/queries/{id}/rows")).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text);
    }
    let history = ada.get("/queries?search=SELEC%201").await;
    assert_eq!(history.json["items"].as_array().unwrap().len(), 1, "{}", history.text);
    let first = ada.get("/queries?limit=2").await;
    assert_eq!(first.json["items"].as_array().unwrap().len(), 2);
    let next = first.json["next"].as_str().unwrap();
    let rest = ada.get(&format!("/queries?limit=2&after={next}")).await;
    assert_eq!(rest.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn e5_cancel_stops_a_heavy_query_and_frees_its_slot_within_two_seconds() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let mut heavy = Vec::new();
    // A person may have all slots but one.
    for _ in 0..3 {
        heavy.push(start(&ada, &endless()).await);
    }
    for id in &heavy {
        wait(&ada, id, &["RUNNING"]).await;
    }
    let waiting = start(&ada, "select 1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    run(&bob, "select 2").await;
    assert_eq!(wait(&ada, &waiting, &["QUEUED", "RUNNING"]).await["state"], "QUEUED");

    let begin = Instant::now();
    for id in &heavy {
        let cancelled = ada.post(&format!("/queries/{id}/cancel"), json!({})).await;
        assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.text);
    }
    wait(&ada, &waiting, &["SUCCEEDED"]).await;
    for id in &heavy {
        let info = wait(&ada, id, &["CANCELLED"]).await;
        assert_eq!(info["error"], "the query was cancelled");
    }
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_queries_results_tabs_and_private_texts_are_their_owners() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let root = console.sign_in("root", Role::Admin).await;
    let id = run(&ada, "select 42 as secret").await;
    for other in [&bob, &root] {
        for path in ["", "/rows", "/previous", "/export?format=csv"] {
            let found = other.get(&format!("/queries/{id}{path}")).await;
            assert_eq!(found.status, StatusCode::NOT_FOUND, "{path}: {}", found.text);
        }
        let stopped = other.post(&format!("/queries/{id}/cancel"), json!({})).await;
        assert_eq!(stopped.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(bob.get("/queries").await.json["items"], json!([]));
    assert_eq!(bob.get("/queries?everybody=true").await.status, StatusCode::FORBIDDEN);
    assert_eq!(root.get("/queries?everybody=true").await.json["items"][0]["by"], "ada");

    let text = |name: &str, shared: bool, version: u64| json!({"name": name, "sql": "select 1", "is_shared": shared, "expected_version": version});
    let private = ada.post("/saved-queries", text("mine", false, 0)).await;
    assert_eq!(private.status, StatusCode::OK, "{}", private.text);
    let path = format!("/saved-queries/{}", private.json["id"].as_str().unwrap());
    assert_eq!(bob.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(put(&bob, &path, text("his", true, 1)).await.status, StatusCode::NOT_FOUND);
    let shared = put(&ada, &path, text("ours", true, 1)).await;
    assert_eq!((&shared.json["version"], &shared.json["is_shared"]), (&json!(2), &json!(true)));
    let seen = bob.get(&path).await;
    assert_eq!((&seen.json["owner"], &seen.json["is_mine"]), (&json!("ada"), &json!(false)));
    assert_eq!(put(&bob, &path, text("his", true, 2)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(put(&ada, &path, text("ours", true, 1)).await.status, StatusCode::CONFLICT);
    let gone = bob.send(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!(gone.status, StatusCode::FORBIDDEN);
    assert_eq!(ada.send(Method::DELETE, &path, &[], Body::empty()).await.status, StatusCode::OK);

    let tabs = json!({"selected": 0, "tabs": [
        {"id": 1, "title": "One", "sql": "select 1", "query": id, "saved": null}]});
    assert_eq!(put(&ada, "/query-tabs", tabs.clone()).await.status, StatusCode::OK);
    assert_eq!(ada.get("/query-tabs").await.json, tabs);
    assert_eq!(bob.get("/query-tabs").await.json["tabs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn d17_exports_read_back_and_hold_no_formula() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let sql =
        "select * from (values (1, '=1+1', true), (-2, null, false), (3, '', true)) t(n, t, b)";
    let id = run(&ada, sql).await;
    let export = |format: &str| format!("/queries/{id}/export?format={format}");

    let csv = ada.get(&export("csv")).await;
    assert_eq!(csv.text, "n,t,b\r\n1,\"'=1+1\",true\r\n-2,,false\r\n3,\"\",true\r\n");
    let json_file = ada.get(&export("json")).await;
    assert_eq!(json_file.json[1], json!({"n": -2, "t": null, "b": false}));

    let bytes = binary(&ada, &export("parquet")).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(|batch| batch.unwrap()).collect();
    let numbers = batches[0].column(0).as_primitive::<Int64Type>();
    assert_eq!(numbers.values().as_ref(), [1, -2, 3]);

    let workbook = binary(&ada, &export("xlsx")).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.xlsx");
    std::fs::write(&path, workbook).unwrap();
    let code = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); \
                print(z.testzip(), z.read('xl/worksheets/sheet1.xml').decode())";
    let sheet = std::process::Command::new("python3").args(["-c", code]).arg(&path).output();
    let sheet = String::from_utf8(sheet.unwrap().stdout).unwrap();
    assert!(sheet.starts_with("None ") && sheet.contains("<v>-2</v>"), "{sheet}");
    assert!(!sheet.contains("<f>") && sheet.contains("=1+1"), "a text, not a formula: {sheet}");

    let approver = console.sign_in("app", Role::Approver).await;
    assert_eq!(approver.get(&export("csv")).await.status, StatusCode::FORBIDDEN);
}

/// The bytes of a file.
async fn binary(person: &Person<'_>, path: &str) -> Bytes {
    let response = person.stream(path).await;
    assert_eq!(response.status(), StatusCode::OK);
    axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_counts_partitions_and_offers_a_filter() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.ingest("shop/orders/a.csv", file((1..=30).map(|n| (n, (n % 9 + 1) as u8)))).await;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let catalog = ada.get("/sql/catalog").await;
    let database = &catalog.json["databases"][0];
    let (database, table) = (&database["name"], &database["tables"][0]["name"]);
    let name = format!("{}.{}", database.as_str().unwrap(), table.as_str().unwrap());
    let sql = format!("select * from {name} o");
    let whole = ada.post("/queries/estimate", json!({ "sql": sql })).await;
    assert_eq!(whole.status, StatusCode::OK, "{}", whole.text);
    assert_eq!(whole.json["partitions"], whole.json["partitions_total"]);
    assert!(whole.json["partitions"].as_u64().unwrap() > 1, "{}", whole.text);
    assert_eq!(whole.json["estimated_usd"], 0.000_05);
    assert!(whole.json["warning"].as_str().unwrap().contains("partitions of"));
    let rewrite = whole.json["rewrite"]["sql"].as_str().unwrap();
    let less = ada.post("/queries/estimate", json!({ "sql": rewrite })).await;
    assert_eq!(
        (&less.json["partitions"], &less.json["warning"]),
        (&json!(1), &Value::Null),
        "{}",
        less.text
    );
    let wrong = ada.post("/queries/estimate", json!({ "sql": "select" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_results_are_compared_by_key_and_with_last_time() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let before = run(&ada, "select * from (values ('a', 1), ('b', 2), ('c', 3)) t(k, v)").await;
    let after = run(&ada, "select * from (values ('a', 1), ('b', 5), ('d', 4)) t(k, v)").await;
    let told = ada.get(&format!("/queries/{before}/compare/{after}")).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text);
    let counts =
        ["added", "removed", "changed", "same"].map(|name| told.json[name].as_u64().unwrap());
    assert_eq!((counts, &told.json["key"]), ([1, 1, 1, 1], &json!(["k"])));
    assert_eq!(told.json["changed_cells"], json!([0, 1]));

    let again = run(&ada, " select * from (values ('a', 1), ('b', 5), ('d', 4)) t(k, v) ;").await;
    let previous = ada.get(&format!("/queries/{again}/previous")).await;
    assert_eq!(previous.json["id"], json!(after));
    let first = ada.get(&format!("/queries/{before}/previous")).await;
    assert_eq!(first.json, Value::Null);
    let unknown = ada.get(&format!("/queries/{before}/compare/{after}?key=nothing")).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_outlives_the_server() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let id = run(&ada, &numbers(3_000)).await;
    let TestConsole { lake, .. } = console;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let page = rows(&ada, &id, "offset=2500&limit=1").await;
    assert_eq!((&page["rows"][0][0], &page["total"]), (&json!("2500"), &json!(3_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_rows_that_are_shown_when_that_is_asked() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let id = run(&ada, &numbers(40_000)).await;
    // `{"0":">= 100","2":"< 9000"}`, sorted downwards: more than a batch, and no piece as a whole.
    let filter = "%7B%220%22:%22%3E%3D%20100%22,%222%22:%22%3C%209000%22%7D";
    let path = format!("/queries/{id}/export?format=csv&sort=-0&filter={filter}");
    let csv = ada.get(&path).await;
    assert_eq!(csv.status, StatusCode::OK, "{}", csv.text);
    let found: Vec<u32> = csv
        .text
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap().parse().unwrap())
        .collect();
    let wanted: Vec<u32> = (100..36_000).rev().collect();
    assert_eq!(found.len(), wanted.len());
    assert_eq!(found, wanted);
    let line = csv.text.lines().nth(1).unwrap();
    assert_eq!(line, "35999,\"'=x35999\",8999.75", "cells of one row stay together");
    let what = console.audited("query.export").await[0].after.clone().unwrap();
    assert_eq!((&what["rows"], &what["sort"]), (&json!(35_900), &json!("-0")), "{what}");
    let all = ada.get(&format!("/queries/{id}/export?format=csv")).await;
    assert_eq!(all.text.lines().count(), 40_001);
    let bad = ada.get(&format!("/queries/{id}/export?format=csv&sort=77")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_made_of_all_rows() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let id = run(&ada, &numbers(50_000)).await;
    let chart = async |query: &str| {
        let chart = ada.get(&format!("/queries/{id}/chart?{query}")).await;
        assert_eq!(chart.status, StatusCode::OK, "{}", chart.text);
        chart.json
    };
    let line = chart("kind=line&x=0&y=2").await;
    let points = line["points"].as_array().unwrap();
    assert!(points.len() > 400 && points.len() <= 1_000, "{}", points.len());
    assert_eq!((&line["total"], &line["rows"]), (&json!(50_000), &json!(50_000)));
    assert_eq!(points.last().unwrap(), &json!({"x": 49_999.0, "label": "49999", "y": 12_499.75}));
    let grouped = run(&ada, &format!("select n % 3 as k, n from ({}) t", numbers(50_000))).await;
    let bars = ada.get(&format!("/queries/{grouped}/chart?kind=bar&x=0&y=1&aggregate=sum")).await;
    let sum: f64 =
        bars.json["points"].as_array().unwrap().iter().map(|p| p["y"].as_f64().unwrap()).sum();
    assert_eq!((bars.json["total"].as_u64(), sum), (Some(3), 1_249_975_000.0), "{}", bars.text);
    assert_eq!(chart("kind=scatter&x=0&y=2").await["points"].as_array().unwrap().len(), 2_000);
    let texts = chart("kind=line&x=0&y=1").await;
    assert_eq!(texts["without"], 50_000, "text is no value");
    let bob = console.sign_in("bob", Role::Admin).await;
    let others = bob.get(&format!("/queries/{id}/chart?kind=line&x=0&y=2")).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    let beyond = ada.get(&format!("/queries/{id}/chart?kind=line&x=0&y=9")).await;
    assert_eq!(beyond.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_followed_to_its_end_by_its_owner_alone() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Admin).await;
    let id = start(&ada, &endless()).await;
    let path = format!("/queries/{id}/events");
    assert_eq!(bob.get(&path).await.status, StatusCode::NOT_FOUND);
    // The whole stream comes once the query has ended.
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        ada.post(&format!("/queries/{id}/cancel"), json!({})).await
    };
    let followed = async { tokio::time::timeout(PATIENCE, ada.get(&path)).await.unwrap() };
    let (_, told) = tokio::join!(stop, followed);
    let events: Vec<Value> = told
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(events.len() >= 2, "{}", told.text);
    assert_eq!(events.last().unwrap()["state"], "CANCELLED");
    assert!(events[..events.len() - 1].iter().all(|event| event["state"] != "CANCELLED"));
    assert_eq!(ada.get(&path).await.text.matches("event: query").count(), 1, "nothing is to come");
}
