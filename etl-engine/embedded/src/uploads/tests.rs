//! Uploads over a raw zone in a temporary folder.

use std::path::Path;

use futures::{StreamExt, stream};

use super::*;
use crate::local_store;
use database::sqlite_url;

struct Zone {
    folder: tempfile::TempDir,
    uploads: Uploads,
}

async fn zone(limits: UploadLimits) -> Zone {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&sqlite_url(&folder.path().join("s.sqlite")).unwrap()).await;
    let raw_folder = folder.path().join("raw");
    let raw = local_store(&raw_folder).unwrap();
    let environment = "dev".parse().unwrap();
    let raw = RawZone::folder(raw_folder, raw);
    let uploads = Uploads::new(database.unwrap(), environment, raw, limits);
    Zone { folder, uploads }
}

fn limits() -> UploadLimits {
    UploadLimits {
        free_reserve: 0,
        patience: Duration::from_millis(200),
        ..UploadLimits::default()
    }
}

fn new(name: &str, size: u64) -> NewUpload {
    NewUpload {
        owner: "u1".into(),
        actor: "ada".into(),
        dataset: "shop/orders".parse().unwrap(),
        file_name: name.into(),
        size,
    }
}

fn pieces(pieces: &[&'static str]) -> impl Stream<Item = Result<Bytes>> + Send + use<> {
    let pieces: Vec<_> =
        pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
    stream::iter(pieces)
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.path().is_dir() {
            true => files.extend(files_below(&entry.path())),
            false => files.push(entry.file_name().into_string().unwrap()),
        }
    }
    files
}

#[tokio::test]
async fn bytes_come_in_pieces_and_the_file_lands_whole() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 10), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n", "1\n"])).await.unwrap();
    assert_eq!((upload.received, upload.is_complete()), (5, false));
    let upload = uploads.append(&upload, 5, pieces(&["2\n", "34\n"])).await.unwrap();
    assert!(upload.is_complete());
    let arrival = uploads.land(&upload).await.unwrap();
    assert_eq!((arrival.key.as_str(), arrival.size), ("shop/orders/a.csv", 10));
    let target = folder.path().join("raw/shop/orders/a.csv");
    assert_eq!(std::fs::read(&target).unwrap(), b"id\n1\n2\n34\n");
    assert_eq!(
        landed(uploads.raw.local_folder().unwrap(), &target).unwrap().version,
        arrival.version
    );
    let run = RunId::generate();
    uploads.recorded(upload.id, run).await.unwrap();
    let upload = uploads.find(upload.id, "u1").await.unwrap();
    assert_eq!((upload.state, upload.run), (UploadState::Landed, Some(run)));
    assert_eq!(uploads.abort(&upload).await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn b7_landing_may_be_repeated_after_the_move() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 3), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    let first = uploads.land(&upload).await.unwrap();
    let upload = uploads.find(upload.id, "u1").await.unwrap();
    assert_eq!(upload.state, UploadState::Landing);
    let again = uploads.land(&upload).await.unwrap();
    assert_eq!((again.key, again.version), (first.key, first.version));
    assert_eq!(uploads.left_complete(Timestamp::now()).await.unwrap(), []);
    let later = Timestamp::now() + SignedDuration::from_mins(2);
    assert_eq!(uploads.left_complete(later).await.unwrap(), [upload]);
}

#[tokio::test]
async fn a_wrong_offset_is_a_conflict_that_says_the_right_one() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    for wrong in [0, 2, 4] {
        let error = uploads.append(&upload, wrong, pieces(&["1\n"])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("at byte 3"), "{error}");
    }
    assert_eq!(uploads.find(upload.id, "u1").await.unwrap().received, 3);
}

#[tokio::test]
async fn bytes_beyond_what_was_noted_are_cut_off() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    // A process was killed after it wrote and before it noted so.
    let staged = folder.path().join("raw").join(bytes::path_of(upload.id));
    std::fs::write(&staged, b"id\ngarbage").unwrap();
    let upload = uploads.append(&upload, 3, pieces(&["12\n"])).await.unwrap();
    assert!(upload.is_complete());
    assert_eq!(std::fs::read(&staged).unwrap(), b"id\n12\n");
}

#[tokio::test]
async fn d19_a_sender_that_stops_is_cut_and_its_bytes_are_kept() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let stalled = pieces(&["id\n"]).chain(stream::pending());
    let error = uploads.append(&upload, 0, stalled).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(uploads.find(upload.id, "u1").await.unwrap().received, 3);
}

