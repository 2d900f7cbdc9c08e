//! The settings as pages of the server: without JavaScript they show their data.

use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::json;

use crate::http::browser::Served;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_shows_its_data_without_javascript() {
    let served = Served::by_link().await;
    let mut ada = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let new = json!({ "name": "nightly", "scopes": ["view_lake"], "days": 30 });
    ada.change(Method::POST, "/api/v1/tokens", new).await;
    for (path, shown) in [
        ("/settings", "ada of Test"),
        ("/settings/members", "all environments"),
        ("/settings/tokens", "nightly"),
        ("/settings/notifications", "log file"),
        ("/settings/notifications?environment=prod", "Nothing was told yet"),
        ("/settings/retention", "engine.history_retention_days"),
        ("/settings/audit", "token.make"),
        ("/settings/audit?action=token.make", "<option value=\"token.make\" selected"),
        ("/settings/audit?actor=nobody", "No change matches"),
    ] {
        let page = ada.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains(shown), "{path} does not show {shown}: {}", page.text);
        assert!(!page.text.contains(" style=\""), "{path}: the policy forbids inline styles");
        assert!(!page.text.contains("class=\"failure\""), "{path}: {}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_sees_no_tab_and_a_reason() {
    let served = Served::by_link().await;
    let mut vic = served.signed_in("vic", &[(Role::Viewer, Some("dev"))]).await;
    let first = vic.get("/settings").await;
    assert!(first.text.contains("New token") && !first.text.contains("/settings/members"));
    let page = vic.get("/settings/members").await;
    assert!(page.text.contains("manage_settings"), "{}", page.text);
    let api = vic.get("/api/v1/environments/prod/notifications").await;
    assert_eq!(api.status, StatusCode::NOT_FOUND, "prod is not told of");
}
