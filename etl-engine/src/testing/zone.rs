//! The contract of the stores that zones are kept in: what the engine relies on beyond what
//! `object_store` promises.

use std::sync::Arc;

use bytes::Bytes;
use domain::arrival::{Arrival, ObjectVersion};
use domain::partition::Partition;
use domain::run::{Commit, CommittedFile, RunId, StagedFile};
use futures::TryStreamExt;
use futures::future::join_all;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutPayload,
};

use super::cases;
use super::sample;
use crate::raw_to_conformed::decode::RawBytes;
use crate::raw_to_conformed::fetch;
use crate::table_files::{carry_out, removals};

type Zone = Arc<dyn ObjectStore>;

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn zone(make: impl AsyncFn() -> Arc<dyn ObjectStore>) {
    cases!(
        "zone",
        make,
        [
            what_is_put_is_read_whole_and_in_ranges,
            what_is_not_there_is_not_found,
            keys_are_kept_as_they_are,
            a_listing_is_complete_and_keeps_to_its_folder,
            an_upload_in_parts_appears_as_a_whole,
            a_copy_replaces_and_leaves_the_original,
            a_rename_replaces_and_takes_the_original_away,
            of_racing_conditional_puts_one_wins,
            a10_another_e_tag_is_refused,
            a10_the_bytes_of_an_arrival_are_read_or_none,
            b7_a_commit_is_carried_out_again_and_no_reader_misses_a_file,
        ]
    );
}

async fn put(zone: &Zone, path: &str, text: &'static str) {
    zone.put(&Path::from(path), text.into()).await.unwrap();
}

async fn text(zone: &Zone, path: &str) -> Option<String> {
    match zone.get(&Path::from(path)).await {
        Ok(found) => Some(String::from_utf8(found.bytes().await.unwrap().to_vec()).unwrap()),
        Err(Error::NotFound { .. }) => None,
        Err(error) => panic!("{path}: {error}"),
    }
}

async fn listed(zone: &Zone, prefix: Option<&str>) -> Vec<String> {
    let prefix = prefix.map(Path::from);
    let found: Vec<_> = zone.list(prefix.as_ref()).try_collect().await.unwrap();
    let mut paths: Vec<_> = found.into_iter().map(|meta| meta.location.to_string()).collect();
    paths.sort();
    paths
}

async fn what_is_put_is_read_whole_and_in_ranges(zone: Zone) {
    let path = Path::from("t/p/a.parquet");
    let put = zone.put(&path, "0123456789".into()).await.unwrap();
    let head = zone.head(&path).await.unwrap();
    assert_eq!((head.size, &head.e_tag), (10, &put.e_tag));
    assert_eq!(head.location, path);
    assert_eq!(zone.get(&path).await.unwrap().bytes().await.unwrap(), "0123456789");
    assert_eq!(zone.get_range(&path, 2..5).await.unwrap(), "234");
    let ranges = zone.get_ranges(&path, &[0..2, 8..10]).await.unwrap();
    assert_eq!(ranges, [Bytes::from("01"), Bytes::from("89")]);
    zone.put(&Path::from("t/p/empty"), PutPayload::new()).await.unwrap();
    assert_eq!(text(&zone, "t/p/empty").await.as_deref(), Some(""));
}

async fn what_is_not_there_is_not_found(zone: Zone) {
    let path = Path::from("t/p/a");
    assert!(matches!(zone.head(&path).await, Err(Error::NotFound { .. })));
    assert!(matches!(zone.get(&path).await, Err(Error::NotFound { .. })));
    assert!(matches!(zone.copy(&path, &Path::from("b")).await, Err(Error::NotFound { .. })));
    assert!(matches!(zone.rename(&path, &Path::from("b")).await, Err(Error::NotFound { .. })));
    // Whether it was there or not: some stores say, some do not.
    let deleted = zone.delete(&path).await;
    assert!(matches!(deleted, Ok(()) | Err(Error::NotFound { .. })), "{deleted:?}");
    assert_eq!(listed(&zone, Some("t")).await, Vec::<String>::new());
}

