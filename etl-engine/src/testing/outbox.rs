//! The contract of the outbox. It is filled by cancelling waiting runs, the shortest way.

use super::cases;
use super::run_ledger::LedgerUnderTest;
use super::sample::{at, new_run};
use crate::notify::{DeliveryState, Pending};
use crate::run::{NewRun, RunCommand};
use domain::ErrorKind;
use domain::notification::{Notification, NotificationRoute, NotifiedEvent};

/// Runs the contract over the outboxes that `make` makes, each empty.
pub async fn outbox(make: impl AsyncFn() -> LedgerUnderTest) {
    cases!(
        "outbox",
        make,
        [
            the_oldest_come_first_and_no_more_than_asked_for,
            what_was_taken_is_hidden_until_then,
            b10_what_was_not_delivered_comes_again,
            what_was_delivered_or_given_up_does_not_come_again,
            b13_two_callers_never_take_the_same_one,
            an_unknown_notification_is_not_found,
            what_it_is_about_is_kept_and_a_held_run_is_told_of,
            routes_are_those_that_were_set_last,
            the_latest_are_told_first_with_what_became_of_them,
        ]
    );
}

async fn the_oldest_come_first_and_no_more_than_asked_for(test: LedgerUnderTest) {
    let ids = fill(&test, 3).await;
    let taken = test.outbox.take_due(at(100), at(200), 2).await.unwrap();
    assert_eq!(ids_of(&taken), ids[..2]);
    assert_eq!(taken[0].attempts, 0);
    assert!(taken[0].notification.subject.contains("cancelled"));
    assert_eq!(taken[0].notification.body["status"], "CANCELLED");
}

async fn what_was_taken_is_hidden_until_then(test: LedgerUnderTest) {
    fill(&test, 1).await;
    assert_eq!(test.outbox.take_due(at(-1), at(200), 9).await.unwrap(), []);
    let taken = test.outbox.take_due(at(100), at(200), 9).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(test.outbox.take_due(at(199), at(300), 9).await.unwrap(), []);
    assert_eq!(test.outbox.take_due(at(200), at(300), 9).await.unwrap(), taken);
}

async fn b10_what_was_not_delivered_comes_again(test: LedgerUnderTest) {
    let ids = fill(&test, 1).await;
    test.outbox.take_due(at(100), at(200), 9).await.unwrap();
    test.outbox.failed(&ids[0], "refused", Some(at(110))).await.unwrap();
    assert_eq!(test.outbox.take_due(at(109), at(200), 9).await.unwrap(), []);
    let again = test.outbox.take_due(at(110), at(200), 9).await.unwrap();
    assert_eq!(ids_of(&again), ids);
    assert_eq!(again[0].attempts, 1);
}

async fn what_was_delivered_or_given_up_does_not_come_again(test: LedgerUnderTest) {
    let ids = fill(&test, 2).await;
    test.outbox.take_due(at(100), at(200), 9).await.unwrap();
    test.outbox.delivered(&ids[0], at(101)).await.unwrap();
    test.outbox.failed(&ids[1], "gone", None).await.unwrap();
    assert_eq!(test.outbox.take_due(at(9_000), at(9_999), 9).await.unwrap(), []);
}

async fn b13_two_callers_never_take_the_same_one(test: LedgerUnderTest) {
    let mut ids = fill(&test, 20).await;
    let callers = (0..6).map(|_| {
        let outbox = test.outbox.clone();
        tokio::spawn(async move { outbox.take_due(at(100), at(200), 7).await.unwrap() })
    });
    let mut taken = Vec::new();
    for caller in futures::future::join_all(callers).await {
        taken.extend(ids_of(&caller.unwrap()));
    }
    taken.extend(ids_of(&test.outbox.take_due(at(100), at(200), 99).await.unwrap()));
    taken.sort();
    ids.sort();
    assert_eq!(taken, ids);
}

async fn an_unknown_notification_is_not_found(test: LedgerUnderTest) {
    let delivered = test.outbox.delivered("nobody", at(1)).await.unwrap_err();
    let failed = test.outbox.failed("nobody", "x", None).await.unwrap_err();
    assert_eq!((delivered.kind(), failed.kind()), (ErrorKind::NotFound, ErrorKind::NotFound));
}

async fn what_it_is_about_is_kept_and_a_held_run_is_told_of(test: LedgerUnderTest) {
    let held = NewRun { held: Some("nobody registered it".into()), ..new_run("yellow", "0.csv") };
    let held = test.ledger.record(&held, at(0)).await.unwrap().run().clone();
    let taken = test.outbox.take_due(at(100), at(200), 9).await.unwrap();
    assert_eq!(taken[0].notification, Notification::of_run(&held, at(0)));
    assert_eq!(taken[0].notification.event, Some(NotifiedEvent::RunHeld));
    assert!(taken[0].notification.source_system.is_some());
}

async fn routes_are_those_that_were_set_last(test: LedgerUnderTest) {
    assert_eq!(test.outbox.routes().await.unwrap(), None);
    let route = NotificationRoute {
        target: "oncall".into(),
        events: vec![NotifiedEvent::RunFailed],
        environments: vec!["dev".parse().unwrap()],
        source_systems: vec!["tlc".into()],
    };
    for routes in [Some(vec![route]), Some(Vec::new()), None] {
        test.outbox.set_routes(routes.as_deref()).await.unwrap();
        test.outbox.set_routes(routes.as_deref()).await.unwrap();
        assert_eq!(test.outbox.routes().await.unwrap(), routes);
    }
}

async fn the_latest_are_told_first_with_what_became_of_them(test: LedgerUnderTest) {
    assert_eq!(test.outbox.recent(9).await.unwrap(), []);
    let ids = fill(&test, 4).await;
    test.outbox.take_due(at(100), at(200), 9).await.unwrap();
    test.outbox.failed(&ids[1], "refused", Some(at(110))).await.unwrap();
    test.outbox.delivered(&ids[2], at(101)).await.unwrap();
    test.outbox.failed(&ids[3], "gone", None).await.unwrap();
    let told = test.outbox.recent(9).await.unwrap();
    let newest_first: Vec<_> = ids.iter().rev().collect();
    assert_eq!(told.iter().map(|told| &told.id).collect::<Vec<_>>(), newest_first);
    let became: Vec<_> = told
        .iter()
        .map(|told| (told.state, told.failed_attempts, told.last_error.as_deref()))
        .collect();
    let expected = [
        (DeliveryState::GivenUp, 1, Some("gone")),
        (DeliveryState::Delivered, 0, None),
        (DeliveryState::Waiting, 1, Some("refused")),
        (DeliveryState::Waiting, 0, None),
    ];
    assert_eq!(became, expected);
    assert_eq!((told[1].delivered_at, told[1].created_at), (Some(at(101)), at(2)));
    assert!(told[0].subject.contains("cancelled"));
    assert_eq!(test.outbox.recent(2).await.unwrap(), told[..2]);
}

/// Puts notifications into the outbox, one a second; their ids, oldest first.
async fn fill(test: &LedgerUnderTest, count: i64) -> Vec<String> {
    let mut ids = Vec::new();
    for second in 0..count {
        let new = new_run("yellow", &format!("{second}.csv"));
        let run = test.ledger.record(&new, at(0)).await.unwrap().run().id;
        let run = test.ledger.command(run, RunCommand::Cancel, at(second)).await.unwrap();
        ids.push(Notification::of_run(&run, at(second)).id);
    }
    ids
}

fn ids_of(pending: &[Pending]) -> Vec<String> {
    pending.iter().map(|pending| pending.notification.id.clone()).collect()
}
