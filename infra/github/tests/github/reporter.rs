//! Statuses and comments.

use axum::http::Method;
use domain::ErrorKind;
use domain::branch::CommitId;
use infra::change_report::{ChangeReporter, CommitReport, PlanReport, ReportState};

use super::save;
use infra_github::testing::{ME, StandIn};

const DEV: &str = "<!-- sluice:plan:dev -->";

fn report(commit: &CommitId, environment: &str, state: ReportState, said: &str) -> CommitReport {
    CommitReport {
        commit: commit.clone(),
        environment: environment.parse().unwrap(),
        state,
        summary: said.to_owned(),
        link: "https://sluice.example.org/delivery".to_owned(),
    }
}

fn plan(environment: &str, markdown: &str) -> PlanReport {
    PlanReport {
        branch: "feature/tips".parse().unwrap(),
        environment: environment.parse().unwrap(),
        markdown: markdown.to_owned(),
    }
}

fn bodies(stand_in: &StandIn, pull_request: u64) -> Vec<String> {
    stand_in.comments(pull_request).into_iter().map(|comment| comment.body).collect()
}

#[tokio::test]
async fn each_environment_has_a_status_and_the_same_one_is_told_once() {
    let stand_in = StandIn::start().await;
    let (repository, reporter) =
        (stand_in.github().lake_repository(), stand_in.github().change_reporter());
    let commit = save(&repository, None, "x").await;
    let pending = report(&commit, "dev", ReportState::Pending, "is planned");
    let success = report(&commit, "dev", ReportState::Success, "runs in dev");
    let other = report(&commit, "test", ReportState::Failure, "was rejected");
    for told in [&pending, &pending, &other, &success, &success, &other] {
        reporter.report_commit(told).await.unwrap();
    }
    let statuses = stand_in.statuses(commit.as_str());
    let shown: Vec<_> = statuses
        .iter()
        .map(|status| (status["context"].as_str().unwrap(), status["state"].as_str().unwrap()))
        .collect();
    let expected =
        [("sluice/dev", "pending"), ("sluice/test", "failure"), ("sluice/dev", "success")];
    assert_eq!(shown, expected);
    assert_eq!(statuses[0]["target_url"], "https://sluice.example.org/delivery");
    assert_eq!(statuses[2]["description"], "runs in dev");
}

#[tokio::test]
async fn a_status_whose_answer_was_lost_is_told_once_more_and_counts_once() {
    let stand_in = StandIn::start().await;
    let reporter = stand_in.github().change_reporter();
    let commit = save(&stand_in.github().lake_repository(), None, "x").await;
    stand_in.lose_answer(Method::POST, "statuses");
    let pending = report(&commit, "dev", ReportState::Pending, "is planned");
    reporter.report_commit(&pending).await.unwrap();
    reporter.report_commit(&pending).await.unwrap();
    let statuses = stand_in.statuses(commit.as_str());
    assert!(statuses.iter().all(|status| *status == statuses[0]), "{statuses:?}");
    let unknown = report(&"ab".repeat(20).parse().unwrap(), "dev", ReportState::Error, "x");
    let refused = reporter.report_commit(&unknown).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_plan_is_one_comment_for_each_pull_request_and_environment() {
    let stand_in = StandIn::start().await;
    let reporter = stand_in.github().change_reporter();
    assert_eq!(reporter.report_plan(&plan("dev", "nobody asks")).await.unwrap(), 0);
    stand_in.open(1, "acme", "feature/tips");
    stand_in.open(2, "acme", "feature/tips");
    stand_in.open(3, "somebody-else", "feature/tips");
    stand_in.open(4, "acme", "feature/other");
    for markdown in ["first", "second", "second"] {
        assert_eq!(reporter.report_plan(&plan("dev", markdown)).await.unwrap(), 2);
    }
    reporter.report_plan(&plan("test", "third")).await.unwrap();
    let expected = [format!("{DEV}\nsecond"), "<!-- sluice:plan:test -->\nthird".to_owned()];
    for number in [1, 2] {
        assert_eq!(bodies(&stand_in, number), expected);
    }
    assert_eq!(bodies(&stand_in, 3).len() + bodies(&stand_in, 4).len(), 0);

    stand_in.take_seen();
    reporter.report_plan(&plan("dev", "second")).await.unwrap();
    let seen = stand_in.take_seen();
    assert!(seen.iter().all(|request| request.starts_with("GET ")), "{seen:?}");
}

#[tokio::test]
async fn the_own_comment_is_found_among_many_and_those_of_others_are_left_alone() {
    let stand_in = StandIn::start().await;
    stand_in.open(1, "acme", "feature/tips");
    stand_in.write(1, 5, &format!("{DEV}\nI look like Sluice"));
    stand_in.write(1, 0, "I left GitHub");
    stand_in.write(1, ME, &format!("I quote {DEV}"));
    for number in 0..140 {
        stand_in.write(1, 6, &format!("comment {number}"));
    }
    let reporter = stand_in.github().change_reporter();
    reporter.report_plan(&plan("dev", "mine")).await.unwrap();
    reporter.report_plan(&plan("dev", "mine, edited")).await.unwrap();
    let comments = stand_in.comments(1);
    assert_eq!(comments.len(), 144);
    assert_eq!(comments[0].body, format!("{DEV}\nI look like Sluice"));
    assert_eq!(comments[143].body, format!("{DEV}\nmine, edited"));
}

#[tokio::test]
async fn two_comments_of_a_race_become_one() {
    let stand_in = StandIn::start().await;
    stand_in.open(1, "acme", "feature/tips");
    for number in 0..3 {
        stand_in.write(1, ME, &format!("{DEV}\n{number}"));
    }
    let reporter = stand_in.github().change_reporter();
    reporter.report_plan(&plan("dev", "last")).await.unwrap();
    assert_eq!(bodies(&stand_in, 1), [format!("{DEV}\nlast")]);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found_when_it_is_told_again() {
    let stand_in = StandIn::start().await;
    stand_in.open(1, "acme", "feature/tips");
    let reporter = stand_in.github().change_reporter();
    stand_in.lose_answer(Method::POST, "issues/1/comments");
    let lost = reporter.report_plan(&plan("dev", "x")).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
    reporter.report_plan(&plan("dev", "x")).await.unwrap();
    assert_eq!(bodies(&stand_in, 1).len(), 1);
}
