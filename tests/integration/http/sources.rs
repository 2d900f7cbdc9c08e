//! Sources over HTTP: samples, proposals, previews, registration, what a dataset was over time.

use std::path::PathBuf;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use domain::run::RunStatus;
use domain::source::{PartitionRule, Source};
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{TestLake, file, orders, orders_by_date, source};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const BYTES: [(&str, &str); 1] = [("content-type", "application/octet-stream")];

/// Uploads a sample and returns how requests name it.
async fn sample(ada: &Person<'_>, name: &str, bytes: impl Into<Body>) -> Value {
    let kept = ada.send(Method::POST, "/source-samples", &BYTES, bytes.into()).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);
    json!({"upload": {"id": kept.json["id"], "name": name}})
}

async fn save(ada: &Person<'_>, source: &Source, expected: u64) -> Answer {
    let body = json!({"source": source, "expected_version": expected}).to_string();
    let path = format!("/sources/{}", source.dataset);
    ada.send(Method::PUT, &path, &JSON, body.into()).await
}

/// A file of the real trip records, if it is there.
fn real_file(name: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [
        std::env::var("SLUICE_TEST_DATA").unwrap_or_default().into(),
        root.join("../shared/data"),
        root.join("../../shared/data"),
    ];
    let found = folders.iter().find_map(|folder: &PathBuf| std::fs::read(folder.join(name)).ok());
    if found.is_none() {
        println!("SKIPPED {name}: not present");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_file_is_proposed_previewed_registered_and_its_held_run_released() {
    let Some(bytes) = real_file("green_tripdata_2020-08.csv.gz") else { return };
    let lake = TestLake::new().await;
    let arrival = lake.land("tlc/green/2020/green_tripdata_2020-08.csv.gz", &bytes).await;
    let run = lake.record(&arrival).await;
    assert_eq!(run.status, RunStatus::Held);
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let held = ada.get("/held-arrivals").await;
    assert_eq!(held.json["items"][0]["key"], arrival.key);

    let sample = sample(&ada, "green_tripdata_2020-08.csv.gz", bytes).await;
    let proposed = ada.post("/source-proposals", json!({ "sample": sample })).await;
    assert_eq!(proposed.status, StatusCode::OK, "{}", proposed.text);
    assert_eq!(
        (&proposed.json["rows"], &proposed.json["is_whole"]),
        (&json!(81_063), &json!(true))
    );
    let pulocationid = &proposed.json["columns"][5];
    assert_eq!(pulocationid["column"]["type"], "bigint");
    let why = "all 81,063 values are whole numbers from 1 to 265";
    assert_eq!(pulocationid["why"], why);
    assert_eq!(pulocationid["examples"].as_array().unwrap().len(), 5);

    let by_key = json!({"sample": {"key": arrival.key}});
    let same = ada.post("/source-proposals", by_key).await;
    assert_eq!(same.json["dataset"], "tlc/green");
    assert_eq!(same.json["columns"], proposed.json["columns"]);

    let columns: Vec<_> = proposed.json["columns"].as_array().unwrap().iter().collect();
    let columns: Vec<_> = columns.iter().map(|proposed| proposed["column"].clone()).collect();
    let registration: Source = serde_json::from_value(json!({
        "dataset": "tlc/green", "owner": "mobility", "format": proposed.json["format"],
        "columns": columns, "partition": {"by": "date_column", "column": "lpep_pickup_datetime"},
    }))
    .unwrap();
    let preview = json!({"sample": sample, "source": registration});
    let preview = ada.post("/source-previews", preview).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    assert_eq!(preview.json["rows_rejected"], 0);
    assert_eq!(preview.json["rows"].as_array().unwrap().len(), 100);
    assert_eq!(preview.json["would_fail"], Value::Null);
    assert!(preview.json["partition_count"].as_u64().unwrap() > 30, "{}", preview.json);

    let saved = save(&ada, &registration, 0).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text);
    assert_eq!((&saved.json["version"], &saved.json["released_runs"]), (&json!(1), &json!(1)));
    console.lake.carry_out_all().await;
    let shown = ada.get("/sources/tlc/green").await;
    assert_eq!(shown.json["size"]["rows"], 81_063);
    assert_eq!(shown.json["last_run"]["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn d20_a_save_is_conditional_on_the_version_read() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let stale = save(&ada, &orders(), 0).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.json["detail"].as_str().unwrap().contains("at version 1, not 0"),
        "{}",
        stale.text
    );
    let next = Source { owner: "somebody else".into(), ..orders() };
    assert_eq!(save(&ada, &next, 1).await.json["version"], 2);
    let shown = ada.get("/sources/shop/orders").await;
    assert_eq!(shown.json["versions"][0]["author"], "ada");
    assert_eq!(shown.json["versions"][1]["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_another_dataset_has_is_refused_at_registration() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let twin = Source { conformed_database: Some("shop".into()), ..source("outlet/orders") };
    let refused = save(&ada, &twin, 0).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("shop.orders already belongs to shop/orders"), "{detail}");
    let zone = PartitionRule::IngestDate { time_zone: "Mars/Olympus".into() };
    let nowhere = Source { partition: zone, ..source("outlet/orders") };
    assert_eq!(save(&ada, &nowhere, 0).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.get("/sources/outlet/orders").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_would_be_rejected_and_writes_nothing() {
    let console = TestConsole::over(TestLake::new().await, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let text = "id,on_date,amount\n1,2020-08-01,1.5\nx,2020-08-01,2\n3,2020-08-02,3\n";
    let sample = sample(&ada, "orders.csv", text).await;
    let preview = json!({"sample": sample, "source": orders_by_date()});
    let preview = ada.post("/source-previews", preview).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
    assert_eq!(preview.json["rows"][0], json!(["1", "2020-08-01", "1.5"]));
    let rejected = &preview.json["rejected"][0];
    assert_eq!((&rejected["line"], &rejected["column"]), (&json!(3), &json!("id")));
    assert_eq!(rejected["raw"], "x,2020-08-01,2");
    assert_eq!(preview.json["reasons"][0]["rows"], 1);
    assert_eq!(preview.json["partitions"], json!([["2020-08-01", 1], ["2020-08-02", 1]]));
    assert!(console.lake.table_files().is_empty());
    assert!(console.lake.runs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_names_and_keys_lead_nowhere_outside() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    std::fs::write(console.lake.path().join("secret.csv"), "a\n1\n").unwrap();
    for key in [
        "../../secret.csv",
        "shop/orders/../../../../secret.csv",
        "/etc/passwd",
        "shop/orders/%2e%2e/x",
    ] {
        let refused = ada.post("/source-proposals", json!({"sample": {"key": key}})).await;
        assert!(refused.status.is_client_error(), "{key}: {}", refused.text);
    }
    for id in ["../secret", "secret", "..%2fsecret"] {
        let upload = json!({"sample": {"upload": {"id": id, "name": "x.csv"}}});
        assert_eq!(
            ada.post("/source-proposals", upload).await.status,
            StatusCode::NOT_FOUND,
            "{id}"
        );
    }
    for prefix in ["..", "shop/..", "%2e%2e"] {
        let refused = ada.get(&format!("/raw-objects?prefix={prefix}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{prefix}");
    }
    for dataset in ["..%2f..%2fetc/passwd", "Shop/orders", "shop/or%20ders"] {
        let refused = ada.get(&format!("/sources/{dataset}")).await;
        assert!(refused.status.is_client_error(), "{dataset}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d18_a_sample_that_explodes_is_refused() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bomb = zstd_of_newlines(256 * 1024 * 1024);
    assert!(bomb.len() < 64 * 1024, "{} bytes", bomb.len());
    let sample = sample(&ada, "lines.csv.zst", bomb).await;
    let refused = ada.post("/source-proposals", json!({ "sample": sample })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}

/// So many empty lines as a zstd frame, written by hand: no encoder packs them this tight.
fn zstd_of_newlines(bytes: usize) -> Vec<u8> {
    // Magic number, a header with an 8-byte content size, a window of 128 KiB, then blocks of
    // 128 KiB that each repeat one byte.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1100_0000, 7 << 3];
    frame.extend_from_slice(&(bytes as u64).to_le_bytes());
    let block = 128 * 1024;
    for at in 0..bytes / block {
        let last = u32::from(at + 1 == bytes / block);
        let header = last | 1 << 1 | u32::try_from(block).unwrap() << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(b'\n');
    }
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_see_sources_and_change_nothing() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    assert_eq!(vera.get("/sources").await.json["items"][0]["dataset"], "shop/orders");
    assert_eq!(save(&vera, &orders(), 1).await.status, StatusCode::FORBIDDEN);
    let kept = vera.send(Method::POST, "/source-samples", &BYTES, Body::from("a")).await;
    assert_eq!(kept.status, StatusCode::FORBIDDEN);
    assert_eq!(vera.get("/raw-objects").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_the_list_is_searched_and_paged() {
    let lake = TestLake::new().await;
    for table in ["a", "b", "c", "d"] {
        lake.register(&source(&format!("shop/{table}"))).await;
    }
    lake.register(&Source { owner: "Warehouse".into(), ..source("stock/items") }).await;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Viewer).await;
    let names = |answer: &Answer| -> Vec<String> {
        let items = answer.json["items"].as_array().unwrap().iter();
        items.map(|item| item["dataset"].as_str().unwrap().to_owned()).collect()
    };
    let first = ada.get("/sources?search=shop&limit=3").await;
    assert_eq!(names(&first), ["shop/a", "shop/b", "shop/c"]);
    let second = ada.get("/sources?search=shop&limit=3&after=shop/c").await;
    assert_eq!((names(&second), &second.json["next"]), (vec!["shop/d".to_owned()], &Value::Null));
    assert_eq!(first.json["next"], "shop/c");
    assert_eq!(names(&ada.get("/sources?search=warehouse").await), ["stock/items"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_runs_and_failures_of_a_dataset_are_told() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    for day in 1..=12_u8 {
        let rows = if day == 12 { 3 } else { 100 };
        let text = file((0..rows).map(|id| (id, day)));
        let run = lake.ingest(&format!("shop/orders/{day:02}.csv"), text).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    }
    let failed = lake.ingest("shop/orders/bad.csv", "nonsense\n1\n").await;
    assert_eq!(failed.status, RunStatus::Failed);
    let mended = lake.ingest("shop/orders/mended.csv", "nonsense\n1\n").await;
    assert_eq!(mended.status, RunStatus::Failed);
    lake.ingest("shop/orders/mended.csv", file([(1, 13)])).await;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Viewer).await;

    let year = ada.get("/sources/shop/orders/calendar?year=2020").await;
    let days = year.json["days"].as_array().unwrap();
    assert_eq!(
        (days.len(), &days[0]["day"], &days[0]["rows"]),
        (13, &json!("2020-08-01"), &json!(100))
    );
    assert_eq!(ada.get("/sources/shop/orders/calendar").await.json["year"], 2020);
    let last = year.json["years"].as_array().unwrap().last().unwrap();
    let newest = ada.get(&format!("/sources/shop/orders/calendar?year={last}")).await;
    assert_eq!(newest.json["days"][0]["failures"], 1, "one was made good: {}", newest.text);
    assert_eq!(newest.json["days"][0]["failed_run"], json!(failed.id));

    let rows = ada.get("/sources/shop/orders/rows-per-run").await;
    let rows = rows.json.as_array().unwrap();
    assert_eq!(rows.len(), 13);
    assert_eq!(rows[10]["outlier"], Value::Null);
    assert!(rows[11]["outlier"].as_str().unwrap().contains("far fewer"), "{}", rows[11]);

    let arrivals = ada.get("/sources/shop/orders/arrivals?limit=2").await;
    let items = arrivals.json["items"].as_array().unwrap();
    assert_eq!((items[0]["key"].as_str(), items.len()), (Some("shop/orders/mended.csv"), 2));
    assert_eq!(items[1]["rows_written"], Value::Null);
    let next = arrivals.json["next"].as_str().unwrap();
    let more = ada.get(&format!("/sources/shop/orders/arrivals?limit=2&after={next}")).await;
    assert_eq!(more.json["items"][0]["key"], "shop/orders/bad.csv");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_their_data_without_javascript() {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.ingest("shop/orders/1.csv", file([(1, 1), (2, 2)])).await;
    let held = lake.land("shop/other/x.csv", "a\n1\n").await;
    lake.record(&held).await;
    let console = TestConsole::over(lake, |_| {}).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let check = async |path: &str, texts: &[&str]| {
        let page = ada.page(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        for text in texts {
            assert!(page.text.contains(text), "{path} lacks {text}");
        }
        assert!(!page.text.contains("style=\""), "{path} has an inline style");
    };
    check("/dev/sources", &["shop/orders", "Succeeded"]).await;
    check("/dev/sources/shop/orders", &["on_date", "2020: 2 rows on 2 days", "1.csv", "Version"])
        .await;
    check("/dev/sources/new", &["shop/other/x.csv", "Choose a sample"]).await;
    check("/dev/sources/new?dataset=shop/orders", &["Save as version 2", "on_date"]).await;
}
