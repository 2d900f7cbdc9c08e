//! Members, and the audit log of what is done to them.

use axum::http::{Method, StatusCode};
use domain::access::Role;
use serde_json::{Value, json};

use crate::http::browser::{Browser, Served};

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_role_given_or_taken_is_effective_with_the_next_request() {
    let served = Served::by_link().await;
    let mut admin = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let mut eve = served.signed_in("eve", &[(Role::Viewer, Some("dev"))]).await;
    let id = id(&mut admin, "eve").await;
    let grants = format!("/api/v1/members/{id}/grants");
    let audit = "/api/v1/audit";
    assert_eq!(eve.get(audit).await.status, StatusCode::FORBIDDEN);

    let approver = json!({ "role": "approver", "environment": null });
    let given = admin.change(Method::POST, &grants, approver.clone()).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    assert_eq!(given.json["roles"].as_array().unwrap().len(), 2);
    assert_eq!(eve.get(audit).await.status, StatusCode::OK);
    let again = admin.change(Method::POST, &grants, approver).await;
    assert_eq!(again.status, StatusCode::OK, "giving it twice is no error");

    let taken = admin.change(Method::DELETE, &format!("{grants}/approver"), Value::Null).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(eve.get(audit).await.status, StatusCode::FORBIDDEN);
    let by_team = format!("{grants}/viewer?environment=dev");
    let kept = admin.change(Method::DELETE, &by_team, Value::Null).await;
    assert_eq!(kept.status, StatusCode::NOT_FOUND, "a team gives it: {kept:?}");

    let sessions = format!("/api/v1/members/{id}/sessions");
    let ended = admin.change(Method::DELETE, &sessions, Value::Null).await;
    assert_eq!(ended.json["ended"], 1);
    assert_eq!(eve.get("/api/v1/me").await.status, StatusCode::UNAUTHORIZED);

    let log = admin.get(audit).await;
    let told: Vec<_> = log.json["items"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        told,
        [
            ("session.end_all", "ada", "eve", Value::Null, json!({ "ended": 1 })),
            ("member.take_role", "ada", "eve", roles(&["approver everywhere"]), roles(&[])),
            ("member.give_role", "ada", "eve", roles(&[]), roles(&["approver everywhere"])),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_manages_settings_sees_or_changes_members() {
    let served = Served::by_link().await;
    let mut admin = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let id = id(&mut admin, "ada").await;
    let grants = format!("/api/v1/members/{id}/grants");
    for roles in [[(Role::Engineer, None)], [(Role::Approver, None)], [(Role::Admin, Some("dev"))]]
    {
        let mut other = served.signed_in("eve", &roles).await;
        let viewer = json!({ "role": "viewer", "environment": null });
        for answer in [
            other.get("/api/v1/members").await,
            other.change(Method::POST, &grants, viewer).await,
            other.change(Method::DELETE, &format!("{grants}/admin"), Value::Null).await,
            other
                .change(Method::DELETE, &format!("/api/v1/members/{id}/sessions"), Value::Null)
                .await,
        ] {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{roles:?} {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_names_what_is_wrong() {
    let served = Served::by_link().await;
    let mut admin = served.signed_in("ada", &[(Role::Admin, None)]).await;
    let id = id(&mut admin, "ada").await;
    let grants = format!("/api/v1/members/{id}/grants");
    let nowhere = json!({ "role": "viewer", "environment": "mars" });
    let answer = admin.change(Method::POST, &grants, nowhere).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json["fields"][0]["field"], "environment");
    let king = json!({ "role": "king", "environment": null });
    let answer = admin.change(Method::POST, &grants, king).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let viewer = json!({ "role": "viewer", "environment": null });
    let answer = admin.change(Method::POST, "/api/v1/members/nobody/grants", viewer).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn d17_the_audit_log_is_filtered_paged_and_exported() {
    let served = Served::by_link().await;
    let mut admin = served.signed_in("=HYPERLINK(1)", &[(Role::Admin, None)]).await;
    let id = id(&mut admin, "=HYPERLINK(1)").await;
    let path = format!("/api/v1/members/{id}/grants");
    for number in 0..55 {
        let viewer = json!({ "role": "viewer", "environment": "dev" });
        match number % 2 {
            0 => admin.change(Method::POST, &path, viewer).await,
            _ => {
                let path = format!("{path}/viewer?environment=dev");
                admin.change(Method::DELETE, &path, Value::Null).await
            }
        };
    }
    let first = admin.get("/api/v1/audit").await;
    assert_eq!(first.json["items"].as_array().unwrap().len(), 50);
    let next = first.json["next"].as_str().unwrap();
    let second = admin.get(&format!("/api/v1/audit?after={next}")).await;
    assert_eq!(second.json["items"].as_array().unwrap().len(), 5);
    assert_eq!(second.json["next"], Value::Null);
    let given = admin.get("/api/v1/audit?action=member.give&actor=&from=2020-01-01").await;
    assert_eq!(given.json["items"].as_array().unwrap().len(), 28);
    let wrong = admin.get("/api/v1/audit?from=yesterday").await;
    assert_eq!(wrong.json["fields"][0]["field"], "from", "{wrong:?}");

    let csv = admin.get("/api/v1/audit/export?format=csv").await;
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"audit.csv\"");
    assert_eq!(csv.text.lines().count(), 56);
    assert!(csv.text.contains("\"'=HYPERLINK(1)\"") && !csv.text.contains("\"=HYPERLINK"));
    let json = admin.get("/api/v1/audit/export?format=json&action=member.take").await;
    assert_eq!(json.json.as_array().unwrap().len(), 27);
    let mut viewer = served.signed_in("vic", &[(Role::Viewer, None)]).await;
    let refused = viewer.get("/api/v1/audit/export?format=csv").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

fn told(entry: &Value) -> (&str, &str, &str, Value, Value) {
    let text = |name: &str| entry[name].as_str().unwrap();
    (text("action"), text("actor"), text("object"), entry["before"].clone(), entry["after"].clone())
}

fn roles(roles: &[&str]) -> Value {
    json!({ "roles_by_hand": roles })
}

async fn id(admin: &mut Browser, login: &str) -> String {
    let members = admin.get("/api/v1/members").await;
    let members = members.json["items"].as_array().unwrap().clone();
    let member = members.iter().find(|member| member["login"] == login).unwrap();
    member["id"].as_str().unwrap().to_owned()
}
