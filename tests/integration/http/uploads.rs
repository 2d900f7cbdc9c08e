//! Uploads over HTTP: pieces, resumption, bounds, owners, names.

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use domain::access::Role;
use domain::run::{RunStatus, Trigger};
use futures::stream;
use serde_json::json;

use super::console::{Answer, Person, TestConsole};
use crate::support::lake::{TestLake, file, files_below};

async fn begin(person: &Person<'_>, name: &str, size: usize) -> Answer {
    let new = json!({"dataset": "shop/orders", "file_name": name, "size": size});
    person.post("/uploads", new).await
}

async fn begun(person: &Person<'_>, name: &str, size: usize) -> String {
    let answer = begin(person, name, size).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    format!("/uploads/{}", answer.json["id"].as_str().unwrap())
}

async fn piece(person: &Person<'_>, path: &str, offset: usize, bytes: impl Into<Body>) -> Answer {
    let headers = [("upload-offset", &*offset.to_string())];
    person.send(Method::PATCH, path, &headers, bytes.into()).await
}

fn bytes_kept(console: &TestConsole) -> usize {
    files_below(&console.lake.zone("raw").join(".uploads")).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_in_pieces_becomes_a_run_of_its_sender() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let text = file([(1, 1), (2, 1), (3, 2)]);
    let answer = begin(&ada, "a.csv", text.len()).await;
    assert_eq!(answer.json["key"], json!("shop/orders/a.csv"));
    assert_eq!(answer.json["replaces"], json!(false));
    let path = format!("/uploads/{}", answer.json["id"].as_str().unwrap());
    let (head, tail) = text.split_at(20);
    let half = piece(&ada, &path, 0, head.to_owned()).await;
    assert_eq!((half.status, &half.json["offset"]), (StatusCode::OK, &json!(20)), "{}", half.text);
    let whole = piece(&ada, &path, 20, tail.to_owned()).await;
    let run = whole.json["run"].as_str().expect(&whole.text).parse().unwrap();
    console.lake.carry_out_all().await;
    let run = console.lake.run(run).await;
    assert_eq!((run.status, run.trigger), (RunStatus::Succeeded, Trigger::Landing));
    assert_eq!((run.actor.as_str(), run.steps[0].counts.rows_written), ("ada", 3));
    assert_eq!(bytes_kept(&console), 0);
    // Whoever lost the answer asks again, or sends the last piece again.
    assert_eq!(ada.get(&path).await.json["run"], json!(run.id));
    assert_eq!(piece(&ada, &path, 20, tail.to_owned()).await.json["run"], json!(run.id));
    let landings = console.audited("upload.land").await;
    assert_eq!(landings.len(), 1, "{landings:?}");
    let metrics = ada.page("/metrics").await.text;
    let counted = format!("sluice_uploaded_bytes_total {}\n", text.len());
    assert!(metrics.contains(&counted), "not counted once: {metrics}");
    assert_eq!(
        ada.send(Method::DELETE, &path, &[], Body::empty()).await.status,
        StatusCode::CONFLICT
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_name_again_is_a_new_version_whose_rows_replace_the_old() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    for (rows, replaces) in [(2, false), (5, true)] {
        let text = file((1..=rows).map(|id| (id, 1)));
        let answer = begin(&ada, "a.csv", text.len()).await;
        assert_eq!(answer.json["replaces"], json!(replaces));
        let path = format!("/uploads/{}", answer.json["id"].as_str().unwrap());
        piece(&ada, &path, 0, text).await;
        console.lake.carry_out_all().await;
    }
    let count = console.lake.query("SELECT count(*) FROM shop.orders").await;
    assert_eq!(count, [["5"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_offset_is_answered_with_the_right_one() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let path = begun(&ada, "a.csv", 10).await;
    piece(&ada, &path, 0, "id,x").await;
    let wrong = piece(&ada, &path, 0, "id,x").await;
    assert_eq!(
        (wrong.status, &wrong.headers["upload-offset"]),
        (StatusCode::CONFLICT, &"4".parse().unwrap())
    );
    let no_offset = ada.send(Method::PATCH, &path, &[], "x".into()).await;
    assert_eq!(no_offset.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_before_a_break_is_kept() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let path = begun(&ada, "a.csv", 10).await;
    let broken = stream::iter([Ok(Bytes::from("id,x")), Err(std::io::Error::other("gone"))]);
    let answer = piece(&ada, &path, 0, Body::from_stream(broken)).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ada.get(&path).await.json["offset"], json!(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_upload_leaves_nothing() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let path = begun(&ada, "a.csv", 10).await;
    piece(&ada, &path, 0, "id,x").await;
    assert_eq!(bytes_kept(&console), 1);
    let aborted = ada.send(Method::DELETE, &path, &[], Body::empty()).await;
    assert_eq!(aborted.status, StatusCode::NO_CONTENT);
    assert_eq!(bytes_kept(&console), 0);
    assert_eq!(ada.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(piece(&ada, &path, 4, "123456").await.status, StatusCode::NOT_FOUND);
    assert!(console.lake.runs().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn d10_the_uploads_of_others_do_not_exist() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let bob = console.sign_in("bob", Role::Admin).await;
    let path = begun(&ada, "a.csv", 10).await;
    let nothing = ada.get("/uploads/0198c7a0-0000-7000-8000-000000000000").await;
    for answer in [
        bob.get(&path).await,
        piece(&bob, &path, 0, "0123456789").await,
        bob.send(Method::DELETE, &path, &[], Body::empty()).await,
    ] {
        assert_eq!(
            (answer.status, &answer.json["detail"]),
            (StatusCode::NOT_FOUND, &nothing.json["detail"])
        );
    }
    let viewer = console.sign_in("vic", Role::Viewer).await;
    assert_eq!(begin(&viewer, "a.csv", 10).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn d16_hostile_names_are_refused_and_no_file_leaves_the_zone() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let before = files_below(console.lake.path()).len();
    for name in
        ["../../etc/passwd", "/etc/passwd", "..", ".ssh", "a/b.csv", "a\\b", "a\u{0}.csv", "x#1"]
    {
        let answer = begin(&ada, name, 10).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name:?}");
    }
    for dataset in ["../..", "shop", "Shop/Orders", "shop/../x", "shop/orders/x"] {
        let new = json!({"dataset": dataset, "file_name": "a.csv", "size": 1});
        let answer = ada.post("/uploads", new).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{dataset}");
    }
    assert_eq!(ada.get("/uploads/..%2F..%2Fsluice.sqlite").await.status, StatusCode::NOT_FOUND);
    assert_eq!(files_below(console.lake.path()).len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn d18_sizes_are_bounded() {
    let lake = TestLake::with_orders().await;
    let console = TestConsole::over(lake, |embedded| {
        let limits = etl_embedded::UploadLimits {
            max_bytes: 100,
            max_per_user: 2,
            ..*embedded.uploads.limits()
        };
        embedded.uploads = embedded.uploads.clone().with_limits(limits);
    })
    .await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    assert_eq!(begin(&ada, "a.csv", 0).await.status, refused);
    assert_eq!(begin(&ada, "a.csv", 101).await.status, refused);
    let path = begun(&ada, "a.csv", 10).await;
    let headers = [("upload-offset", "0"), ("content-length", "11")];
    let announced = ada.send(Method::PATCH, &path, &headers, "01234567890".into()).await;
    assert_eq!(announced.status, StatusCode::PAYLOAD_TOO_LARGE);
    let sneaked = stream::iter((0..4).map(|_| Ok::<_, std::io::Error>(Bytes::from("abcd"))));
    let answer = piece(&ada, &path, 0, Body::from_stream(sneaked)).await;
    assert_eq!(answer.status, refused, "{}", answer.text);
    assert_eq!(ada.get(&path).await.json["offset"], json!(0));
    begun(&ada, "b.csv", 10).await;
    assert_eq!(begin(&ada, "c.csv", 10).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_before_landing_lands_after_its_start() {
    let console = TestConsole::new().await;
    let ada = console.sign_in("ada", Role::Engineer).await;
    let text = file([(1, 1)]);
    let path = begun(&ada, "a.csv", text.len()).await;
    // As after a kill between the last byte and the rename.
    let uploads = &console.embedded.uploads;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    let upload = uploads.find(id, &ada.id).await.unwrap();
    let bytes = stream::iter([Ok(Bytes::from(text.into_bytes()))]);
    assert!(uploads.append(&upload, 0, bytes).await.unwrap().is_complete());
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(2);
    server::uploads::tend_once(&console.embedded, later).await.unwrap();
    let answer = ada.get(&path).await;
    assert!(answer.json["run"].is_string(), "{}", answer.text);
    assert_eq!(console.lake.runs().await.len(), 1);
}