#[tokio::test]
async fn d18_more_bytes_than_announced_are_refused_and_none_kept() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 4), Timestamp::now()).await.unwrap();
    let error = uploads.append(&upload, 0, pieces(&["id\n", "1\n"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(uploads.find(upload.id, "u1").await.unwrap().received, 0);
    let staged = folder.path().join("raw").join(bytes::path_of(upload.id));
    assert_eq!(std::fs::metadata(staged).unwrap().len(), 0);
}

#[tokio::test]
async fn only_one_request_sends_at_a_time() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let other = uploads.open_bytes(upload.id).await.unwrap();
    let error = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap_err();
    assert!(error.message().contains("another request"), "{error}");
    drop(other);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    uploads.abort(&upload).await.unwrap();
    assert_eq!(uploads.find(upload.id, "u1").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(files_below(&folder.path().join("raw")).is_empty());
}

#[tokio::test]
async fn an_upload_that_is_aborted_while_it_lands_does_not_land() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 3), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    // The abort has come as far as its row when the landing begins.
    assert!(uploads.delete_receiving(upload.id).await.unwrap());
    assert_eq!(uploads.land(&upload).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!folder.path().join("raw/shop/orders/a.csv").exists());
}

#[tokio::test]
async fn an_upload_whose_place_was_taken_is_forgotten_in_the_end() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 3), Timestamp::now()).await.unwrap();
    let upload = uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    uploads.land(&upload).await.unwrap();
    // The server is killed before it is recorded, and the same name comes again.
    let next = uploads.begin(new("a.csv", 5), Timestamp::now()).await.unwrap();
    let next = uploads.append(&next, 0, pieces(&["id\n7\n"])).await.unwrap();
    uploads.land(&next).await.unwrap();
    let upload = uploads.find(upload.id, "u1").await.unwrap();
    assert!(uploads.land(&upload).await.is_err());
    let later = Timestamp::now() + REMEMBERED + SignedDuration::from_hours(1);
    uploads.expire(later).await.unwrap();
    assert_eq!(uploads.left_complete(later).await.unwrap(), []);
}

#[tokio::test]
async fn d10_an_upload_is_found_by_its_owner_alone() {
    let Zone { folder: _folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    let of_another = uploads.find(upload.id, "u2").await.unwrap_err();
    let of_nobody = uploads.find(UploadId::generate(), "u1").await.unwrap_err();
    assert_eq!(of_another.message(), of_nobody.message());
    assert_eq!(of_another.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn bounds_hold_before_a_byte_is_taken() {
    let tight = UploadLimits { max_bytes: 100, max_per_user: 2, ..limits() };
    let Zone { folder: _folder, uploads } = zone(tight).await;
    let refused = async |new| uploads.begin(new, Timestamp::now()).await.unwrap_err().kind();
    assert_eq!(refused(new("a.csv", 0)).await, ErrorKind::Invalid);
    assert_eq!(refused(new("a.csv", 101)).await, ErrorKind::Invalid);
    assert_eq!(refused(new("../a.csv", 1)).await, ErrorKind::Invalid);
    for name in ["a.csv", "b.csv"] {
        uploads.begin(new(name, 1), Timestamp::now()).await.unwrap();
    }
    assert_eq!(refused(new("c.csv", 1)).await, ErrorKind::Throttled);
    let another = NewUpload { owner: "u2".into(), ..new("c.csv", 1) };
    uploads.begin(another, Timestamp::now()).await.unwrap();

    let Zone { folder: _folder, uploads } =
        zone(UploadLimits { free_reserve: u64::MAX, ..limits() }).await;
    let full = uploads.begin(new("a.csv", 1), Timestamp::now()).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn abandoned_uploads_expire_with_their_bytes() {
    let Zone { folder, uploads } = zone(limits()).await;
    let upload = uploads.begin(new("a.csv", 6), Timestamp::now()).await.unwrap();
    uploads.append(&upload, 0, pieces(&["id\n"])).await.unwrap();
    assert_eq!(uploads.expire(Timestamp::now()).await.unwrap(), 0);
    let later = Timestamp::now() + limits().expire_after + SignedDuration::from_secs(1);
    assert_eq!(uploads.expire(later).await.unwrap(), 1);
    assert!(files_below(&folder.path().join("raw")).is_empty());
}
