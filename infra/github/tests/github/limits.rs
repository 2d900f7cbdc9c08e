//! GitHub's limits: what it asks for is done, and sizes are bounded.

use axum::http::Method;
use domain::ErrorKind;
use infra::lake_repository::LakeRepository;

use super::{main_branch, save};
use infra_github::testing::StandIn;

#[tokio::test]
async fn nothing_is_asked_while_github_asks_for_a_pause() {
    let stand_in = StandIn::start().await;
    let github = stand_in.github();
    let repository = github.lake_repository();
    let head = save(&repository, None, "x").await;
    let pause = [("retry-after", "2")];
    let body = "{\"message\":\"You have exceeded a secondary rate limit\"}";
    stand_in.refuse((Method::GET, "git/ref"), 1, (403, &pause, body));
    stand_in.take_seen();
    let asked = async || repository.head(&main_branch()).await;
    assert_eq!(asked().await.unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(stand_in.take_seen().len(), 1, "a limit is not tried again");
    for _ in 0..5 {
        let error = asked().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert!(error.message().contains("seconds of it are left"), "{error}");
    }
    let reported = github.lake_repository().commit(&"ab".repeat(20).parse().unwrap()).await;
    assert_eq!(reported.unwrap_err().kind(), ErrorKind::Throttled, "all that ask are silent");
    assert_eq!(stand_in.take_seen(), [""; 0]);
    tokio::time::sleep(std::time::Duration::from_millis(2_050)).await;
    assert_eq!(asked().await.unwrap(), Some(head));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let long = "x".repeat(17 * 1024 * 1024);
    stand_in.refuse((Method::GET, "git/ref"), 9, (200, &[], &long));
    let error = repository.head(&main_branch()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("more than"), "{error}");
}
