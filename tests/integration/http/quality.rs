//! Quality rules over HTTP: saved, tried on real rows, seen on the table, the run and the overview.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use domain::run::RunStatus;
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::file;

const AT: &str = "/tables/shop/orders/quality";

fn too_large(effect: &str) -> Value {
    json!({"name": "amounts", "kind": "range", "column": "amount", "max": "100", "effect": effect})
}

async fn put(person: &Person<'_>, rules: Value, base: u64) -> Answer {
    let body = json!({"rules": {"keys": ["id"], "rules": rules}, "message": "why", "base": base});
    let headers = [("content-type", "application/json")];
    person.send(Method::PUT, AT, &headers, Body::from(body.to_string())).await
}

fn fields(answer: &Answer) -> Vec<&str> {
    let fields = answer.json["fields"].as_array().unwrap();
    fields.iter().map(|field| field["field"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_versions_that_are_saved_on_top_of_each_other() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let empty = ada.get(AT).await;
    assert_eq!((empty.status, &empty.json["saved"]), (StatusCode::OK, &Value::Null));
    assert_eq!(empty.json["columns"][0], json!({"name": "id", "type": "bigint"}));
    let saved = put(&ada, json!([too_large("block")]), 0).await;
    assert_eq!((saved.status, &saved.json["version"]), (StatusCode::OK, &json!(1)), "{saved:?}");
    let shown = ada.get(AT).await;
    assert_eq!(shown.json["saved"]["rules"]["rules"], json!([too_large("block")]));
    assert_eq!(shown.json["saved"]["author"], "ada");
    let late = put(&ada, json!([]), 0).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let list = ada.get("/quality?only=rules").await;
    assert_eq!(list.json["items"].as_array().unwrap().len(), 1, "{list:?}");
    assert_eq!(list.json["items"][0]["blocking"], 1);
    let audited = console.audited("quality.save").await;
    assert_eq!((audited.len(), audited[0].object.as_str()), (1, "shop.orders"));
    assert_eq!(ada.get("/tables/shop/nothing/quality").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_rule_is_told_at_its_place_and_nothing_is_saved() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let rules = json!([
        too_large("warn"),
        {"name": "b", "kind": "not_null", "column": "nonsense", "effect": "warn"},
        {"name": "c", "kind": "sql", "sql": "SELECT nonsense FROM shop.orders", "effect": "warn"},
        {"name": "d", "kind": "sql", "sql": "SELECT * FROM '/etc/passwd'", "effect": "warn"},
    ]);
    let refused = put(&ada, rules.clone(), 0).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&refused), ["rules.1.column", "rules.2.sql", "rules.3.sql"]);
    assert_eq!(ada.get(AT).await.json["saved"], Value::Null);
    let trial = json!({"rules": {"rules": rules}});
    let refused = ada.post(&format!("{AT}/trial"), trial).await;
    assert_eq!(fields(&refused), ["rules.1.column", "rules.2.sql", "rules.3.sql"]);
    let unknown = json!([{"name": "e", "kind": "guess", "effect": "warn"}]);
    assert_eq!(put(&ada, unknown, 0).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_how_many_rows_would_fail_now_and_writes_nothing() {
    let console = TestConsole::new().await;
    console.lake.ingest("shop/orders/a.csv", file([(1, 1), (4000, 1), (8000, 1)])).await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let rules = json!([too_large("block"), {"name": "all", "kind": "sql", "effect": "warn",
        "sql": "SELECT count(*) AS n FROM shop.orders HAVING count(*) > 2"}]);
    let trial = json!({"rules": {"keys": ["id"], "rules": rules}});
    let tried = ada.post(&format!("{AT}/trial"), trial).await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
    let outcome = &tried.json["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["failing"]), (&json!("failed"), &json!(2)));
    assert_eq!(outcome["examples"][0][1], "4000");
    assert_eq!(tried.json["outcomes"][1]["examples"], json!([["3"]]));
    assert_eq!((&tried.json["days"], &tried.json["of_rows"]), (&json!(1), &json!(3)));
    assert_eq!(ada.get(AT).await.json["saved"], Value::Null);
    assert_eq!(ada.get("/quality").await.json["items"][0]["last"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_run_is_told_on_the_run_the_table_the_list_and_the_overview() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    put(&ada, json!([too_large("block")]), 0).await;
    let run = console.lake.ingest("shop/orders/a.csv", file([(1, 1), (4000, 1)])).await;
    assert_eq!(run.status, RunStatus::Failed);
    let of_run = ada.get(&format!("/runs/{}/quality", run.id)).await;
    let outcome = &of_run.json[0]["outcomes"][0];
    assert_eq!((&outcome["verdict"], &outcome["checked"]), (&json!("failed"), &json!(2)));
    assert_eq!(outcome["examples"], json!([["1000.0", "4000", run_day(&of_run.json)]]));
    let table = ada.get(AT).await;
    assert_eq!(table.json["last"]["run"], run.id.to_string());
    assert_eq!(table.json["recent"][0]["broken"], json!(["amounts"]));
    let list = ada.get("/quality?only=broken&search=ORDERS").await;
    assert_eq!(list.json["items"][0]["last"]["verdict"], "failed");
    let overview = ada.get("/overview").await;
    assert_eq!(overview.json["quality"][0]["last"]["broken"], json!(["amounts"]));
    for (page, text) in [
        ("/dev".to_owned(), "amounts"),
        ("/dev/quality".to_owned(), "shop.orders"),
        ("/dev/quality/shop/orders".to_owned(), "amount is at most 100"),
        (format!("/dev/runs/{}", run.id), "1 of 2 rows fail"),
    ] {
        let shown = ada.page(&page).await;
        assert!(shown.text.contains(text), "{page} does not say {text:?}");
    }
    put(&ada, json!([]), 1).await;
    assert_eq!(ada.get("/overview").await.json["quality"], json!([]), "nothing is ruled any more");
}

/// The day of the only example: files of the orders are partitioned by the day they came.
fn run_day(judgements: &Value) -> Value {
    judgements[0]["outcomes"][0]["examples"][0][2].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_failing_rows_are_for_those_who_may_see_rows() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    put(&ada, json!([too_large("warn")]), 0).await;
    let run = console.lake.ingest("shop/orders/a.csv", file([(4000, 1)])).await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    for path in [AT.to_owned(), format!("/runs/{}/quality", run.id)] {
        let seen = vera.get(&path).await;
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.text.contains("\"failing\":1") && !seen.text.contains("4000"), "{path}");
        assert!(ada.get(&path).await.text.contains("4000"), "{path}");
    }
    assert_eq!(put(&vera, json!([]), 1).await.status, StatusCode::FORBIDDEN);
}
