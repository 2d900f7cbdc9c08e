//! Zones in S3.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use aws::testing::Emulator;
use aws::{Account, AwsSettings, StaticCredentials};
use domain::arrival::{Arrival, ObjectVersion};
use etl_aws::{S3Zone, s3_zone};
use etl_engine::raw_key;
use etl_engine::raw_to_conformed::decode::RawBytes;
use etl_engine::raw_to_conformed::fetch;
use etl_engine::run::Stop;
use etl_engine::table_files::store_error;
use etl_engine::testing::{self, sample};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode};

use crate::bucket::{bucket, s3};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_of_zones_in_buckets_that_keep_versions() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    testing::zone(async || s3_zone(&account, &bucket(&account, true).await).unwrap()).await;
}

async fn read(bytes: RawBytes) -> String {
    let RawBytes::Stream(chunks) = bytes else { panic!("S3 has no local files") };
    let chunks: Vec<_> = chunks.try_collect().await.unwrap();
    String::from_utf8(chunks.concat()).unwrap()
}

/// Puts raw bytes at a raw key, as a source system does; returns the version.
async fn land(account: &Account, bucket: &str, key: &str, text: &str) -> String {
    let body = text.as_bytes().to_vec().into();
    let put = s3(account).put_object().bucket(bucket).key(key).body(body);
    put.send().await.unwrap().version_id().unwrap_or_default().to_owned()
}

/// Keys that people and tools make, which a path says as they are and which it cannot say.
const PLAIN: [&str; 4] =
    ["tlc/y/a b+c%20.csv", "tlc/y/ünï ~#?*&'().csv", "tlc/y/[x]{y}=%%.csv", "tlc/y/😀 +.csv"];
