//! Drafts of transformations over HTTP: each is its owner's alone, on both databases.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, orders};
use crate::support::postgres::Postgres;

const AT: &str = "/transformations/shop/orders/draft";

async fn keep(person: &Person<'_>, sql: &str, base: u64) -> Answer {
    let headers = [("content-type", "application/json")];
    let body = json!({"sql": sql, "base": base}).to_string();
    person.send(Method::PUT, AT, &headers, Body::from(body)).await
}

/// What somebody finds under the address of the draft.
async fn draft(person: &Person<'_>) -> Value {
    let found = person.get(AT).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text);
    found.json["draft"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_drafts_on_sqlite() {
    drafts_are_their_owners(TestConsole::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_drafts_on_postgres() {
    let Some(postgres) = Postgres::start("drafts on PostgreSQL") else { return };
    let url = postgres.create_database("drafts");
    let lake = TestLake::on(&url).await;
    lake.register(&orders()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    drafts_are_their_owners(TestConsole::on(lake, url).await).await;
}

async fn drafts_are_their_owners(console: TestConsole) {
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Engineer).await;
    let root = console.sign_in("root", Role::Admin).await;
    assert_eq!(draft(&ada).await, Value::Null);
    let kept = keep(&ada, "select secret", 1).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text);

    for other in [&bob, &root] {
        assert_eq!(draft(other).await, Value::Null, "others see nothing, admins included");
        let page = other.get("/transformations/shop/orders").await;
        assert!(!page.text.contains("select secret"), "{}", page.text);
    }
    assert_eq!(keep(&bob, "select mine", 1).await.status, StatusCode::OK);
    assert_eq!(draft(&ada).await["sql"], "select secret", "another's draft is another one");
    let discarded = root.send(Method::DELETE, AT, &[], Body::empty()).await;
    assert_eq!(discarded.status, StatusCode::OK, "who has none discards none");
    assert_eq!(bob.send(Method::DELETE, AT, &[], Body::empty()).await.status, StatusCode::OK);
    assert_eq!(draft(&bob).await, Value::Null);
    assert_eq!(draft(&ada).await["sql"], "select secret");

    assert_eq!(keep(&ada, "select other", 3).await.json["base"], 3);
    assert_eq!(draft(&ada).await["sql"], "select other", "the last one is kept");
    let unknown = ada.get("/transformations/shop/Orders%2F..%2F/draft").await;
    assert!(unknown.status.is_client_error(), "{}", unknown.text);
    let long = keep(&ada, &"x".repeat(200_001), 1).await;
    assert_eq!(long.status, StatusCode::UNPROCESSABLE_ENTITY);

    let vera = console.sign_in("vera", Role::Viewer).await;
    for method in [Method::GET, Method::DELETE] {
        let refused = vera.send(method, AT, &[], Body::empty()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text);
    }
    assert_eq!(keep(&vera, "select 1", 1).await.status, StatusCode::FORBIDDEN);
    console.end_sessions(&ada).await;
    assert_eq!(ada.get(AT).await.status, StatusCode::UNAUTHORIZED);
    let again = console.sign_in("ada", Role::Engineer).await;
    assert_eq!(draft(&again).await["sql"], "select other", "it is there on the next device");
}
