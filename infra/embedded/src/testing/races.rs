//! People, pushes and workers at the same moment. Each race is run often, over two connections.

use domain::ErrorKind;
use domain::approval::{Decision, Verdict};
use domain::pipeline::ExecutionStatus;
use infra::plan::sample::at;

use super::Shared;
use super::walk::{asked, claim, decide, decision, push, rule, start};

const ROUNDS: i64 = 10;

pub(super) async fn c12_of_two_approvals_one_decides_where_one_is_needed(shared: Shared) {
    let rule = rule(1);
    for round in 0..ROUNDS {
        let now = round * 100;
        let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, now).await;
        let cleo = decision("cleo", &digest, Verdict::Approve);
        let dan = decision("dan", &digest, Verdict::Approve);
        let (one, other) = tokio::join!(
            decide(&shared.one, id, &cleo, &rule, now),
            decide(&shared.two, id, &dan, &rule, now)
        );
        let lost: Vec<_> = [one, other].into_iter().filter_map(Result::err).collect();
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert_eq!(lost[0].kind(), ErrorKind::Conflict);
        assert_eq!(shared.one.decisions(id).await.unwrap().len(), 1);
        shared.one.cancel(id, at(now)).await.unwrap();
    }
}

pub(super) async fn c12_two_approvals_that_race_are_both_counted(shared: Shared) {
    let rule = rule(2);
    for round in 0..ROUNDS {
        let now = round * 100;
        let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, now).await;
        let cleo = decision("cleo", &digest, Verdict::Approve);
        let dan = decision("dan", &digest, Verdict::Approve);
        let again = decision("cleo", &digest, Verdict::Approve);
        let (one, other) = tokio::join!(
            decide(&shared.one, id, &cleo, &rule, now),
            decide(&shared.two, id, &dan, &rule, now)
        );
        let statuses = [one.unwrap().status, other.unwrap().status];
        assert!(statuses.contains(&ExecutionStatus::Queued), "{statuses:?}");
        assert!(statuses.contains(&ExecutionStatus::AwaitingApproval), "{statuses:?}");
        let late = decide(&shared.one, id, &again, &rule, now).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Conflict);
        shared.one.cancel(id, at(now)).await.unwrap();
    }
    let (id, digest) = asked(&shared.one, &push("prod", 'b'), &rule, 5_000).await;
    let cleo = decision("cleo", &digest, Verdict::Approve);
    decide(&shared.one, id, &cleo, &rule, 5_000).await.unwrap();
    let twice = decide(&shared.one, id, &cleo, &rule, 5_000).await.unwrap_err();
    assert!(twice.message().contains("has decided"), "{twice}");
}

pub(super) async fn who_approved_may_still_break_the_glass_or_reject(shared: Shared) {
    let rule = rule(2);
    for verdict in [Verdict::Approve, Verdict::Reject] {
        let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, 0).await;
        let yes = decision("root", &digest, Verdict::Approve);
        let waiting = decide(&shared.one, id, &yes, &rule, 1).await.unwrap();
        assert_eq!(waiting.status, ExecutionStatus::AwaitingApproval);
        let break_glass = verdict == Verdict::Approve;
        let other = Decision { verdict, break_glass, ..yes };
        let decided = decide(&shared.two, id, &other, &rule, 2).await.unwrap();
        let expected =
            if break_glass { ExecutionStatus::Queued } else { ExecutionStatus::Rejected };
        assert_eq!(decided.status, expected);
        assert_eq!(shared.one.decisions(id).await.unwrap(), [other]);
    }
}

pub(super) async fn c12_approve_against_reject_has_one_winner(shared: Shared) {
    let rule = rule(1);
    for round in 0..ROUNDS {
        let now = round * 100;
        let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, now).await;
        let yes = decision("cleo", &digest, Verdict::Approve);
        let no = decision("dan", &digest, Verdict::Reject);
        let (yes, no) = tokio::join!(
            decide(&shared.one, id, &yes, &rule, now),
            decide(&shared.two, id, &no, &rule, now)
        );
        let status = shared.one.execution(id).await.unwrap().unwrap().status;
        match (&yes, &no) {
            (Ok(_), Err(error)) => {
                assert_eq!((status, error.kind()), (ExecutionStatus::Queued, ErrorKind::Conflict));
                shared.one.cancel(id, at(now)).await.unwrap();
            }
            (Err(error), Ok(_)) => {
                let expected = (ExecutionStatus::Rejected, ErrorKind::Conflict);
                assert_eq!((status, error.kind()), expected);
            }
            both => panic!("both or none: {both:?}"),
        }
    }
}

pub(super) async fn c2_a_push_voids_a_plan_that_is_being_approved(shared: Shared) {
    let rule = rule(1);
    for round in 0..ROUNDS {
        let now = round * 100;
        let (id, digest) = asked(&shared.one, &push("prod", 'a'), &rule, now).await;
        let yes = decision("cleo", &digest, Verdict::Approve);
        let new = push("prod", 'b');
        let (decided, newer) = tokio::join!(
            decide(&shared.one, id, &yes, &rule, now),
            shared.two.enqueue(&new, None, at(now))
        );
        newer.unwrap();
        let older = shared.one.execution(id).await.unwrap().unwrap();
        assert_eq!(older.status, ExecutionStatus::Superseded, "whoever came first");
        if let Err(error) = decided {
            assert_eq!(error.kind(), ErrorKind::Conflict);
            assert!(error.message().contains("SUPERSEDED"), "{error}");
        }
        let newer = claim(&shared.one, now + 1).await.unwrap().execution;
        assert_eq!(newer.commit, new.commit);
        shared.one.cancel(newer.id, at(now)).await.unwrap();
        assert_eq!(claim(&shared.one, now + 60).await, None, "its lease lapsed: it is cancelled");
    }
}

pub(super) async fn a_cancel_against_a_claim_is_never_lost(shared: Shared) {
    for round in 0..ROUNDS {
        let now = round * 100;
        let id = start(&shared.one, &push("dev", 'a'), now).await.id;
        let (cancelled, claimed) =
            tokio::join!(shared.one.cancel(id, at(now)), claim(&shared.two, now));
        let cancelled = cancelled.unwrap();
        assert!(cancelled.cancel_requested);
        if let Some(claim) = claimed {
            assert_eq!(cancelled.status, ExecutionStatus::Running);
            shared.two.write(&claim, at(now), |job| job.cancelled(at(now))).await.unwrap();
        }
        let ended = shared.one.execution(id).await.unwrap().unwrap();
        assert_eq!(ended.status, ExecutionStatus::Cancelled);
    }
}
