//! A walk through the whole API, on SQLite and on PostgreSQL: every statement behind it is
//! carried out once on each.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, orders};
use crate::support::postgres::Postgres;

const FILE: &str = "id,on_date,amount\n1,2020-08-01,1.5\n2,2020-08-01,N/A\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_console_on_sqlite() {
    walk(TestConsole::new().await, "SQLite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_on_postgres() {
    let Some(postgres) = Postgres::start("the console on PostgreSQL") else { return };
    let url = postgres.create_database("console");
    let lake = TestLake::on(&url).await;
    lake.register(&orders()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    walk(TestConsole::on(lake, url).await, "PostgreSQL").await;
}

async fn walk(console: TestConsole, database: &str) {
    assert_eq!(console.embedded.database_kind(), database);
    let ada = console.sign_in("ada", Role::Admin).await;
    let mut events = ada.listen().await;
    assert_eq!(events.next().await.unwrap().0, "sync");
    // The poller looks for the first time when somebody listens.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    uploads(&console, &ada).await;
    assert_eq!(events.next().await.unwrap().0, "run");
    let run = console.lake.runs().await[0].id.to_string();
    quarantine(&console, &ada, &run).await;
    runs(&ada, &run).await;
    sources(&ada).await;
    catalog(&ada).await;
    sql(&ada).await;
    settings(&console).await;
}

async fn uploads(console: &TestConsole, ada: &Person<'_>) {
    let begin = async |name: &str| {
        let new = json!({"dataset": "shop/orders", "file_name": name, "size": FILE.len()});
        let begun = ok(ada.post("/uploads", new).await);
        format!("/uploads/{}", begun["id"].as_str().unwrap())
    };
    let send = async |path: &str, at: usize, text: &str| {
        let offset = at.to_string();
        let headers = [("upload-offset", offset.as_str())];
        ada.send(Method::PATCH, path, &headers, text.to_owned().into()).await
    };
    let aborted = begin("b.csv").await;
    ok(send(&aborted, 0, &FILE[..5]).await);
    ok(ada.send(Method::DELETE, &aborted, &[], Body::empty()).await);
    assert_eq!(ada.get(&aborted).await.status, StatusCode::NOT_FOUND);
    let path = begin("a.csv").await;
    ok(send(&path, 0, &FILE[..10]).await);
    assert_eq!(send(&path, 3, "x").await.status, StatusCode::CONFLICT);
    assert!(ok(send(&path, 10, &FILE[10..]).await)["run"].is_string());
    begin("c.csv").await;
    let later = Timestamp::now() + SignedDuration::from_hours(24 * 8);
    server::uploads::tend_once(&console.embedded, later).await.unwrap();
    assert_eq!(ada.get(&path).await.status, StatusCode::NOT_FOUND, "forgotten after a week");
    console.lake.carry_out_all().await;
}

async fn quarantine(console: &TestConsole, ada: &Person<'_>, run: &str) {
    let list = ok(ada.get("/quarantine?dataset=shop/orders&limit=1").await);
    assert_eq!(list["runs"]["items"][0]["id"], json!(run));
    assert_eq!(list["datasets"][0]["rows_rejected"], json!(1));
    let before = ok(ada.get(&format!("/quarantine?after={run}")).await);
    assert_eq!(before["runs"]["items"], json!([]));
    let rows = ok(ada.get(&format!("/quarantine/{run}/rows")).await);
    assert_eq!(rows["matching"], json!(1));
    let mut source = orders();
    source.owner = "somebody".into();
    let save = json!({"runs": [run], "save": {"version": 1, "source": source}});
    let replays = ok(ada.post("/quarantine/replays", save.clone()).await);
    assert_eq!(replays["version"], json!(2));
    assert_eq!(ada.post("/quarantine/replays", save).await.status, StatusCode::CONFLICT);
    console.lake.carry_out_all().await;
    let shown = ok(ada.get(&format!("/quarantine/{run}")).await);
    assert_eq!(shown["run"]["newer"], replays["runs"][0]);
}

async fn runs(ada: &Person<'_>, run: &str) {
    let list = ok(ada
        .get(
            "/runs?dataset=shop/orders&status=SUCCEEDED,FAILED&trigger=landing&actor=ada\
         &key=shop/orders/a.csv&from=2020-01-01&to=2100-01-01&limit=5",
        )
        .await);
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(ok(ada.get(&format!("/runs?newer_than={run}")).await)["items"][0]["actor"], "ada");
    ok(ada.get(&format!("/runs?after={run}")).await);
    ok(ada.get(&format!("/runs/{run}")).await);
    assert!(
        !ok(ada.get(&format!("/runs/{run}/log")).await)["items"].as_array().unwrap().is_empty()
    );
    ok(ada.get("/overview").await);
    ok(ada.get("/notifications").await);
    let cancel = ada.post(&format!("/runs/{run}/cancel"), Value::Null).await;
    assert_eq!(cancel.status, StatusCode::CONFLICT);
    // No text of PostgreSQL holds a zero; that is the fault of who sends it.
    let odd = ada.get("/runs?actor=a%00b").await;
    assert!(odd.status.is_success() || odd.status.is_client_error(), "{}", odd.text);
}

async fn sources(ada: &Person<'_>) {
    assert_eq!(ok(ada.get("/sources?search=orders").await)["items"][0]["dataset"], "shop/orders");
    for path in ["", "/arrivals?limit=1", "/calendar?year=2020", "/rows-per-run"] {
        ok(ada.get(&format!("/sources/shop/orders{path}")).await);
    }
    ok(ada.get("/held-arrivals").await);
    let year = ada.get("/sources/shop/orders/calendar?year=32767").await;
    assert!(!year.status.is_server_error(), "{}", year.text);
}

async fn catalog(ada: &Person<'_>) {
    let list = ok(ada.get("/catalog?search=orders&database=shop&limit=1").await);
    assert_eq!(list["tables"]["items"][0]["table"], "orders");
    let table = ok(ada.get("/catalog/shop/orders").await);
    let change = json!({"version": table["version"], "columns": {"id": "counts"}}).to_string();
    let headers = [("content-type", "application/json")];
    let put = ada.send(Method::PUT, "/catalog/shop/orders", &headers, change.clone().into());
    assert_eq!(ok(put.await)["columns"][0]["comment"], "counts");
    let late = ada.send(Method::PUT, "/catalog/shop/orders", &headers, change.into()).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for path in ["/partitions?limit=1", "/calendar?year=2020", "/sample"] {
        ok(ada.get(&format!("/catalog/shop/orders{path}")).await);
    }
    let history = ok(ada.get("/catalog/shop/orders/history").await);
    assert_eq!((&history[0]["person"], &history[1]["person"]), (&json!("ada"), &Value::Null));
    let (from, to) = (&history[1]["version"], &history[0]["version"]);
    ok(ada.get(&format!("/catalog/shop/orders/history/{from}/compare/{to}")).await);
    let odd = ada.get("/catalog/a%00b/orders").await;
    assert!(odd.status.is_client_error(), "{}", odd.text);
}

/// What is known about SQL, and what a change of a source would break.
async fn sql(ada: &Person<'_>) {
    let list = ok(ada.get("/transformations").await);
    assert_eq!(list["items"][0]["last_run"]["status"], "SUCCEEDED", "{list}");
    assert_eq!(list["items"][0]["standing"]["problem"], Value::Null);
    let edges = ok(ada.get("/lineage").await)["edges"].as_array().unwrap().len();
    assert_eq!(ok(ada.get("/lineage").await)["edges"].as_array().unwrap().len(), edges);
    let query = json!({"name": "all", "sql": "select amount from shop.orders"});
    ok(ada.post("/saved-queries", query).await);
    let change = json!({"columns": [{"name": "amount", "type": null}]});
    let broken = ok(ada.post("/sources/shop/orders/breaks", change).await);
    assert_eq!(broken["queries"][0]["name"], "all", "{broken}");
    let wrong = ORDERS_SQL.replace("shop.orders", "shop.order");
    let checked = ok(ada.post("/transformations/shop/orders/check", json!({"sql": wrong})).await);
    assert_eq!(checked["findings"][0]["suggestion"], "shop.orders", "{checked}");
}

/// What concerns the lake as a whole.
async fn settings(console: &TestConsole) {
    let root = console.sign_in_everywhere("root", Role::Admin).await;
    let at = async |method: Method, path: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", path)];
        ok(root.api(method, path, &headers, body.to_string().into()).await)
    };
    let get = async |path: &str| at(Method::GET, path, Value::Null).await;
    let members = get("/members").await;
    let id = members["items"].as_array().unwrap().iter().find(|one| one["login"] == "ada").unwrap();
    let grants = format!("/members/{}/grants", id["id"].as_str().unwrap());
    let viewer = json!({ "role": "viewer", "environment": null });
    let given = at(Method::POST, &grants, viewer.clone()).await;
    assert_eq!(at(Method::POST, &grants, viewer).await, given, "the answer is repeated");
    at(Method::DELETE, &format!("{grants}/viewer"), Value::Null).await;
    let new = json!({ "name": "nightly", "scopes": ["view_lake"], "days": 1 });
    let made = at(Method::POST, "/tokens", new).await;
    at(Method::DELETE, &format!("/tokens/{}", made["token"]["id"].as_str().unwrap()), json!({}))
        .await;
    let audit =
        get("/audit?actor=root&action=member&object=AD&from=2020-01-01&to=2100-01-01").await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 2, "{audit}");
    let last = audit["items"][1]["id"].as_str().unwrap();
    get(&format!("/audit?environment=dev&after={last}")).await;
    get("/audit/choices").await;
    get("/audit/export?format=json").await;
    for path in ["/me", "/retention", "/sign-in"] {
        get(path).await;
    }
    at(Method::DELETE, "/me/sessions", Value::Null).await;
}

/// The JSON of an answer that tells of no fault.
fn ok(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{answer:?}");
    answer.json
}