async fn keys_are_kept_as_they_are(zone: Zone) {
    let keys = ["a/b c+d.csv", "a/50%25 off.csv", "a/ünïcode '&<>\".csv", "a/x=1;y,z@!$.csv"];
    for key in keys {
        zone.put(&Path::parse(key).unwrap(), key.into()).await.unwrap();
    }
    for key in keys {
        let found = zone.get(&Path::parse(key).unwrap()).await.unwrap();
        assert_eq!(found.bytes().await.unwrap(), key);
    }
    let mut sorted = keys.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(listed(&zone, Some("a")).await, sorted);
    let copy = Path::parse("c/ü %41+ copy").unwrap();
    zone.copy(&Path::parse(keys[1]).unwrap(), &copy).await.unwrap();
    assert_eq!(zone.get(&copy).await.unwrap().bytes().await.unwrap(), keys[1]);
    for key in keys {
        zone.delete(&Path::parse(key).unwrap()).await.unwrap();
    }
    assert_eq!(listed(&zone, Some("a")).await, Vec::<String>::new());
}

async fn a_listing_is_complete_and_keeps_to_its_folder(zone: Zone) {
    let paths: Vec<_> = (0..40).map(|n| format!("t/a/{n:02}")).collect();
    join_all(paths.iter().map(|path| put(&zone, path, "x"))).await;
    for other in ["t/ab/1", "u/1", "top"] {
        put(&zone, other, "other").await;
    }
    assert_eq!(listed(&zone, Some("t/a")).await, paths);
    assert_eq!(listed(&zone, None).await.len(), 43);
    let offset = Path::from("t/a/37");
    let behind = zone.list_with_offset(Some(&Path::from("t/a")), &offset);
    let mut behind: Vec<_> =
        behind.map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
    behind.sort();
    assert_eq!(behind, ["t/a/38", "t/a/39"]);
    let folder = zone.list_with_delimiter(Some(&Path::from("t"))).await.unwrap();
    assert_eq!(folder.common_prefixes, [Path::from("t/a"), Path::from("t/ab")]);
    assert!(folder.objects.is_empty());
    let top = zone.list_with_delimiter(None).await.unwrap();
    let names: Vec<_> =
        top.objects.iter().map(|meta| (meta.location.as_ref(), meta.size)).collect();
    assert_eq!(names, [("top", 5)]);
}

async fn an_upload_in_parts_appears_as_a_whole(zone: Zone) {
    const PART: usize = 5 * 1024 * 1024;
    let path = Path::from("t/p/large");
    put(&zone, "t/p/large", "before").await;
    let mut upload = zone.put_multipart(&path).await.unwrap();
    let parts = [vec![b'a'; PART], b"end".to_vec()].map(|part| upload.put_part(part.into()));
    for part in join_all(parts).await {
        part.unwrap();
    }
    assert_eq!(text(&zone, "t/p/large").await.as_deref(), Some("before"));
    upload.complete().await.unwrap();
    let head = zone.head(&path).await.unwrap();
    assert_eq!(head.size, PART as u64 + 3);
    let end = zone.get_range(&path, PART as u64 - 1..head.size).await.unwrap();
    assert_eq!(end, "aend");

    let mut given_up = zone.put_multipart(&path).await.unwrap();
    given_up.put_part("never".into()).await.unwrap();
    given_up.abort().await.unwrap();
    assert_eq!(zone.head(&path).await.unwrap().e_tag, head.e_tag);
}

async fn a_copy_replaces_and_leaves_the_original(zone: Zone) {
    put(&zone, "a", "new").await;
    put(&zone, "b", "old").await;
    zone.copy(&Path::from("a"), &Path::from("b")).await.unwrap();
    assert_eq!(text(&zone, "a").await.as_deref(), Some("new"));
    assert_eq!(text(&zone, "b").await.as_deref(), Some("new"));
}

async fn a_rename_replaces_and_takes_the_original_away(zone: Zone) {
    put(&zone, "s/a", "new").await;
    put(&zone, "t/b", "old").await;
    zone.rename(&Path::from("s/a"), &Path::from("t/b")).await.unwrap();
    assert_eq!(text(&zone, "s/a").await, None);
    assert_eq!(text(&zone, "t/b").await.as_deref(), Some("new"));
}

async fn of_racing_conditional_puts_one_wins(zone: Zone) {
    let path = Path::from("a/b");
    let puts = (0..6).map(|_| zone.put_opts(&path, "mine".into(), PutMode::Create.into()));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(puts).await.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 5));
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    }
}

