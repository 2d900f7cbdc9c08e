//! The quarantine over HTTP: lists, rows, trials, replays, and who may see raw text.

use axum::http::StatusCode;
use domain::access::Role;
use domain::run::RunStatus;
use domain::source::{CsvDialect, Format, Source};
use serde_json::{Value, json};

use super::console::TestConsole;
use crate::support::lake::{TestLake, orders};

const FILE: &str = "id,on_date,amount\n\
    1,2020-08-01,1.5\n\
    2,2020-08-01,N/A\n\
    3,2020-08-01,N/A\n\
    4,<script>alert(1)</script>,2\n\
    5,2020-08-01\n";

async fn console_with_rejects() -> (TestConsole, String) {
    let lake = TestLake::with_orders().await;
    let run = lake.ingest("shop/orders/a.csv", FILE).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    (TestConsole::over(lake, |_| {}).await, run.id.to_string())
}

fn edited() -> Source {
    let dialect = CsvDialect { null_strings: vec!["N/A".into()], ..CsvDialect::default() };
    Source { format: Format::Csv(dialect), ..orders() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quarantine_lists_runs_by_dataset_with_their_kinds() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let answer = ada.get("/quarantine").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let dataset = &answer.json["datasets"][0];
    assert_eq!(
        (&dataset["dataset"], &dataset["rows_rejected"]),
        (&json!("shop/orders"), &json!(4))
    );
    let listed = &answer.json["runs"]["items"][0];
    assert_eq!((&listed["id"], &listed["rows_read"]), (&json!(run), &json!(5)));
    let first = json!({"reason": "type_mismatch", "column": "amount", "rows": 2});
    assert_eq!(listed["kinds"][0], first);
    let other = ada.get("/quarantine?dataset=shop/other").await;
    assert_eq!(other.json["runs"]["items"], json!([]));
    assert_eq!(ada.get("/quarantine?dataset=nonsense").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_paged_filtered_and_marked() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let first = ada.get(&format!("/quarantine/{run}/rows?limit=3")).await;
    assert_eq!(first.json["matching"], json!(4));
    let row = &first.json["rows"]["items"][0];
    assert_eq!((&row["line"], &row["column"]), (&json!(3), &json!("amount")));
    let raw = json!({"before": "2,2020-08-01,", "value": "N/A", "after": "", "cut": false});
    assert_eq!(row["raw"], raw);
    let next = first.json["rows"]["next"].as_str().unwrap();
    let second = ada.get(&format!("/quarantine/{run}/rows?limit=3&after={next}")).await;
    assert_eq!(second.json["rows"]["items"][0]["line"], json!(6));
    assert_eq!(second.json["rows"]["next"], Value::Null);
    let few = ada.get(&format!("/quarantine/{run}/rows?reason=too_few_fields&column=")).await;
    assert_eq!(few.json["matching"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_a_viewer_sees_counts_and_no_raw_text() {
    let (console, run) = console_with_rejects().await;
    let viewer = console.sign_in("vic", Role::Viewer).await;
    assert_eq!(viewer.get(&format!("/quarantine/{run}")).await.status, StatusCode::OK);
    let rows = viewer.get(&format!("/quarantine/{run}/rows")).await;
    assert_eq!(rows.status, StatusCode::FORBIDDEN);
    let trial = json!({"runs": [run], "source": edited()});
    assert_eq!(viewer.post("/quarantine/trials", trial).await.status, StatusCode::FORBIDDEN);
    let replay = json!({"runs": [run]});
    assert_eq!(viewer.post("/quarantine/replays", replay).await.status, StatusCode::FORBIDDEN);
    let page = viewer.page(&format!("/dev/quarantine/{run}")).await;
    assert!(page.text.contains("not their raw text") && !page.text.contains("2020-08-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_source_is_tried_saved_and_replayed() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let trial = json!({"runs": [run], "source": edited()});
    let tried = ada.post("/quarantine/trials", trial).await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
    assert_eq!((&tried.json["tried"], &tried.json["passing"]), (&json!(4), &json!(2)));
    assert_eq!(tried.json["verdicts"][0]["rejected"], json!(2));

    let save = json!({"runs": [run], "save": {"version": 1, "source": edited()}});
    let replayed = ada.post("/quarantine/replays", save.clone()).await;
    assert_eq!(replayed.status, StatusCode::OK, "{}", replayed.text);
    assert_eq!(replayed.json["version"], json!(2));
    console.lake.carry_out_all().await;
    let id = replayed.json["runs"][0].as_str().unwrap();
    let again = console.lake.run(id.parse().unwrap()).await;
    assert_eq!((again.actor.as_str(), again.steps[0].counts.rows_rejected), ("ada", 2));
    let old = ada.get(&format!("/quarantine/{run}")).await;
    assert_eq!(old.json["run"]["newer"], json!(id));

    let stale = ada.post("/quarantine/replays", save).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "d20: {}", stale.text);
    assert_eq!(console.lake.runs().await.len(), 2, "nothing is replayed after a conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_are_refused() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let unknown = domain::run::RunId::generate().to_string();
    assert_eq!(ada.get(&format!("/quarantine/{unknown}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get(&format!("/quarantine/{unknown}/rows")).await.status, StatusCode::NOT_FOUND);
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let none = json!({"runs": [], "source": edited()});
    assert_eq!(ada.post("/quarantine/trials", none).await.status, refused);
    let mut broken = edited();
    broken.columns.clear();
    let broken = json!({"runs": [run], "source": broken});
    assert_eq!(ada.post("/quarantine/trials", broken).await.status, refused);
    let other = Source { dataset: "shop/other".parse().unwrap(), ..edited() };
    let other = json!({"runs": [run], "save": {"version": 0, "source": other}});
    assert_eq!(ada.post("/quarantine/replays", other).await.status, refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_saved_from_the_quarantine_is_checked_like_any_other() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let other = Source { dataset: "other/orders".parse().unwrap(), ..orders() };
    console.lake.register(&other).await;
    // The table of another dataset: both would write into it.
    let taken = Source { conformed_database: Some("other".into()), ..orders() };
    let mut unreadable = orders();
    unreadable.columns[1].format = Some("%E".into());
    for source in [taken, unreadable] {
        let save = json!({"runs": [run], "save": {"version": 1, "source": source}});
        let refused = ada.post("/quarantine/replays", save).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    }
    let current = console.lake.embedded.lake.sources.current(&orders().dataset).await.unwrap();
    assert_eq!(current.unwrap().version, 1);
    assert_eq!(console.lake.runs().await.len(), 1, "nothing was replayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_goes_on_by_itself_is_not_replayed() {
    let (console, _) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let arrival = console.lake.land("shop/orders/b.csv", FILE).await;
    let queued = console.lake.record(&arrival).await.id.to_string();
    let save = json!({"runs": [queued], "save": {"version": 1, "source": edited()}});
    let answers = [
        ada.post("/quarantine/replays", save).await,
        ada.post("/quarantine/replays", json!({"runs": [queued]})).await,
        ada.post(&format!("/runs/{queued}/replay"), Value::Null).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    }
    let current = console.lake.embedded.lake.sources.current(&orders().dataset).await.unwrap();
    assert_eq!(current.unwrap().version, 1, "nothing was saved either");
    assert_eq!(console.lake.runs().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_their_data_without_javascript() {
    let (console, run) = console_with_rejects().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let list = ada.page("/dev/quarantine").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.text.contains("shop/orders") && list.text.contains("Wrong type"));
    let page = ada.page(&format!("/dev/quarantine/{run}?column=amount")).await;
    assert!(page.text.contains("<mark>N/A</mark>"), "{}", page.text);
    assert!(!page.text.contains("alert(1)"), "the filter holds");
    let page = ada.page(&format!("/dev/quarantine/{run}")).await;
    assert!(page.text.contains("&lt;script&gt;alert(1)") && !page.text.contains("<script>alert"));
}
