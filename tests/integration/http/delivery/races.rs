//! Many clients at once: one wins, the others are told what happened (promises C2 and C12).

use domain::access::Role;
use domain::pipeline::ExecutionStatus;
use futures::future::join_all;
use serde_json::json;

use super::{Lake, NOBODY, ONE, approve, decide, post, refused};
use crate::http::answer::Answer;

/// The one answer that was a yes; the others are conflicts that say why.
fn one_wins(answers: &[Answer]) {
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!(won.len(), 1, "{answers:#?}");
    for answer in lost {
        refused(answer, 409);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c12_of_many_who_decide_at_once_one_wins() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(lake.console.sign_in(&format!("p{number}"), Role::Approver).await);
    }
    for round in 0..3 {
        let asked = lake.asked().await;
        let verdicts = ["approve", "reject"].into_iter().cycle();
        let decided = people.iter().zip(verdicts);
        let decided = decided.map(|(person, verdict)| decide(person, &asked, verdict, json!({})));
        let answers = join_all(decided).await;
        one_wins(&answers);
        let ended = lake.console.flow.newest("dev").await;
        let audited = lake.console.audited("plan.decide").await;
        assert_eq!(audited.len(), round + 1, "who lost has decided nothing");
        let approved = audited.iter().max_by_key(|entry| entry.at).unwrap();
        let verdict = approved.after.as_ref().unwrap()["verdict"].as_str().unwrap();
        let expected = match verdict {
            "approve" => ExecutionStatus::Queued,
            _ => ExecutionStatus::Rejected,
        };
        assert_eq!(ended.status, expected, "{ended:#?}");
        lake.console.flow.carry_out().await;
        lake.commit(100 + u32::try_from(round).unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c12_where_two_have_to_approve_all_who_race_are_counted_and_the_rest_come_too_late() {
    let lake = Lake::new(&[("dev", "[environments.approval]\napprovers = 2\n")]).await;
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(lake.console.sign_in(&format!("p{number}"), Role::Approver).await);
    }
    let asked = lake.asked().await;
    // Each says it twice, as with a double click.
    let twice = people.iter().chain(&people);
    let answers = join_all(twice.map(|person| approve(person, &asked))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 2);
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        refused(answer, 409);
    }
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
    let pipelines = &lake.console.flow.delivery.pipelines;
    let deployed = pipelines.deployments(&"dev".parse().unwrap(), None, 10).await.unwrap();
    let by = &deployed[0].1.approved_by;
    assert_eq!((by.len(), by[0] != by[1]), (2, true), "{by:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c2_a_push_that_races_with_approvals_is_what_is_deployed_and_asked_about() {
    let lake = Lake::new(&[("dev", ONE)]).await;
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(lake.console.sign_in(&format!("p{number}"), Role::Approver).await);
    }
    let asked = lake.asked().await;
    lake.commit(100).await;
    let approvals = join_all(people.iter().map(|person| approve(person, &asked)));
    let (answers, ()) = tokio::join!(approvals, lake.console.flow.look());
    assert!(answers.iter().filter(|answer| answer.status.is_success()).count() <= 1);
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        refused(answer, 409);
    }
    lake.console.flow.carry_out().await;
    let newer = lake.newest("dev", ExecutionStatus::AwaitingApproval).await;
    let old = lake.console.flow.delivery.pipelines.execution(asked.id).await.unwrap().unwrap();
    assert_eq!((old.status, old.superseded_by), (ExecutionStatus::Superseded, Some(newer.id)));
    assert_eq!(lake.deployments("dev").await, 0, "the old plan was deployed");
    // Whoever still has the old page open is told what changed; the old digest decides nothing.
    let late = approve(&people[0], &asked).await;
    let told = refused(&late, 409).to_owned();
    assert!(told.contains(&newer.id.to_string()) && told.contains("changed"), "{told}");
    let mut mixed = newer.clone();
    mixed.plan = asked.plan;
    assert!(refused(&approve(&people[0], &mixed).await, 409).contains("look at it again"));
    assert!(approve(&people[0], &newer).await.status.is_success());
    lake.console.flow.carry_out().await;
    lake.newest("dev", ExecutionStatus::Succeeded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c12_of_many_who_promote_or_roll_back_at_once_one_wins() {
    let lake = Lake::in_dev(&[("dev", NOBODY), ("test", ONE)]).await;
    let first = lake.running("dev").await;
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(lake.console.sign_in_everywhere(&format!("p{number}"), Role::Admin).await);
    }
    let promote = |release: &str| {
        let body = json!({ "release": release });
        join_all(people.iter().map(|person| {
            let body = body.clone();
            async move { post(person, "test", "/promotions", &body).await }
        }))
    };
    one_wins(&promote(&first).await);
    lake.console.flow.carry_out().await;
    // It waits for people: there is still one.
    let asked = lake.newest("test", ExecutionStatus::AwaitingApproval).await;
    let again = post(&people[0], "test", "/promotions", &json!({ "release": first })).await;
    assert!(refused(&again, 409).contains(&asked.id.to_string()), "{again:?}");
    lake.console.flow.approve("test", &lake.zoe).await;
    lake.console.flow.carry_out().await;
    lake.newest("test", ExecutionStatus::Succeeded).await;

    lake.commit(100).await;
    lake.console.flow.deliver("dev", &lake.zoe).await;
    one_wins(&promote(&lake.running("dev").await).await);
    lake.console.flow.carry_out().await;
    lake.console.flow.approve("test", &lake.zoe).await;
    lake.console.flow.carry_out().await;
    assert_eq!(lake.deployments("test").await, 2);

    let back = json!({ "release": first, "reason": "the numbers are wrong" });
    let asked = people.iter().map(|person| post(person, "test", "/rollbacks", &back));
    one_wins(&join_all(asked).await);
    assert_eq!(lake.console.flow.executions("test").await.len(), 3, "one for each that won");
    // A release that went away under a promotion that is pressed now.
    lake.commit(200).await;
    lake.console.flow.deliver("dev", &lake.zoe).await;
    let stale = post(&people[0], "test", "/promotions", &json!({ "release": first })).await;
    assert!(refused(&stale, 409).contains("look at what you promote"), "{stale:?}");
}
