//! People are reminded of plans that wait, each time once, and are told when one expires.

use domain::access::Role;
use domain::notification::NotifiedEvent;
use domain::pipeline::ExecutionStatus;
use jiff::{SignedDuration, Timestamp};

use super::team::Team;

/// What waits in the outbox of prod: event and id.
async fn told(team: &Team) -> Vec<(NotifiedEvent, String)> {
    let outbox = &team.lake("prod").lake.outbox;
    let later = Timestamp::now() + SignedDuration::from_hours(1_000);
    let pending = outbox.take_due(later, later, 100).await.unwrap();
    let told =
        pending.into_iter().filter_map(|one| Some((one.notification.event?, one.notification.id)));
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_plan_that_waits_is_told_of_once_per_interval_and_once_when_it_expires() {
    use NotifiedEvent::{ApprovalExpired, ApprovalExpiring, ApprovalNeeded};
    let team = Team::new().await;
    team.deploy(&[]).await;
    let waiting = team.ask_to_promote().await;
    assert_eq!(waiting.status, ExecutionStatus::AwaitingApproval);
    let asked = Timestamp::now();
    let after =
        |hours: i64| asked + SignedDuration::from_hours(hours) + SignedDuration::from_mins(1);
    let events = |told: &[(NotifiedEvent, String)]| -> Vec<_> {
        told.iter().map(|(event, _)| *event).collect()
    };
    for (hours, expected) in [
        (1, vec![ApprovalNeeded]),
        (4, vec![ApprovalNeeded; 2]),
        (5, vec![ApprovalNeeded; 2]),
        (28, vec![ApprovalNeeded; 3]),
        (71, vec![ApprovalNeeded, ApprovalNeeded, ApprovalNeeded, ApprovalExpiring]),
    ] {
        // Two servers look, and look again.
        let (one, other) = (team.delivery.tend(after(hours)), team.delivery.tend(after(hours)));
        let (one, other) = tokio::join!(one, other);
        one.and(other).unwrap();
        team.delivery.tend(after(hours)).await.unwrap();
        assert_eq!(events(&told(&team).await), expected, "after {hours} hours");
    }
    team.delivery.tend(after(72)).await.unwrap();
    team.delivery.tend(after(73)).await.unwrap();
    assert_eq!(team.newest("prod").await.status, ExecutionStatus::Expired);
    let all = told(&team).await;
    assert_eq!(events(&all)[4..], [ApprovalExpired]);
    let mut ids: Vec<_> = all.iter().map(|(_, id)| id).collect();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each has an id of its own: {all:?}");
    let lines = team.delivery.pipelines.lines(waiting.id, 0, 1_000).await.unwrap();
    let reminded = lines.iter().filter(|line| line.message.contains("are reminded")).count();
    assert_eq!(reminded, 3, "the log says when");
    assert!(lines.iter().any(|line| line.message.contains("nobody decided in time")));
    let ada = team.sign_in("ada", &[Role::Viewer]).await;
    let page = team.page(&ada, &format!("/prod/pipelines/{}", waiting.id)).await;
    assert!(page.text.contains("xpired"), "the page of the execution says so");
}