const ODD: [&str; 4] = ["tlc/y//a.csv", "tlc/y/b/", "tlc/y/c\td.csv", "tlc/y/e//../f.csv"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a11_an_arrival_reaches_its_object_whatever_its_key() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let name = bucket(&account, true).await;
    let zone = s3_zone(&account, &name).unwrap();
    for key in PLAIN.into_iter().chain(ODD) {
        let text = format!("bytes of {key}");
        let id = land(&account, &name, key, &text).await;
        let version = ObjectVersion::VersionId(id);
        let arrival = Arrival { version, ..sample::arrival(key, "") };
        land(&account, &name, key, "a later version").await;
        let opened = fetch::open(zone.as_ref(), &arrival).await.unwrap();
        assert_eq!(read(opened).await, text, "{key:?}");
    }
    // Odd keys do not end a listing; what a path cannot say is left out of it.
    let listed: Vec<_> = zone.list(Some(&Path::from("tlc"))).try_collect().await.unwrap();
    let mut keys: Vec<_> = listed.iter().map(|meta| meta.location.to_string()).collect();
    keys.sort();
    let mut plain = PLAIN.map(str::to_owned).to_vec();
    plain.sort();
    assert_eq!(keys, plain);
    let folder = zone.list_with_delimiter(Some(&Path::from("tlc"))).await.unwrap();
    assert_eq!(folder.common_prefixes, [Path::from("tlc/y")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a10_without_versions_other_bytes_supersede_the_run() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let name = bucket(&account, false).await;
    let zone = s3_zone(&account, &name).unwrap();
    for key in ["tlc/y/a b.csv", "tlc/y//a.csv"] {
        land(&account, &name, key, "one").await;
        let head = GetOptions { head: true, ..GetOptions::default() };
        let path = raw_key::path_of(key);
        let meta = zone.get_opts(&path, head).await.unwrap().meta;
        assert_eq!(meta.size, 3);
        let range = Some(GetRange::Bounded(1..3));
        let part = GetOptions { range, ..GetOptions::default() };
        let part = zone.get_opts(&path, part).await.unwrap();
        assert_eq!((part.range.clone(), part.meta.size), (1..3, 3));
        assert_eq!(part.bytes().await.unwrap(), "ne");
        let version = ObjectVersion::ETag(meta.e_tag.unwrap());
        let arrival = Arrival { version, ..sample::arrival(key, "") };
        let opened = fetch::open(zone.as_ref(), &arrival).await.unwrap();
        assert_eq!(read(opened).await, "one");
        land(&account, &name, key, "two").await;
        let refused = fetch::open(zone.as_ref(), &arrival).await.unwrap_err();
        assert!(matches!(refused, Stop::Superseded(_)), "{key}: {refused:?}");
        s3(&account).delete_object().bucket(&name).key(key).send().await.unwrap();
        let Stop::Failed(gone) = fetch::open(zone.as_ref(), &arrival).await.unwrap_err() else {
            panic!("{key} is gone");
        };
        assert_eq!(gone.kind(), domain::ErrorKind::NotFound, "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_objects_are_copied_in_parts() {
    const MIB: usize = 1024 * 1024;
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let name = bucket(&account, true).await;
    let zone = S3Zone::open(&account, &name).unwrap();
    let zone = zone.copying_in_parts(6 * MIB as u64, 5 * MIB as u64);
    let bytes: Vec<_> = (0..11 * MIB).map(|n| (n / 1000 % 251) as u8).collect();
    let (from, to) = (Path::parse("_staging/ä +%.parquet").unwrap(), Path::from("t/p/a.parquet"));
    zone.put(&from, bytes.clone().into()).await.unwrap();
    zone.rename(&from, &to).await.unwrap();
    assert_eq!(zone.get(&to).await.unwrap().bytes().await.unwrap(), bytes);
    assert!(matches!(zone.head(&from).await, Err(Error::NotFound { .. })));
    let s3 = s3(&account);
    let head = s3.head_object().bucket(&name).key(to.as_ref()).send().await.unwrap();
    assert!(head.e_tag().unwrap().contains("-3"), "three parts: {head:?}");
    let left = s3.list_multipart_uploads().bucket(&name).send().await.unwrap();
    assert!(left.uploads().is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_listing_goes_on_beyond_one_page() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let name = bucket(&account, false).await;
    let zone = s3_zone(&account, &name).unwrap();
    let puts = (0..1003).map(|n| {
        let zone = Arc::clone(&zone);
        async move { zone.put(&Path::from(format!("t/{n:04}/a")), "x".into()).await }
    });
    use futures::StreamExt;
    let puts: Vec<_> =
        futures::stream::iter(puts).buffer_unordered(16).try_collect().await.unwrap();
    assert_eq!(puts.len(), 1003);
    let listed: Vec<_> = zone.list(None).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1003);
    let folders = zone.list_with_delimiter(Some(&Path::from("t"))).await.unwrap();
    assert_eq!(folders.common_prefixes.len(), 1003);
    let paths = listed.into_iter().map(|meta| Ok(meta.location));
    let deleted = zone.delete_stream(futures::stream::iter(paths).boxed());
    assert_eq!(deleted.try_collect::<Vec<_>>().await.unwrap().len(), 1003);
    assert!(zone.list(None).try_collect::<Vec<_>>().await.unwrap().is_empty());
}

/// Answers every request with 503 after it was taken; returns how many came.
async fn unwell() -> (String, Arc<std::sync::atomic::AtomicUsize>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    let mut chunk = [0; 4096];
                    let length = stream.read(&mut chunk).await.unwrap_or_default();
                    if length == 0 {
                        return;
                    }
                    head.extend_from_slice(&chunk[..length]);
                }
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let answer = "HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\
                              connection: close\r\n\r\n";
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_conditional_write_is_sent_once_and_others_are_repeated() {
    let (endpoint, count) = unwell().await;
    let settings = AwsSettings {
        endpoint: Some(endpoint),
        credentials: Some(StaticCredentials { access_key: "1".into(), secret_key: "s".into() }),
        attempts: 3,
        ..AwsSettings::in_region("eu-central-1")
    };
    let account = Account::open(&settings).await;
    let zone = s3_zone(&account, "bucket").unwrap();
    let path = Path::from("a/b");
    let sent = || count.swap(0, std::sync::atomic::Ordering::SeqCst);
    let create = zone.put_opts(&path, "x".into(), PutMode::Create.into()).await.unwrap_err();
    assert_eq!(sent(), 1);
    assert_eq!(store_error(create).kind(), domain::ErrorKind::Unavailable);
    zone.put(&path, "x".into()).await.unwrap_err();
    assert_eq!(sent(), 3);
}
