//! Answers that are lost, late, wrong or refused.

use std::time::{Duration, Instant};

use axum::http::Method;
use domain::branch::CommitId;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::LakeRepository;
use infra::secrets::SecretValue;
use infra_github::{Credentials, GitHub, GitHubLakeRepository};

use super::{author, main_branch, save, write};
use infra_github::testing::{StandIn, TOKEN};

const GET_HEAD: (Method, &str) = (Method::GET, "git/ref/heads/main");
const MOVE: (Method, &str) = (Method::PATCH, "git/refs/heads/main");

async fn try_save(repository: &GitHubLakeRepository, on: &CommitId) -> Result<CommitId> {
    let changes = [write("sluice.toml", "changed")];
    repository.save(&main_branch(), Some(on), &changes, &author(), "Change").await
}

async fn read(repository: &GitHubLakeRepository) -> Result<Option<CommitId>> {
    repository.head(&main_branch()).await
}

#[tokio::test]
async fn a3_lost_answers_make_neither_two_commits_nor_none() {
    for (method, path) in [
        (Method::POST, "git/trees"),
        (Method::POST, "git/commits"),
        (Method::PATCH, "git/refs/heads/main"),
    ] {
        let stand_in = StandIn::start().await;
        let repository = stand_in.github().lake_repository();
        let first = save(&repository, None, "first").await;
        stand_in.lose_answer(method, path);
        let saved = try_save(&repository, &first).await.unwrap();
        assert_eq!(read(&repository).await.unwrap(), Some(saved.clone()), "{path}");
        assert_eq!(repository.commit(&saved).await.unwrap().parents, [first], "{path}");
    }
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    stand_in.lose_answer(Method::POST, "git/refs");
    let saved = save(&repository, None, "first").await;
    assert_eq!(read(&repository).await.unwrap(), Some(saved));
}

#[tokio::test]
async fn a_branch_is_moved_once_and_never_blindly_again() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let first = save(&repository, None, "first").await;
    stand_in.refuse(MOVE, 1, (502, &[], "<html>Bad gateway</html>"));
    stand_in.take_seen();
    let refused = try_save(&repository, &first).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    let moved = |seen: &String| seen.starts_with("PATCH ");
    assert_eq!(stand_in.take_seen().iter().filter(|seen| moved(seen)).count(), 1);
    assert_eq!(read(&repository).await.unwrap(), Some(first.clone()));
    try_save(&repository, &first).await.unwrap();
}

#[tokio::test]
async fn what_only_reads_is_asked_again_a_few_times() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    stand_in.refuse(GET_HEAD, 2, (502, &[], ""));
    assert_eq!(read(&repository).await.unwrap(), None);
    stand_in.refuse(GET_HEAD, 3, (503, &[], ""));
    assert_eq!(read(&repository).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(read(&repository).await.unwrap(), None);
}

#[tokio::test]
async fn refusals_keep_their_kind() {
    let limit = "API rate limit exceeded for installation";
    let cases = [
        (401, ErrorKind::Denied, "{\"message\":\"Bad credentials\"}"),
        (403, ErrorKind::Denied, "{\"message\":\"Resource not accessible by integration\"}"),
        (403, ErrorKind::Throttled, &format!("{{\"message\":\"{limit}\"}}")),
        (429, ErrorKind::Throttled, ""),
        (422, ErrorKind::Invalid, "{\"message\":\"Validation Failed\"}"),
        (301, ErrorKind::Invalid, "{\"message\":\"Moved Permanently\"}"),
        (500, ErrorKind::Unavailable, "oops"),
        (200, ErrorKind::Unavailable, "<html>Sign in to the Wi-Fi</html>"),
    ];
    for (status, kind, body) in cases {
        let stand_in = StandIn::start().await;
        let repository = stand_in.github().lake_repository();
        stand_in.refuse(GET_HEAD, 9, (status, &[("location", "http://127.0.0.1:1/x")], body));
        let error = read(&repository).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert!(error.message().starts_with("could not read branch main: "), "{error}");
    }
}

#[tokio::test]
async fn a_repository_that_may_not_be_seen_is_not_one_without_branches() {
    let stand_in = StandIn::start().await;
    let mut settings = stand_in.settings();
    settings.repository = "acme/other".parse().unwrap();
    let repository = GitHub::new(&settings).unwrap().lake_repository();
    let error = read(&repository).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.message().contains("acme/other"), "{error}");
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let stand_in = StandIn::start().await;
    let mut settings = stand_in.settings();
    settings.patience = Duration::from_millis(300);
    let repository = GitHub::new(&settings).unwrap().lake_repository();
    let first = save(&repository, None, "first").await;
    stand_in.delay(Method::PATCH, "git/refs/heads/main", Duration::from_millis(1_500));
    let begun = Instant::now();
    // It may still happen: whoever asked finds out by looking.
    let error = try_save(&repository, &first).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_millis(1_400), "{:?}", begun.elapsed());
    assert!(error.message().contains("did not answer in time"), "{error}");
}

#[tokio::test]
async fn who_cannot_be_reached_is_unavailable() {
    let stand_in = StandIn::start().await;
    let mut settings = stand_in.settings();
    settings.api_url = "http://127.0.0.1:1".to_owned();
    let error = read(&GitHub::new(&settings).unwrap().lake_repository()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("cannot be reached"), "{error}");
}

/// All that can be read of an error, causes and all.
fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        text.push_str(&format!("{found} {found:?}"));
        cause = found.source();
    }
    text
}

#[tokio::test]
async fn d13_a_token_is_in_no_error_and_no_debug_text() {
    let stand_in = StandIn::start().await;
    let github = stand_in.github();
    let repository = github.lake_repository();
    let echo = format!("{{\"message\":\"no access with {TOKEN}\"}}");
    for (status, body) in [(403, echo.as_str()), (500, TOKEN), (200, TOKEN)] {
        stand_in.refuse(GET_HEAD, 3, (status, &[("x-echo", TOKEN)], body));
        let error = read(&repository).await.unwrap_err();
        assert!(!everything(&error).contains(TOKEN), "{error:?}");
        while read(&repository).await.is_err() {}
    }
    let shown = format!("{:?} {github:?} {repository:?}", stand_in.settings());
    assert!(!shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn what_is_no_address_and_no_token_is_refused_at_once() {
    let good = StandIn::start().await.settings();
    for address in
        ["", "api.github.com", "ftp://x", "https://", "http://169.254.169.254/", "https://x/?y"]
    {
        let mut settings = good.clone();
        settings.api_url = address.to_owned();
        assert_eq!(GitHub::new(&settings).unwrap_err().kind(), ErrorKind::Invalid, "{address:?}");
    }
    let mut settings = good.clone();
    settings.credentials = Credentials::Token(SecretValue::new("two\nlines").unwrap());
    let error = GitHub::new(&settings).unwrap_err();
    assert!(!everything(&error).contains("two"), "{error}");
}
