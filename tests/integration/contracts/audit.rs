//! The audit log on SQLite and on PostgreSQL.

use std::collections::BTreeSet;

use database::{Database, sqlite_url};
use domain::access::Rights;
use futures::TryStreamExt;
use serde_json::json;
use server::accounts::{Caller, User, Via};
use server::audit::{Audit, AuditFilter, ExportFormat, export, in_request};

use crate::support::postgres::Postgres;

#[tokio::test]
async fn audit_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
    run_all(&Database::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn audit_on_postgres() {
    let Some(postgres) = Postgres::start("audit on postgres") else { return };
    run_all(&Database::open(&postgres.create_database("audit")).await.unwrap()).await;
}

async fn run_all(database: &Database) {
    let audit = Audit::new(database.clone());
    what_was_recorded_is_found(&audit).await;
    d13_neither_secrets_nor_sessions_are_recorded(&audit).await;
    pages_neither_repeat_nor_skip(&audit).await;
    d17_an_export_holds_everything_and_no_formula(&audit).await;
    no_statement_changes_or_removes_an_entry(database, &audit).await;
}

/// Also not one that a fault of ours, or a guest in our process, would send.
async fn no_statement_changes_or_removes_an_entry(database: &Database, audit: &Audit) {
    let filter = AuditFilter { limit: 1_000, ..AuditFilter::default() };
    let before = audit.list(&filter).await.unwrap();
    assert!(!before.is_empty());
    let mut statements = vec![
        "UPDATE audit_log SET actor = 'somebody else'",
        "UPDATE audit_log SET id = id",
        "DELETE FROM audit_log",
        "REPLACE INTO audit_log SELECT * FROM audit_log",
    ];
    if database.kind() == "PostgreSQL" {
        statements.pop();
        statements.push("TRUNCATE audit_log");
    }
    for statement in statements {
        let mut transaction = database.begin().await.unwrap();
        let done = sqlx::query(statement).execute(&mut *transaction).await;
        if done.is_ok() {
            transaction.commit().await.unwrap();
        }
        assert!(done.is_err(), "{statement}");
    }
    assert_eq!(audit.list(&filter).await.unwrap(), before);
}

async fn what_was_recorded_is_found(audit: &Audit) {
    let (before, after) = (json!({ "version": 1 }), json!({ "version": 2 }));
    let mona = caller("mona", Via::Token("t1".into()));
    let dev: domain::environment::EnvironmentName = "dev".parse().unwrap();
    let recorded = audit.record(
        &mona,
        "source.register",
        Some(&dev),
        "tlc/green",
        Some(&before),
        Some(&after),
    );
    in_request("r-7".into(), recorded).await.unwrap();
    let lisa = caller("lisa", Via::Session("hash".into()));
    let none = None::<&()>;
    audit.record(&lisa, "run.cancel", Some(&dev), "100%_wild!", none, none).await.unwrap();
    audit.record(&lisa, "member.give", None, "tlc", none, Some(&after)).await.unwrap();

    let newest = find(audit, AuditFilter::default()).await;
    assert_eq!(newest, ["member.give", "run.cancel", "source.register"]);
    let entry = audit.list(&filter(AuditFilter { actor: text("mona"), ..any() })).await.unwrap();
    assert_eq!(entry.len(), 1);
    assert_eq!((&entry[0].before, &entry[0].after), (&Some(before), &Some(after)));
    assert_eq!((entry[0].via.as_str(), entry[0].request_id.as_str()), ("token t1", "r-7"));

    let at = entry[0].at;
    for (asked, found) in [
        (AuditFilter { action: text("source"), ..any() }, 1),
        (AuditFilter { action: text("register"), ..any() }, 0),
        (AuditFilter { object: text("TLC"), ..any() }, 2),
        (AuditFilter { object: text("%_"), ..any() }, 1),
        (AuditFilter { object: text("l%e"), ..any() }, 0),
        (AuditFilter { environment: Some("dev".parse().unwrap()), ..any() }, 2),
        (AuditFilter { environment: Some("prod".parse().unwrap()), ..any() }, 0),
        (AuditFilter { from: Some(at), ..any() }, 3),
        (AuditFilter { to: Some(at), ..any() }, 0),
        (AuditFilter { actor: text("mona' OR '1'='1"), ..any() }, 0),
    ] {
        assert_eq!(find(audit, asked.clone()).await.len(), found, "{asked:?}");
    }
    let (actors, actions) = audit.choices().await.unwrap();
    assert_eq!(actors, ["lisa", "mona"]);
    assert_eq!(actions, ["member.give", "run.cancel", "source.register"]);
}

async fn d13_neither_secrets_nor_sessions_are_recorded(audit: &Audit) {
    let sue = caller("sue", Via::Session("5e55104".into()));
    let after = json!({ "name": "x", "client_secret": "hunter2" });
    audit.record(&sue, "config.change", None, "x", None::<&()>, Some(&after)).await.unwrap();
    let long = "x".repeat(100_000);
    audit.record(&sue, "config.change", None, "long", Some(&long), None::<&()>).await.unwrap();
    let all = audit.list(&filter(AuditFilter { actor: text("sue"), ..any() })).await.unwrap();
    let printed = format!("{all:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("5e55104"), "{printed}");
    assert_eq!(all[0].before, Some(json!({ "too_long_to_store_bytes": 100_002 })));
}

async fn pages_neither_repeat_nor_skip(audit: &Audit) {
    let pat = caller("pat", Via::Session("h".into()));
    for number in 0..25 {
        let object = number.to_string();
        audit.record(&pat, "n", None, &object, None::<&()>, None::<&()>).await.unwrap();
    }
    let (mut seen, mut older_than) = (Vec::new(), None);
    loop {
        let page = AuditFilter { actor: text("pat"), older_than, limit: 10, ..any() };
        let page = audit.list(&page).await.unwrap();
        seen.extend(page.iter().map(|entry| entry.object.parse::<i32>().unwrap()));
        match page.last() {
            Some(last) if page.len() == 10 => older_than = Some(last.id.clone()),
            _ => break,
        }
    }
    assert_eq!(seen, (0..25).rev().collect::<Vec<_>>());
}

async fn d17_an_export_holds_everything_and_no_formula(audit: &Audit) {
    let eve = caller("=cmd|' /C calc'!A0", Via::Session("h".into()));
    for number in 0..1_003 {
        let object = format!("@{number}\r\n\"x\"");
        audit.record(&eve, "n", None, &object, None::<&()>, Some(&number)).await.unwrap();
    }
    let all = AuditFilter { actor: Some(eve.login().to_owned()), ..any() };
    let csv = exported(audit, &all, ExportFormat::Csv).await;
    assert!(
        csv.starts_with("id,at,actor,via,action,environment,object,before,after,request_id\r\n")
    );
    assert_eq!(csv.matches("\"'=cmd|' /C calc'!A0\"").count(), 1_003);
    assert_eq!(csv.matches("\"'@").count(), 1_003);
    assert!(!csv.contains("\"=") && !csv.contains("\"@"), "a formula stayed");

    let json = exported(audit, &all, ExportFormat::Json).await;
    let entries: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let ids: BTreeSet<_> = entries.iter().map(|entry| entry["id"].to_string()).collect();
    assert_eq!(ids.len(), 1_003);
    let none = AuditFilter { actor: text("nobody"), ..any() };
    assert_eq!(exported(audit, &none, ExportFormat::Json).await, "[\n]\n");
}

async fn exported(audit: &Audit, filter: &AuditFilter, format: ExportFormat) -> String {
    let chunks = export(audit.clone(), filter.clone(), format).try_collect::<Vec<_>>().await;
    String::from_utf8(chunks.unwrap().concat()).unwrap()
}

async fn find(audit: &Audit, asked: AuditFilter) -> Vec<String> {
    let entries = audit.list(&filter(asked)).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

fn filter(filter: AuditFilter) -> AuditFilter {
    AuditFilter { limit: 100, ..filter }
}

fn any() -> AuditFilter {
    AuditFilter::default()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn caller(login: &str, via: Via) -> Caller {
    let user = User {
        id: format!("id of {login}"),
        number: "7".to_owned(),
        login: login.to_owned(),
        name: None,
    };
    Caller { user, rights: Rights::default(), via }
}
