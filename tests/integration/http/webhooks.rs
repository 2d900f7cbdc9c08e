//! Pushes that GitHub tells of: who is believed, and what starts an execution (promises C14 and C16
//! to C18). What comes too much at once stands in `webhook_flood`.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::access::Role;
use domain::branch::{CommitId, Person};
use domain::pipeline::Cause;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::answer::Answer;
use super::console::{TestConsole, WEBHOOK_SECRET};
use crate::support::delivery::{SQL_FILE, lake_files, lake_toml};
use crate::support::lake::ORDERS_SQL;

const ZERO: &str = "0000000000000000000000000000000000000000";

/// `X-Hub-Signature-256` of a body.
pub(super) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let digits: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// A push as GitHub tells of it, by octocat, to a repository.
pub(super) fn push_to(repository: &str, reference: &str, before: &str, after: &str) -> Value {
    let (owner, name) = repository.split_once('/').unwrap();
    let commit = json!({
        "id": after, "tree_id": "f9d2a07e9488b91af2641b26b9407fe22a451433", "distinct": true,
        "message": "Change the orders", "timestamp": "2026-11-22T13:20:41+02:00",
        "url": format!("https://github.com/{repository}/commit/{after}"),
        "author": { "name": "Mona", "email": "mona@example.com", "username": "octocat" },
        "committer": { "name": "GitHub", "email": "noreply@github.com", "username": "web-flow" },
        "added": [], "removed": [], "modified": [SQL_FILE],
    });
    json!({
        "ref": reference, "before": before, "after": after, "base_ref": null,
        "repository": {
            "id": 186_853_002, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name": name,
            "full_name": repository, "private": true,
            "owner": { "name": owner, "email": null, "login": owner, "id": 21_031_067,
                "type": "Organization", "site_admin": false },
            "html_url": format!("https://github.com/{repository}"), "fork": false,
            "created_at": 1_557_933_565, "pushed_at": 1_557_933_657, "default_branch": "main",
            "master_branch": "main", "organization": owner,
        },
        "pusher": { "name": "octocat", "email": "octocat@users.noreply.github.com" },
        "organization": { "login": owner, "id": 21_031_067 },
        "sender": { "login": "octocat", "id": 583_231, "type": "User", "site_admin": false },
        "created": before == ZERO, "deleted": after == ZERO, "forced": false,
        "compare": format!("https://github.com/{repository}/compare/{before}...{after}"),
        "commits": if after == ZERO { json!([]) } else { json!([commit]) },
        "head_commit": if after == ZERO { Value::Null } else { commit },
    })
}

fn push(reference: &str, after: &CommitId) -> Value {
    push_to("acme/lake", reference, ZERO, after.as_str())
}

fn delivery(event: &str, signature: Option<&str>, body: Vec<u8>) -> Request<Body> {
    let mut request = Request::post("/webhooks/github")
        .header("content-type", "application/json")
        .header("user-agent", "GitHub-Hookshot/044aadd")
        .header("x-github-event", event)
        .header("x-github-delivery", uuid::Uuid::now_v7().to_string());
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    request.body(body.into()).unwrap()
}

/// Delivers an event under the right signature.
async fn tell(console: &TestConsole, event: &str, payload: &Value) -> Answer {
    let body = payload.to_string().into_bytes();
    let signature = signature(WEBHOOK_SECRET, &body);
    console.ask(delivery(event, Some(&signature), body)).await
}

/// Delivers an event that must start nothing; why it did not.
async fn starts_nothing(console: &TestConsole, event: &str, payload: &Value) -> String {
    let executions = console.flow.executions("dev").await.len();
    let answer = tell(console, event, payload).await;
    assert_eq!((answer.status, &answer.json["started"]), (StatusCode::ACCEPTED, &Value::Null));
    assert_eq!(console.flow.executions("dev").await.len(), executions, "{answer:?}");
    answer.json["because"].as_str().unwrap().to_owned()
}

/// A console over a lake whose first commit nobody has told of.
async fn console() -> (TestConsole, CommitId, Person) {
    let console = TestConsole::delivering(&["dev"]).await;
    let ann = console.flow.person("ann", Role::Engineer).await;
    let files = lake_files(&lake_toml(&[("dev", "")]));
    let first = console.flow.commit("main", &files, &ann).await;
    (console, first, ann)
}

