//! No environment is passed over (promise C11), and who pushed is known however it was heard of (C3).

use axum::body::Body;
use axum::http::Request;
use domain::access::{Grant, Role};
use domain::branch::CommitId;
use domain::pipeline::ExecutionStatus;
use jiff::Timestamp;
use serde_json::json;
use server::accounts::Identity;

use super::{Lake, NOBODY, ONE, post, refused};
use crate::http::console::WEBHOOK_SECRET;
use crate::http::webhooks::{push_to, signature};

#[tokio::test(flavor = "multi_thread")]
async fn c11_prod_takes_only_what_passed_test() {
    let lake = Lake::in_dev(&[("dev", NOBODY), ("test", NOBODY), ("prod", NOBODY)]).await;
    let ops = lake.console.sign_in_everywhere("ops", Role::Admin).await;
    let flow = &lake.console.flow;
    let first = json!({ "release": lake.running("dev").await });
    // Nothing is promoted into the first environment, nor out of one in which nothing runs.
    refused(&post(&ops, "dev", "/promotions", &first).await, 422);
    assert!(refused(&post(&ops, "prod", "/promotions", &first).await, 409).contains("test"));
    assert!(post(&ops, "test", "/promotions", &first).await.status.is_success());
    // Planned and asked about is not passed.
    flow.carry_out().await;
    lake.newest("test", ExecutionStatus::AwaitingApproval).await;
    refused(&post(&ops, "prod", "/promotions", &first).await, 409);
    flow.approve("test", &lake.zoe).await;
    flow.carry_out().await;
    lake.newest("test", ExecutionStatus::Succeeded).await;
    // What runs in dev by now did not pass test, and prod does not take it from there.
    lake.commit(100).await;
    flow.deliver("dev", &lake.zoe).await;
    let second = json!({ "release": lake.running("dev").await });
    refused(&post(&ops, "prod", "/promotions", &second).await, 409);
    assert!(post(&ops, "prod", "/promotions", &first).await.status.is_success());
    flow.carry_out().await;
    flow.approve("prod", &lake.zoe).await;
    flow.carry_out().await;
    lake.newest("prod", ExecutionStatus::Succeeded).await;
    assert_eq!(lake.running("prod").await, lake.running("test").await, "byte for byte");
    assert_eq!(flow.sql("prod").await.unwrap().1, flow.sql("test").await.unwrap().1);

    // Neither does a push to prod's branch get past test.
    let head = flow.head("main").await;
    let production = "production".parse().unwrap();
    let at = flow.head("production").await;
    flow.delivery.repository.advance(&production, Some(&at), &head).await.unwrap();
    flow.look().await;
    flow.carry_out().await;
    let pushed = lake.newest("prod", ExecutionStatus::Failed).await;
    let log = lake.log(&pushed).await;
    assert!(log.contains("did not pass test: deploy it there, then promote it to prod"), "{log}");
    assert_eq!(lake.deployments("prod").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_who_pushed_cannot_approve_though_the_poll_was_faster_than_the_webhook() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let asked = lake.asked().await;
    assert_eq!(asked.requested_by, None, "the poll knows no pusher");
    let octocat = Identity {
        provider: "local".to_owned(),
        subject: "583231".to_owned(),
        login: "octocat".to_owned(),
        name: None,
    };
    let accounts = &lake.console.flow.delivery.accounts;
    let grants = [Grant::everywhere(Role::Approver)];
    let octocat = accounts.sign_in(&octocat, &grants, None, Timestamp::now()).await;
    let octocat = octocat.unwrap().unwrap().caller.person();
    lake.console.flow.approve("dev", &octocat).await;
    // Nobody has deployed it yet when the webhook comes: what the pusher approved does not count.
    tell_of_push(&lake, &asked.commit).await;
    lake.console.flow.carry_out().await;
    let again = lake.newest("dev", ExecutionStatus::AwaitingApproval).await;
    assert_eq!((again.id, again.requested_by.as_ref()), (asked.id, Some(&octocat)));
    assert_eq!(lake.deployments("dev").await, 0);
    lake.console.flow.approve("dev", &lake.zoe).await;
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
    assert_eq!(lake.console.flow.executions("dev").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c16_a_poll_takes_no_start_by_hand_for_a_push_and_a_webhook_says_who_pushed() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let (flow, dev) = (&lake.console.flow, "dev".parse().unwrap());
    let by_hand = flow.delivery.start(&dev, lake.zoe.clone()).await.unwrap();
    flow.look().await;
    assert_eq!(flow.executions("dev").await.len(), 1, "the poll found nothing new");
    flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::AwaitingApproval).await;
    // Zoe started it, somebody else pushed: what is decided on is the push.
    for _ in 0..2 {
        tell_of_push(&lake, &by_hand.commit).await;
        let newest = flow.executions("dev").await.pop().unwrap();
        assert_eq!(newest.requested_by.unwrap().login, "octocat");
        assert_eq!(flow.executions("dev").await.len(), 2, "once, however often it is told");
    }
}

/// GitHub's webhook: octocat pushed this commit to main.
async fn tell_of_push(lake: &Lake, commit: &CommitId) {
    let zero = "0".repeat(40);
    let body = push_to("acme/lake", "refs/heads/main", &zero, commit.as_str()).to_string();
    let request = Request::post("/webhooks/github")
        .header("x-github-event", "push")
        .header("x-hub-signature-256", signature(WEBHOOK_SECRET, body.as_bytes()));
    let told = lake.console.ask(request.body(Body::from(body)).unwrap()).await;
    assert!(told.status.is_success(), "{told:?}");
}
