//! An app that is installed on the repository: its tokens are asked for, kept and renewed.

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::ErrorKind;
use infra::change_report::{ChangeReporter, PlanReport};
use infra::lake_repository::LakeRepository;
use infra::secrets::SecretValue;
use infra_github::{Credentials, GitHub};
use jiff::SignedDuration;

use super::{main_branch, save};
use infra_github::testing::{APP, APP_NUMBER, KEY, StandIn};

fn github(stand_in: &StandIn, app: &str, key: &str) -> GitHub {
    let mut settings = stand_in.settings();
    let key = SecretValue::new(key).unwrap();
    settings.credentials = Credentials::App { app: app.to_owned(), key };
    GitHub::new(&settings).unwrap()
}

#[tokio::test]
async fn one_token_serves_many_requests_at_once() {
    let stand_in = StandIn::start().await;
    let repository = github(&stand_in, APP, KEY).lake_repository();
    let main = main_branch();
    let looks = (0..20).map(|_| repository.head(&main));
    let found = futures::future::join_all(looks).await;
    assert!(found.into_iter().all(|head| head.is_ok()));
    save(&repository, None, "x").await;
    assert_eq!(stand_in.given(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_when_it_was_taken_back() {
    let stand_in = StandIn::start().await;
    let repository = github(&stand_in, APP, KEY).lake_repository();
    let first = save(&repository, None, "first").await;
    stand_in.revoke();
    stand_in.tokens_last(SignedDuration::from_mins(4));
    save(&repository, Some(&first), "second").await;
    assert!(stand_in.given() > 2, "what ends within minutes is not used again");
}

#[tokio::test]
async fn keys_in_both_forms_are_taken_and_a_wrong_one_is_denied() {
    let stand_in = StandIn::start().await;
    let repository = github(&stand_in, APP, &pkcs8(KEY)).lake_repository();
    assert_eq!(repository.head(&main_branch()).await.unwrap(), None);
    let stranger = github(&stand_in, "another-app", KEY).lake_repository();
    let error = stranger.head(&main_branch()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.message().starts_with("could not sign in to GitHub"), "{error}");

    let mut settings = stand_in.settings();
    for bad in ["no key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"] {
        let key = SecretValue::new(bad).unwrap();
        settings.credentials = Credentials::App { app: APP.to_owned(), key };
        let error = GitHub::new(&settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(!format!("{error:?}").contains("AAAA"), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_had_now_is_asked_for_again() {
    let stand_in = StandIn::start().await;
    let repository = github(&stand_in, APP, KEY).lake_repository();
    stand_in.refuse((Method::POST, "app/installations"), 2, (502, &[], ""));
    assert_eq!(repository.head(&main_branch()).await.unwrap(), None);
    assert_eq!(stand_in.given(), 1);
}

#[tokio::test]
async fn the_app_knows_its_own_comments() {
    let stand_in = StandIn::start().await;
    stand_in.open(1, "acme", "main");
    let reporter = github(&stand_in, APP, KEY).change_reporter();
    let mut report = PlanReport {
        branch: main_branch(),
        environment: "dev".parse().unwrap(),
        markdown: "first".to_owned(),
    };
    reporter.report_plan(&report).await.unwrap();
    report.markdown = "second".to_owned();
    reporter.report_plan(&report).await.unwrap();
    let comments = stand_in.comments(1);
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0].by, APP_NUMBER);
    assert!(comments[0].body.ends_with("\nsecond"));
}

/// The same key in the other form that PEM files have.
fn pkcs8(pkcs1: &str) -> String {
    let inner: String = pkcs1.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = STANDARD.decode(inner).unwrap();
    let length = |bytes: usize| [0x82, (bytes >> 8) as u8, bytes as u8];
    // Version 0, and that it is an RSA key.
    let head = b"\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let octets = [&[0x04], &length(key.len())[..], &key].concat();
    let body = [&head[..], &octets].concat();
    let der = [&[0x30], &length(body.len())[..], &body].concat();
    let text = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}