async fn a10_another_e_tag_is_refused(zone: Zone) {
    let path = Path::from("a/b");
    let first = zone.put(&path, "one".into()).await.unwrap();
    let if_match = |tag: &Option<String>, head| GetOptions {
        if_match: tag.clone(),
        head,
        ..GetOptions::default()
    };
    let found = zone.get_opts(&path, if_match(&first.e_tag, false)).await.unwrap();
    assert_eq!(found.bytes().await.unwrap(), "one");
    zone.put(&path, "two!".into()).await.unwrap();
    for head in [false, true] {
        let refused = zone.get_opts(&path, if_match(&first.e_tag, head)).await.map(drop);
        assert!(matches!(refused, Err(Error::Precondition { .. })), "{head}: {refused:?}");
    }
}

async fn a10_the_bytes_of_an_arrival_are_read_or_none(zone: Zone) {
    let key = "tlc/yellow/a b+c.csv";
    let path = Path::parse(key).unwrap();
    let first = zone.put(&path, "one".into()).await.unwrap();
    let keeps_versions = first.version.is_some();
    let version = match first.version {
        Some(id) => ObjectVersion::VersionId(id),
        None => ObjectVersion::ETag(first.e_tag.unwrap()),
    };
    let arrival = Arrival { version, ..sample::arrival(key, "") };
    zone.put(&path, "two!".into()).await.unwrap();
    let opened = fetch::open(zone.as_ref(), &arrival).await;
    match opened {
        Ok(bytes) => assert_eq!(whole(bytes).await, "one", "versions are kept: {keeps_versions}"),
        Err(stop) => assert!(!keeps_versions, "{stop:?}"),
    }
}

async fn whole(bytes: RawBytes) -> String {
    match bytes {
        RawBytes::Stream(stream) => {
            let chunks: Vec<Bytes> = stream.try_collect().await.unwrap();
            String::from_utf8(chunks.concat()).unwrap()
        }
        RawBytes::File(file) => std::io::read_to_string(file).unwrap(),
    }
}

async fn b7_a_commit_is_carried_out_again_and_no_reader_misses_a_file(zone: Zone) {
    let partition = Partition::from_values("2020", "08", "05").unwrap();
    let names = ["t/p/a", "t/p/b", "t/p/gone"];
    for name in names {
        put(&zone, name, "old").await;
    }
    for staged in ["_staging/a", "_staging/b"] {
        put(&zone, staged, "new").await;
    }
    let moves = ["a", "b"].map(|name| StagedFile {
        staged: format!("_staging/{name}"),
        target: format!("t/p/{name}"),
        partition,
        rows: 1,
        bytes: 3,
    });
    let owned = names.map(|path| CommittedFile { path: path.into(), partition, rows: 1, bytes: 3 });
    let removals = removals(zone.as_ref(), &owned, &moves).await.unwrap();
    assert_eq!(removals.len(), 1);
    let commit = Commit { moves: moves.to_vec(), removals };
    let run = RunId::generate();
    let reader = tokio::spawn(read_all_along(zone.clone()));
    carry_out(zone.as_ref(), &commit, run).await.unwrap();
    // As after a crash between the two halves of a rename: the file is in place and still staged.
    put(&zone, "_staging/a", "new").await;
    for _ in 0..2 {
        carry_out(zone.as_ref(), &commit, run).await.unwrap();
    }
    assert_eq!(reader.await.unwrap(), "new");
    assert_eq!(listed(&zone, Some("t")).await, ["t/p/a", "t/p/b"]);
    assert_eq!(listed(&zone, Some("_staging")).await, Vec::<String>::new());
    for name in names {
        let kept = format!("_history/{name}/{run}.parquet");
        assert_eq!(text(&zone, &kept).await.as_deref(), Some("old"), "{kept}");
    }
    // A later run writes the same bytes again: they are not this commit's to take away.
    put(&zone, "t/p/gone", "old").await;
    carry_out(zone.as_ref(), &commit, run).await.unwrap();
    assert_eq!(text(&zone, "t/p/gone").await.as_deref(), Some("old"));
}

/// Reads a file until it is new; it is never missing, and never anything else than old or new.
async fn read_all_along(zone: Zone) -> String {
    loop {
        let read = text(&zone, "t/p/b").await.expect("the file is there all along");
        assert!(["old", "new"].contains(&read.as_str()), "{read}");
        if read == "new" {
            return read;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}
