//! API tokens.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use crate::http::browser::{Answer, Browser, Served};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_what_its_scopes_allow_until_it_is_revoked() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let made = make(&mut ada, json!(["view_lake", "manage_settings"])).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    let secret = made.json["secret"].as_str().unwrap();
    let runs = "/api/v1/environments/dev/runs";
    assert_eq!(with(&served, secret, runs).await.status, StatusCode::OK);
    assert_eq!(with(&served, secret, "/api/v1/members").await.status, StatusCode::OK);
    let audit = with(&served, secret, "/api/v1/audit").await;
    assert_eq!(audit.status, StatusCode::FORBIDDEN, "not among the scopes");

    let mut script = served.browser();
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str())];
    let new = json!({ "name": "x", "scopes": ["view_audit"], "days": 1 });
    let minted = script.change_with(Method::POST, "/api/v1/tokens", &headers, new).await;
    assert_eq!(minted.status, StatusCode::FORBIDDEN, "a token makes no tokens");

    let id = made.json["token"]["id"].as_str().unwrap();
    let revoked = ada.change(Method::DELETE, &format!("/api/v1/tokens/{id}"), Value::Null).await;
    assert_eq!(revoked.status, StatusCode::OK);
    assert_eq!(with(&served, secret, runs).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_a_secret_is_told_once_and_recorded_nowhere() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let made = make(&mut ada, json!(["view_lake"])).await;
    let secret = made.json["secret"].as_str().unwrap();
    for path in ["/api/v1/tokens", "/api/v1/tokens?all=true", "/api/v1/audit", "/settings/tokens"] {
        let answer = ada.get(path).await;
        assert!(answer.text.contains("nightly"), "{path}: {}", answer.text);
        assert!(!answer.text.contains(secret), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_the_tokens_of_others_do_not_exist() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let mut eve = served.signed_in("eve", &[(Role::Engineer, None)]).await;
    let made = make(&mut ada, json!(["view_lake"])).await;
    let id = made.json["token"]["id"].as_str().unwrap();
    let theirs = eve.change(Method::DELETE, &format!("/api/v1/tokens/{id}"), Value::Null).await;
    let nothing = eve.change(Method::DELETE, "/api/v1/tokens/0198", Value::Null).await;
    assert_eq!((theirs.status, nothing.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(eve.get("/api/v1/tokens").await.json["items"], json!([]));
    assert_eq!(eve.get("/api/v1/tokens?all=true").await.status, StatusCode::FORBIDDEN);

    let theirs = make(&mut eve, json!(["view_lake"])).await;
    let id = theirs.json["token"]["id"].as_str().unwrap();
    let revoked = ada.change(Method::DELETE, &format!("/api/v1/tokens/{id}"), Value::Null).await;
    assert_eq!(revoked.status, StatusCode::OK, "an admin may");
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_a_token_that_may_only_look_ends_neither_tokens_nor_sessions() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let other = make(&mut ada, json!(["view_audit"])).await.json["token"]["id"].clone();
    let made = make(&mut ada, json!(["view_lake"])).await;
    let own = made.json["token"]["id"].clone();
    let bearer = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let headers = [("authorization", bearer.as_str())];
    let mut script = served.browser();
    for path in
        [format!("/api/v1/tokens/{}", other.as_str().unwrap()), "/api/v1/me/sessions".into()]
    {
        let answer = script.change_with(Method::DELETE, &path, &headers, Value::Null).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {answer:?}");
    }
    let listed = with(&served, made.json["secret"].as_str().unwrap(), "/api/v1/tokens").await;
    let ids: Vec<_> = listed.json["items"].as_array().unwrap().iter().map(|t| &t["id"]).collect();
    assert_eq!(ids, [&own], "it sees itself alone");
    assert_eq!(ada.get("/api/v1/tokens").await.json["items"].as_array().unwrap().len(), 2);
    let path = format!("/api/v1/tokens/{}", own.as_str().unwrap());
    let answer = script.change_with(Method::DELETE, &path, &headers, Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "a script may throw its own token away");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_names_the_field() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Viewer, None)]).await;
    for (new, field) in [
        (json!({ "name": "", "scopes": ["view_lake"], "days": 1 }), "name"),
        (json!({ "name": "a", "scopes": [], "days": 1 }), "scopes"),
        (json!({ "name": "a", "scopes": ["view_lake"], "days": 0 }), "days"),
        (json!({ "name": "a", "scopes": ["view_lake"], "days": 4_000_000_000_u32 }), "days"),
    ] {
        let answer = ada.change(Method::POST, "/api/v1/tokens", new).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        assert_eq!(answer.json["fields"][0]["field"], field);
    }
}

async fn make(browser: &mut Browser, scopes: Value) -> Answer {
    let new = json!({ "name": "nightly", "scopes": scopes, "days": 30 });
    browser.change(Method::POST, "/api/v1/tokens", new).await
}

/// Reads with a token, without any cookie.
async fn with(served: &Served, secret: &str, path: &str) -> Answer {
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str())];
    served.browser().send(Method::GET, path, &headers, Body::empty()).await
}
