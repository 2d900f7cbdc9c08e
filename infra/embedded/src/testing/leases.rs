//! Workers that race, hang and die.

use domain::ErrorKind;
use domain::pipeline::{ExecutionStatus, Stage};
use infra::pipeline::Heartbeat;
use infra::plan::sample::at;

use super::Shared;
use super::walk::{asked, carry_out, claim, decide, decision, push, request, rule, start, work};

pub(super) async fn claims_that_race_give_one_running_per_environment(shared: Shared) {
    for environment in ["dev", "test", "prod"] {
        start(&shared.one, &push(environment, 'a'), 0).await;
    }
    let mut tasks = Vec::new();
    for number in 0..9 {
        let store = if number % 2 == 0 { shared.one.clone() } else { shared.two.clone() };
        tasks.push(tokio::spawn(async move { claim(&store, 1).await }));
    }
    let mut environments = Vec::new();
    for task in tasks {
        environments.extend(task.await.unwrap().map(|claim| claim.execution.environment));
    }
    environments.sort();
    let expected = ["dev", "prod", "test"].map(|name| name.parse().unwrap());
    assert_eq!(environments, expected);
    start(&shared.one, &push("dev", 'b'), 2).await;
    assert_eq!(claim(&shared.two, 2).await, None, "dev has one running");
}

pub(super) async fn b4_a_worker_whose_lease_lapsed_cannot_write(shared: Shared) {
    start(&shared.one, &push("dev", 'a'), 0).await;
    let hung = claim(&shared.one, 0).await.unwrap();
    let held = shared.one.heartbeat(&hung, at(50)).await.unwrap();
    assert_eq!(held, Heartbeat::Held);
    assert_eq!(claim(&shared.two, 49).await, None, "the heartbeat prolonged it");
    let other = claim(&shared.two, 50).await.unwrap();
    assert_eq!(other.execution.id, hung.execution.id);
    let void = shared.one.write(&hung, at(51), |job| job.begin(Stage::Source, at(51))).await;
    assert_eq!(void.unwrap_err().kind(), ErrorKind::Conflict);
    let void = shared.one.heartbeat(&hung, at(99)).await;
    assert_eq!(void.unwrap_err().kind(), ErrorKind::Conflict);
    shared.two.write(&other, at(52), |job| job.begin(Stage::Source, at(52))).await.unwrap();
}

pub(super) async fn c6_another_worker_goes_on_in_the_middle_of_a_deployment(shared: Shared) {
    let rule = rule(1);
    let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, 0).await;
    let yes = decision("cleo", &digest, domain::approval::Verdict::Approve);
    decide(&shared.one, id, &yes, &rule, 1).await.unwrap();
    let killed = claim(&shared.one, 2).await.unwrap();
    shared.one.write(&killed, at(3), |job| job.begin(Stage::Deploy, at(3))).await.unwrap();
    shared.one.write(&killed, at(3), |job| job.step(Some("ProdEtlRoles"))).await.unwrap();
    let newer = start(&shared.two, &push("prod", 'b'), 4).await.id;

    let next = claim(&shared.two, 40).await.unwrap();
    assert_eq!(next.execution.id, id, "what was begun comes first");
    assert_eq!(next.execution.step.as_deref(), Some("ProdEtlRoles"));
    assert_eq!(next.execution.plan, Some(digest.clone()));
    let void = shared.one.deployed(&killed, &[], None, "late", at(41)).await;
    assert_eq!(void.unwrap_err().kind(), ErrorKind::Conflict);
    let ended = carry_out(&shared.two, &next, 41).await;
    assert_eq!(ended.status, ExecutionStatus::Succeeded);
    let prod = "prod".parse().unwrap();
    let deployments = shared.one.deployments(&prod, None, 10).await.unwrap();
    assert_eq!(deployments.len(), 1, "once");
    assert_eq!(deployments[0].1.plan, digest);
    assert_eq!(claim(&shared.one, 42).await.unwrap().execution.id, newer);
}

pub(super) async fn b5_an_execution_that_kills_its_workers_ends_failed(shared: Shared) {
    let id = start(&shared.one, &push("dev", 'a'), 0).await.id;
    for attempt in 0..3 {
        let claim = claim(&shared.one, attempt * 31).await.unwrap();
        if attempt == 0 {
            work(&shared.one, &claim, Stage::Source, 0).await;
        }
    }
    // The first claim got on, so that one more is given.
    assert!(shared.two.claim(&request("last"), at(93)).await.unwrap().is_some());
    assert_eq!(claim(&shared.two, 124).await, None);
    let ended = shared.one.execution(id).await.unwrap().unwrap();
    assert_eq!(ended.status, ExecutionStatus::Failed);
    start(&shared.one, &push("dev", 'b'), 125).await;
    assert!(claim(&shared.one, 126).await.is_some(), "others go on");
}
