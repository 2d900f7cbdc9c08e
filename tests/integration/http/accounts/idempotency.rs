//! Changes that are sent again.

use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use crate::http::browser::{Answer, Browser, Served};

const KEY: [(&str, &str); 1] = [("idempotency-key", "7f1c")];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_sent_again_is_carried_out_once() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let path = grants(&mut ada).await;
    let first = ada.change_with(Method::POST, &path, &KEY, viewer()).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    ada.change(Method::DELETE, &format!("{path}/viewer"), Value::Null).await;

    let again = ada.change_with(Method::POST, &path, &KEY, viewer()).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["content-type"], first.headers["content-type"]);
    let roles = ada.get("/api/v1/members").await.json["items"][0]["roles"].clone();
    assert_eq!(roles.as_array().unwrap().len(), 1, "the role was not given again: {roles}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_of_one_person() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let mut bob = served.signed_in("bob", &[(Role::Admin, None)]).await;
    let path = grants(&mut ada).await;
    ada.change_with(Method::POST, &path, &KEY, viewer()).await;
    let engineer = json!({ "role": "engineer", "environment": null });
    let other_body = ada.change_with(Method::POST, &path, &KEY, engineer).await;
    assert_eq!(other_body.status, StatusCode::UNPROCESSABLE_ENTITY);
    let below = format!("{path}/viewer");
    let other_path = ada.change_with(Method::DELETE, &below, &KEY, Value::Null).await;
    assert_eq!(other_path.status, StatusCode::UNPROCESSABLE_ENTITY);
    let of_bob = bob.change_with(Method::POST, &path, &KEY, viewer()).await;
    assert_eq!(of_bob.status, StatusCode::OK);
    assert!(!of_bob.headers.contains_key("idempotency-replayed"));
    for bad in ["", &"x".repeat(256)] {
        let key = [("idempotency-key", bad)];
        let answer = ada.change_with(Method::POST, &path, &key, viewer()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_carried_out() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let path = grants(&mut ada).await;
    let tries = (0..12).map(|_| {
        let (mut ada, path) = (ada.clone(), path.clone());
        tokio::spawn(async move { ada.change_with(Method::POST, &path, &KEY, viewer()).await })
    });
    let answers: Vec<Answer> =
        futures::future::join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let carried_out = answers.iter().filter(|answer| {
        answer.status == StatusCode::OK && !answer.headers.contains_key("idempotency-replayed")
    });
    assert_eq!(carried_out.count(), 1, "{answers:?}");
    for answer in &answers {
        assert!([StatusCode::OK, StatusCode::CONFLICT].contains(&answer.status), "{answer:?}");
    }
    let log = ada.get("/api/v1/audit?action=member.give_role").await;
    assert_eq!(log.json["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_may_be_tried_again_under_the_same_key() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let path = format!("{}/viewer", grants(&mut ada).await);
    let failed = ada.change_with(Method::DELETE, &path, &KEY, Value::Null).await;
    assert_eq!(failed.status, StatusCode::NOT_FOUND);
    ada.change(Method::POST, path.strip_suffix("/viewer").unwrap(), viewer()).await;
    let done = ada.change_with(Method::DELETE, &path, &KEY, Value::Null).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_an_answer_is_repeated_only_to_whom_may_still_have_it() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let path = grants(&mut ada).await;
    let first = ada.change_with(Method::POST, &path, &KEY, viewer()).await;
    assert_eq!(first.status, StatusCode::OK);
    // The same person, as a token that may only look.
    let new = json!({ "name": "n", "scopes": ["view_lake"], "days": 1 });
    let made = ada.change(Method::POST, "/api/v1/tokens", new).await;
    let bearer = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let headers = [KEY[0], ("authorization", bearer.as_str())];
    let by_token = served.browser().change_with(Method::POST, &path, &headers, viewer()).await;
    assert_eq!(by_token.status, StatusCode::FORBIDDEN, "{by_token:?}");
    // The same person, without the role.
    let mut ada = served.signed_in("ada", &[(Role::Engineer, None)]).await;
    let again = ada.change_with(Method::POST, &path, &KEY, viewer()).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN, "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_an_answer_with_a_secret_is_not_kept() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let new = json!({ "name": "nightly", "scopes": ["view_lake"], "days": 30 });
    let made = ada.change_with(Method::POST, "/api/v1/tokens", &KEY, new.clone()).await;
    assert_eq!(made.status, StatusCode::OK);
    let again = ada.change_with(Method::POST, "/api/v1/tokens", &KEY, new).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
    assert_eq!(ada.get("/api/v1/tokens").await.json["items"].as_array().unwrap().len(), 1);
    let reader = served.console.accounts.database().reader().unwrap();
    let row = sqlx::query("SELECT COUNT(*) AS n FROM idempotency_keys WHERE answer IS NOT NULL");
    let row = row.fetch_one(reader).await.unwrap();
    assert_eq!(database::columns::integer(&row, "n").unwrap(), 0);
}

fn viewer() -> Value {
    json!({ "role": "viewer", "environment": null })
}

/// The path of the caller's own grants.
async fn grants(browser: &mut Browser) -> String {
    let members = browser.get("/api/v1/members").await;
    format!("/api/v1/members/{}/grants", members.json["items"][0]["id"].as_str().unwrap())
}
