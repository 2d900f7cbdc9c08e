//! Runs over HTTP: lists and their filters, one run, its log, commands, events, the overview.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, StatusCode};
use domain::access::Role;
use domain::run::{Run, RunStatus};
use etl_engine::run::{ClaimRequest, RunCommand};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::file;

/// How long after a change a listener may hear of it.
const LIVE: Duration = Duration::from_secs(2);

/// A console over a lake with a run that succeeded, one that failed and one that is held.
struct Lake {
    console: TestConsole,
    succeeded: Run,
    failed: Run,
    held: Run,
}

impl Lake {
    async fn new() -> Self {
        let console = TestConsole::new().await;
        let lake = &console.lake;
        let succeeded = lake.ingest("shop/orders/good.csv", file([(1, 5), (2, 6)])).await;
        let failed = lake.ingest("shop/orders/bad.csv", "other,columns\n1,2\n").await;
        let held = lake.ingest("shop/returns/early.csv", "id\n1\n").await;
        let found = [&succeeded, &failed, &held].map(|run| run.status);
        assert_eq!(found, [RunStatus::Succeeded, RunStatus::Failed, RunStatus::Held]);
        Self { console, succeeded, failed, held }
    }
}

fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.json["items"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    items.iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect()
}

async fn listed(person: &Person<'_>, query: &str) -> Vec<String> {
    ids(&person.get(&format!("/runs?{query}")).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_filtered_by_what_stands_in_the_address() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    let [good, bad, held] =
        [&lake.succeeded, &lake.failed, &lake.held].map(|run| run.id.to_string());
    assert_eq!(listed(&vera, "").await, [held.clone(), bad.clone(), good.clone()]);
    assert_eq!(listed(&vera, "status=FAILED&status=HELD").await, [held.clone(), bad.clone()]);
    assert_eq!(
        listed(&vera, "dataset=shop%2Forders&status=&actor=").await,
        [bad.clone(), good.clone()]
    );
    assert_eq!(listed(&vera, "trigger=replay").await, Vec::<String>::new());
    assert_eq!(listed(&vera, "actor=test&trigger=event").await.len(), 3);
    assert_eq!(listed(&vera, "key=shop/orders/bad.csv").await, [bad]);
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(24);
    assert_eq!(listed(&vera, &format!("from={tomorrow}")).await, Vec::<String>::new());
    assert_eq!(listed(&vera, &format!("to={tomorrow}&from=2020-01-01T00:00")).await.len(), 3);
    let wrong = vera.get("/runs?status=GONE").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.json["detail"].as_str().unwrap().contains("status"), "{}", wrong.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn f3_pages_lead_forth_and_back() {
    let console = TestConsole::new().await;
    for number in 0..7 {
        let arrival = console.lake.land(&format!("shop/orders/{number}.csv"), file([(1, 1)])).await;
        console.lake.record(&arrival).await;
    }
    let vera = console.sign_in("vera", Role::Viewer).await;
    let all = listed(&vera, "").await;
    let page = async |query: String| {
        let answer = vera.get(&format!("/runs?limit=3{query}")).await;
        (ids(&answer), answer.json["next"].as_str().map(ToOwned::to_owned))
    };
    let (first, next) = page(String::new()).await;
    let (second, after) = page(format!("&after={}", next.unwrap())).await;
    let (third, end) = page(format!("&after={}", after.unwrap())).await;
    assert_eq!((&first[..], &second[..], &third[..]), (&all[..3], &all[3..6], &all[6..]));
    assert_eq!(end, None);
    let (back, next) = page(format!("&newer_than={}", third[0])).await;
    assert_eq!((back, next.as_ref()), (second.clone(), second.last()));
    let (back, _) = page(format!("&newer_than={}", second[0])).await;
    assert_eq!(back, first);
    // From the middle of the first page there is less than a page before: it is the first again.
    assert_eq!(page(format!("&newer_than={}", all[1])).await.0, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_tells_versions_steps_and_other_runs_of_its_file() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    lake.console.lake.ingest("shop/orders/good.csv", file([(3, 5)])).await;
    let run = vera.get(&format!("/runs/{}", lake.succeeded.id)).await.json;
    assert_eq!(
        (&run["source"]["version"], &run["transformation"]["version"]),
        (&json!(1), &json!(1))
    );
    assert!(run["transformation"]["sql"].as_str().unwrap().contains("shop.orders"), "{run}");
    assert_eq!(run["object_version"], json!(lake.succeeded.arrival.version.to_string()));
    assert_eq!(run["steps"][0]["counts"]["rows_written"], json!(2));
    assert_eq!(run["same_file"].as_array().unwrap().len(), 1);
    let failed = vera.get(&format!("/runs/{}", lake.failed.id)).await.json;
    assert_eq!(failed["failure"]["hop"], json!("raw_to_conformed"), "{failed}");
    let unknown = vera.get("/runs/0190a5a0-0000-7000-8000-000000000000").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(vera.get("/runs/nonsense").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_a_log_that_says_what_happened() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    let log = vera.get(&format!("/runs/{}/log", lake.succeeded.id)).await.json;
    let lines: Vec<_> = log["items"].as_array().unwrap().iter().collect();
    let said =
        |text: &str| lines.iter().any(|line| line["message"].as_str().unwrap().contains(text));
    for text in [
        "attempt 1 begins",
        "2 rows read, 2 written, 0 rejected",
        "shop.orders",
        "the run succeeded",
    ] {
        assert!(said(text), "{text:?} is not in {log}");
    }
    let numbers: Vec<_> = lines.iter().map(|line| line["sequence"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let failed = vera.get(&format!("/runs/{}/log", lake.failed.id)).await.json;
    let last = failed["items"].as_array().unwrap().last().unwrap();
    assert_eq!(last["level"], json!("error"), "{failed}");
    let waiting = vera.get(&format!("/runs/{}/log", lake.held.id)).await.json;
    assert_eq!(waiting["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_cancel_and_replay_follow_where_the_run_stands() {
    let lake = Lake::new().await;
    let ada = lake.console.sign_in("ada", Role::Engineer).await;
    let act = async |run: &Run, what: &str| {
        ada.post(&format!("/runs/{}/{what}", run.id), json!({})).await
    };
    for (run, what) in
        [(&lake.succeeded, "retry"), (&lake.succeeded, "cancel"), (&lake.held, "replay")]
    {
        let refused = act(run, what).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{what}: {}", refused.text);
    }
    let retried = act(&lake.failed, "retry").await;
    assert_eq!((retried.status, &retried.json["status"]), (StatusCode::OK, &json!("QUEUED")));
    let cancelled = act(&lake.failed, "cancel").await;
    assert_eq!(cancelled.json["status"], json!("CANCELLED"));
    let log = ada.get(&format!("/runs/{}/log", lake.failed.id)).await.text;
    assert!(log.contains("ada asked to cancel"), "{log}");

    let replay = act(&lake.succeeded, "replay").await;
    assert_eq!((&replay.json["actor"], &replay.json["trigger"]), (&json!("ada"), &json!("replay")));
    lake.console.lake.carry_out_all().await;
    let new = ada.get(&format!("/runs/{}", replay.json["id"].as_str().unwrap())).await.json;
    assert_eq!(new["run"]["status"], json!("SUCCEEDED"));
    assert_eq!(new["original"], json!(lake.succeeded.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_a_viewer_cannot_operate_runs() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    for what in ["retry", "cancel", "replay"] {
        let refused = vera.post(&format!("/runs/{}/{what}", lake.failed.id), json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{what}");
    }
    assert_eq!(lake.console.lake.run(lake.failed.id).await, lake.failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_says_what_failed_and_what_waits() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    let overview = vera.get("/overview").await.json;
    let zones = overview["zones"].as_array().unwrap();
    let names: Vec<_> = zones.iter().map(|zone| zone["zone"].as_str().unwrap()).collect();
    assert_eq!(names, ["raw", "conformed", "purpose-built"]);
    assert_eq!((&zones[0]["files"], &zones[1]["rows"]), (&json!(3), &json!(2)), "{overview}");
    let days = overview["days"].as_array().unwrap();
    assert_eq!(days.len(), 14);
    let today = &days[13];
    let counts = ["succeeded", "failed", "open", "other"].map(|name| today[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 0], "{today}");
    assert_eq!(overview["failed"][0]["id"], json!(lake.failed.id));
    assert_eq!(overview["held"][0]["id"], json!(lake.held.id));
    assert_eq!(overview["datasets"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_their_data_without_javascript() {
    let lake = Lake::new().await;
    let vera = lake.console.sign_in("vera", Role::Viewer).await;
    let shows = async |path: &str, texts: &[&str]| {
        let page = vera.page(path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        for text in texts {
            assert!(page.text.contains(text), "{path} does not show {text:?}:\n{}", page.text);
        }
        page.text
    };
    shows("/dev", &["What failed", "bad.csv", "early.csv", "Register this source"]).await;
    shows("/dev/runs", &["good.csv", "bad.csv", "shop/returns"]).await;
    let failed = shows("/dev/runs?status=FAILED", &["bad.csv"]).await;
    assert!(!failed.contains("good.csv"));
    let run = format!("/dev/runs/{}", lake.succeeded.id);
    shows(&run, &["Rows written", "SELECT year, month, day", "the run succeeded"]).await;
    shows("/dev/runs?status=CANCELLED", &["No run is like this"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_heard_of_within_two_seconds() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let mut events = vera.listen().await;
    assert_eq!(events.next().await.unwrap().0, "sync");
    let arrival = console.lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    // The poller looks for the first time when somebody listens.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begin = Instant::now();
    let run = console.lake.record(&arrival).await;
    let (kind, data) = events.next().await.unwrap();
    assert!(begin.elapsed() < LIVE, "{:?}", begin.elapsed());
    let heard: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(
        (kind.as_str(), &heard["id"], &heard["status"]),
        ("run", &json!(run.id), &json!("QUEUED"))
    );
    // Another process on the same database writes to the ledger too.
    let ledger = &console.lake.embedded.lake.ledger;
    ledger.command(run.id, RunCommand::Cancel, Timestamp::now()).await.unwrap();
    let heard: Value = serde_json::from_str(&events.next().await.unwrap().1).unwrap();
    assert_eq!(heard["status"], json!("CANCELLED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_listening_ends_with_the_session() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let mut events = vera.listen().await;
    assert_eq!(events.next().await.unwrap().0, "sync");
    console.end_sessions(&vera).await;
    let arrival = console.lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    console.lake.record(&arrival).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), events.next()).await.unwrap();
    assert_eq!(ended, None, "nothing is told to who is signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn d19_nobody_listens_without_bound() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let mut open = Vec::new();
    let refused = loop {
        let answer = vera.stream("/events").await;
        if answer.status() != StatusCode::OK {
            break answer.status();
        }
        open.push(answer);
        assert!(open.len() < 100, "one person may listen {} times", open.len());
    };
    assert_eq!(refused, StatusCode::TOO_MANY_REQUESTS);
    let other = console.sign_in("walt", Role::Viewer).await;
    assert_eq!(other.stream("/events").await.status(), StatusCode::OK);
    drop(open);
    assert_eq!(vera.stream("/events").await.status(), StatusCode::OK);
}

/// While a worker holds a run, its page shows how far it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_step_shows_how_far_it_is() {
    let console = TestConsole::new().await;
    let vera = console.sign_in("vera", Role::Viewer).await;
    let arrival = console.lake.land("shop/orders/a.csv", file([(1, 1)])).await;
    let run = console.lake.record(&arrival).await;
    let ledger = &console.lake.embedded.lake.ledger;
    let (worker, lease) = ("one".to_owned(), SignedDuration::from_mins(1));
    let request = ClaimRequest { worker, lease, max_attempts: 3 };
    let claim = ledger.claim(&request, Timestamp::now()).await.unwrap().unwrap();
    let mut running = claim.run.clone();
    let hop = domain::zone::Hop::RawToConformed;
    running.steps = vec![etl_engine::testing::sample::step(hop, domain::run::StepStatus::Running)];
    ledger.checkpoint(&claim, &running, None).await.unwrap();
    let counts = domain::run::Counts { rows_read: 4321, bytes_read: 20, ..Default::default() };
    let so_far = Some(etl_engine::run::SoFar { hop, counts });
    ledger.heartbeat(&claim, Timestamp::now() + lease, so_far).await.unwrap();
    let shown = vera.get(&format!("/runs/{}", run.id)).await.json;
    assert_eq!(shown["steps"][0]["counts"]["rows_read"], json!(4321));
    assert_eq!(shown["steps"][0]["bytes_total"], json!(arrival.size));
    let page = vera.page(&format!("/dev/runs/{}", run.id)).await;
    assert!(page.text.contains("4,321"), "{}", page.text);
    let refused = vera.send(Method::DELETE, &format!("/runs/{}", run.id), &[], Body::empty()).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
}