/// Another commit on a branch.
async fn change(console: &TestConsole, branch: &str, by: &Person, limit: u32) -> CommitId {
    let sql = ORDERS_SQL.replace("GROUP BY", &format!("WHERE id < {limit} GROUP BY"));
    console.flow.commit(branch, &[(SQL_FILE, sql)], by).await
}

/// Puts a branch of the repository to any commit, as a forced push does; `None` deletes it.
fn force(console: &TestConsole, branch: &str, to: Option<&CommitId>) {
    let reference = console.lake.path().join("lake.git/refs/heads").join(branch);
    match to {
        Some(commit) => std::fs::write(reference, format!("{commit}\n")).unwrap(),
        None => std::fs::remove_file(reference).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_only_what_github_signed_with_sha_256_is_believed_before_it_is_read() {
    let (console, first, _) = console().await;
    let body = push("refs/heads/main", &first).to_string().into_bytes();
    let right = signature(WEBHOOK_SECRET, &body);
    let other = signature("another secret of others", &body);
    let sha1 = "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6";
    let upper = right.to_uppercase();
    let wrong =
        [None, Some(sha1), Some(other.as_str()), Some(&right[..70]), Some(&upper), Some("")];
    for wrong in wrong {
        let mut request = delivery("push", wrong, body.clone());
        request.headers_mut().insert("x-hub-signature", sha1.parse().unwrap());
        let answer = console.ask(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{wrong:?}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert!(!answer.text.contains(&right[7..]), "a refusal gives the signature away");
    }
    // One byte more, or an escape that means the same: the raw bytes count, not what they say.
    let spaced = [&body[..], b" "].concat();
    assert_eq!(
        console.ask(delivery("push", Some(&right), spaced)).await.status,
        StatusCode::FORBIDDEN
    );
    // What is no JSON is refused for its signature first, and read only when that fits.
    let noise = b"{\"ref\":".to_vec();
    let refused = console.ask(delivery("push", Some(&right), noise.clone())).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let fits = signature(WEBHOOK_SECRET, &noise);
    let read = console.ask(delivery("push", Some(&fits), noise)).await;
    assert_eq!(read.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(console.flow.executions("dev").await.is_empty(), "nothing was started");
    let answer = console.ask(delivery("push", Some(&right), body)).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    assert_eq!(console.flow.executions("dev").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_without_a_secret_nothing_is_believed() {
    let console = TestConsole::new().await;
    let body = b"{}".to_vec();
    for secret in ["", WEBHOOK_SECRET] {
        let signature = signature(secret, &body);
        let answer = console.ask(delivery("ping", Some(&signature), body.clone())).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text.contains("delivery.webhook_secret"), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c16_a_push_that_is_told_of_often_and_at_once_starts_one_execution() {
    let (console, first, _) = console().await;
    let payload = push("refs/heads/main", &first);
    // Each has a delivery id of its own, as when somebody presses "Redeliver".
    let told = futures::future::join_all((0..12).map(|_| tell(&console, "push", &payload))).await;
    assert!(told.iter().all(|answer| answer.status == StatusCode::ACCEPTED), "{told:?}");
    let started: Vec<_> =
        told.iter().filter_map(|answer| answer.json["started"].as_str()).collect();
    let executions = console.flow.executions("dev").await;
    assert_eq!((started.len(), executions.len()), (1, 1), "{told:?}");
    assert_eq!(started[0], executions[0].id.to_string());
    assert_eq!((&executions[0].commit, &executions[0].cause), (&first, &Cause::Push));
    let octocat = Person { id: "583231".to_owned(), login: "octocat".to_owned() };
    assert_eq!(executions[0].requested_by, Some(octocat), "who pushed cannot approve (C3)");
    let why = starts_nothing(&console, "push", &payload).await;
    assert!(why.contains("heard of before"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_what_is_no_push_of_commits_to_a_delivered_branch_starts_nothing() {
    let (console, first, ann) = console().await;
    let side = change(&console, "side", &ann, 100).await;
    let ping = json!({
        "zen": "Non-blocking is better than blocking.", "hook_id": 30,
        "hook": { "type": "Repository", "id": 30, "active": true, "events": ["push"] },
        "repository": { "id": 1, "full_name": "acme/lake" }, "sender": { "id": 1, "login": "a" },
    });
    assert_eq!(starts_nothing(&console, "ping", &ping).await, "pong");
    let star = json!({ "action": "created", "starred_at": "2026-11-22T13:20:41Z" });
    starts_nothing(&console, "star", &star).await;

    let deleted = push_to("acme/lake", "refs/heads/main", first.as_str(), ZERO);
    let why = starts_nothing(&console, "push", &deleted).await;
    assert!(why.contains("deleted"), "{why}");
    for tag in ["refs/tags/v1", "refs/tags/main", "refs/heads"] {
        starts_nothing(&console, "push", &push(tag, &first)).await;
    }
    starts_nothing(&console, "push", &push("refs/heads/side", &side)).await;
    for odd in ["refs/heads/../main", "refs/heads/main\n", "refs/heads/"] {
        starts_nothing(&console, "push", &push(odd, &first)).await;
    }
    // The same commits on the same branch of somebody's fork.
    let fork = push_to("mallory/lake", "refs/heads/main", ZERO, first.as_str());
    let why = starts_nothing(&console, "push", &fork).await;
    assert!(why.contains("not the lake repository"), "{why}");
    // A deletion that is told of late: the branch is gone by now.
    force(&console, "main", None);
    let answer = tell(&console, "push", &push("refs/heads/main", &first)).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert!(console.flow.executions("dev").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_pushes_that_come_out_of_order_start_what_the_branch_holds() {
    let (console, first, ann) = console().await;
    let second = change(&console, "main", &ann, 100).await;
    let newer = tell(&console, "push", &push("refs/heads/main", &second)).await;
    assert!(newer.json["started"].is_string(), "{newer:?}");
    // Who pushed the older commit must not be taken for who pushed the newer one.
    let why = starts_nothing(&console, "push", &push("refs/heads/main", &first)).await;
    assert!(why.contains(second.short()), "{why}");
    let executions = console.flow.executions("dev").await;
    assert_eq!(executions.iter().map(|one| &one.commit).collect::<Vec<_>>(), [&second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c17_a_forced_push_delivers_the_rewritten_commit_and_never_an_older_one() {
    let (console, first, ann) = console().await;
    tell(&console, "push", &push("refs/heads/main", &first)).await;
    let second = change(&console, "main", &ann, 100).await;
    tell(&console, "push", &push("refs/heads/main", &second)).await;
    // The second commit is written anew.
    force(&console, "rewritten", Some(&first));
    let rewritten = change(&console, "rewritten", &ann, 200).await;
    force(&console, "main", Some(&rewritten));
    let mut payload = push_to("acme/lake", "refs/heads/main", second.as_str(), rewritten.as_str());
    payload["forced"] = true.into();
    let answer = tell(&console, "push", &payload).await;
    assert!(answer.json["started"].is_string(), "{answer:?}");
    // The branch is put back to what was delivered before: that is no way to roll back.
    force(&console, "main", Some(&first));
    let mut back = push_to("acme/lake", "refs/heads/main", rewritten.as_str(), first.as_str());
    back["forced"] = true.into();
    let why = starts_nothing(&console, "push", &back).await;
    assert!(why.contains("heard of before"), "{why}");
    console.flow.look().await;
    let commits: Vec<_> =
        console.flow.executions("dev").await.into_iter().map(|one| one.commit).collect();
    assert_eq!(commits, [first, second, rewritten]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_a_push_that_no_webhook_told_of_is_found_by_the_poll_once() {
    let (console, first, ann) = console().await;
    console.flow.look().await;
    console.flow.look().await;
    let found = console.flow.executions("dev").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].commit, &found[0].cause), (&first, &Cause::Poll));
    // The webhook comes late.
    starts_nothing(&console, "push", &push("refs/heads/main", &first)).await;
    let second = change(&console, "main", &ann, 100).await;
    tell(&console, "push", &push("refs/heads/main", &second)).await;
    console.flow.look().await;
    assert_eq!(console.flow.executions("dev").await.len(), 2);
}
