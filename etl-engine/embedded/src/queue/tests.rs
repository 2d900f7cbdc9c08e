//! The folder watch and landing as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::ErrorKind;
use domain::arrival::ObjectVersion;
use domain::run::Trigger;
use etl_engine::run::{ArrivalQueue, MemoryRunLedger, Message, NewRun, RunLedger};
use etl_engine::testing::sample;
use object_store::ObjectStoreExt;
use object_store::path::Path as Key;

use super::{FolderArrivalQueue, WatchSettings, land};
use crate::store::local_store;

const SETTINGS: WatchSettings = WatchSettings {
    settle: Duration::from_millis(200),
    poll: Duration::from_millis(100),
    sweep_every: Duration::from_secs(3600),
    repeat_after: Duration::from_secs(3600),
};

struct Fixture {
    folder: tempfile::TempDir,
    ledger: Arc<MemoryRunLedger>,
}

impl Fixture {
    fn new() -> Self {
        let ledger = Arc::new(MemoryRunLedger::new("dev".parse().unwrap()));
        Self { folder: tempfile::tempdir().unwrap(), ledger }
    }

    fn open(&self, settings: WatchSettings) -> FolderArrivalQueue {
        FolderArrivalQueue::open(self.folder.path().into(), self.ledger.clone(), settings).unwrap()
    }

    fn write(&self, key: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    async fn record(&self, message: &Message) {
        let new =
            NewRun { arrival: message.arrival.clone(), ..sample::new_run("yellow", "unused") };
        self.ledger.record(&new, sample::at(0)).await.unwrap();
    }
}

/// All messages until `count` have come, or until for a second none has.
async fn receive(queue: &FolderArrivalQueue, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut last = Instant::now();
    while messages.len() < count && last.elapsed() < Duration::from_secs(1) {
        let received = queue.receive().await.unwrap();
        if !received.is_empty() {
            last = Instant::now();
        }
        messages.extend(received);
    }
    messages
}

fn keys(messages: &[Message]) -> Vec<&str> {
    let mut keys: Vec<_> = messages.iter().map(|message| &*message.arrival.key).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn a12_a_file_that_no_event_told_of_is_found_by_the_sweep() {
    let test = Fixture::new();
    test.write("tlc/yellow/known.csv", "1");
    let queue = test.open(SETTINGS);
    let found = receive(&queue, 1).await;
    test.record(&found[0]).await;
    drop(queue);

    test.write("tlc/yellow/lost.csv", "2");
    let restarted = test.open(SETTINGS);
    let found = receive(&restarted, 2).await;
    assert_eq!(keys(&found), ["tlc/yellow/lost.csv"]);
    assert_eq!(found[0].trigger, Trigger::Sweep);
    assert_eq!(found[0].arrival.bucket, "raw");
}

#[tokio::test]
async fn a12_the_sweep_comes_again() {
    let test = Fixture::new();
    let sweep_every = Duration::from_millis(50);
    let queue = test.open(WatchSettings { sweep_every, repeat_after: sweep_every, ..SETTINGS });
    test.write("tlc/yellow/a.csv", "1");
    let first = receive(&queue, 1).await;
    queue.acknowledge(&first[0]).await.unwrap();
    // Acknowledged, but never recorded: nothing else than a sweep would tell of it again.
    let again = receive(&queue, 1).await;
    assert_eq!(again[0].arrival.version, first[0].arrival.version);
    assert_eq!(again[0].trigger, Trigger::Sweep);
    test.record(&again[0]).await;
    queue.acknowledge(&again[0]).await.unwrap();
    assert_eq!(receive(&queue, 1).await, []);
}

#[tokio::test]
async fn c10_markers_and_unfinished_files_start_nothing() {
    let test = Fixture::new();
    test.write("tlc/yellow/_SUCCESS", "");
    let queue = test.open(SETTINGS);
    assert_eq!(receive(&queue, 1).await, []);
    for key in [
        "tlc/yellow/_SUCCESS",
        "tlc/yellow/.hidden.csv",
        "tlc/yellow/a.csv.part",
        "tlc/yellow/a.csv.tmp",
        "tlc/yellow/a.csv#1",
        ".staging/1-2-3#1",
        ".trash/a.csv",
    ] {
        test.write(key, "1");
    }
    test.write("tlc/yellow/new folder/a.csv", "1");
    assert_eq!(keys(&receive(&queue, 2).await), ["tlc/yellow/new folder/a.csv"]);
}

#[tokio::test]
async fn a_file_counts_once_it_has_stopped_growing() {
    let test = Fixture::new();
    let queue = test.open(SETTINGS);
    assert_eq!(queue.receive().await.unwrap(), []);
    let path = test.write("tlc/yellow/slow.csv", "");
    let writer = tokio::spawn(async move {
        use std::io::Write;
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        for _ in 0..10 {
            file.write_all(b"12345").unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    });
    test.write("tlc/yellow/brief.csv", "1");
    std::fs::remove_file(test.folder.path().join("tlc/yellow/brief.csv")).unwrap();
    let messages = receive(&queue, 2).await;
    writer.await.unwrap();
    assert_eq!(keys(&messages), ["tlc/yellow/slow.csv"]);
    assert_eq!(messages[0].arrival.size, 50);
    assert_eq!(messages[0].trigger, Trigger::Event);
}

#[tokio::test]
async fn f1_no_file_of_a_burst_is_lost() {
    let test = Fixture::new();
    let queue = test.open(SETTINGS);
    receive(&queue, 1).await;
    for number in 0..500 {
        test.write(&format!("tlc/table_{}/{}/{number}.csv", number % 7, number % 13), "1");
    }
    assert_eq!(receive(&queue, 501).await.len(), 500);
}

#[tokio::test]
async fn a_landed_file_that_was_recorded_is_not_told_of_again() {
    let test = Fixture::new();
    let queue = test.open(SETTINGS);
    let raw = local_store(test.folder.path()).unwrap();
    let content = vec![b'x'; 9 * 1024 * 1024];
    let told = AtomicU64::new(0);
    let progress = |bytes| told.store(bytes, Ordering::Relaxed);
    let key = "tlc/yellow/2020/big file.csv";
    let arrival = land(&*raw, key, &*content, progress).await.unwrap();
    assert_eq!((arrival.size, told.into_inner()), (9 * 1024 * 1024, 9 * 1024 * 1024));
    let head = raw.head(&Key::parse(key).unwrap()).await.unwrap();
    assert_eq!(Some(arrival.version.clone()), head.e_tag.map(ObjectVersion::ETag));
    let new = NewRun { arrival, trigger: Trigger::Landing, ..sample::new_run("yellow", "x") };
    test.ledger.record(&new, sample::at(0)).await.unwrap();
    assert_eq!(receive(&queue, 1).await, []);
}

#[tokio::test]
async fn d16_a_file_lands_only_where_data_may_be() {
    let test = Fixture::new();
    let raw = local_store(test.folder.path()).unwrap();
    for key in [
        "a.csv",
        "../yellow/a.csv",
        "tlc/yellow/../../../a.csv",
        "tlc/yellow//a.csv",
        "tlc/yellow/_SUCCESS",
        "tlc/yellow/.x/a.csv",
        "tlc/yellow/a.csv#1",
        "tlc/yellow/",
    ] {
        let error = land(&*raw, key, &b"1"[..], |_| {}).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{key}: {error}");
    }
    let arrival = land(&*raw, "tlc/yellow/empty.csv", &b""[..], |_| {}).await.unwrap();
    assert_eq!(arrival.size, 0);
}

#[tokio::test]
async fn a11_a_dead_letter_outlives_a_restart() {
    let test = Fixture::new();
    let queue = test.open(SETTINGS);
    test.write("nonsense.csv", "1");
    let message = receive(&queue, 1).await.remove(0);
    queue.dead_letter(&message, "names no dataset").await.unwrap();
    drop(queue);
    let restarted = test.open(SETTINGS);
    assert_eq!(receive(&restarted, 1).await, []);
    let letters = std::fs::read_to_string(test.folder.path().join(".dead-letters.jsonl")).unwrap();
    assert!(letters.contains("names no dataset"));
    test.write("nonsense.csv", "22");
    assert_eq!(keys(&receive(&restarted, 1).await), ["nonsense.csv"]);
}

#[tokio::test]
async fn a11_a_name_that_is_not_utf_8_blocks_nobody() {
    use std::os::unix::ffi::OsStrExt;
    let test = Fixture::new();
    test.write("tlc/yellow/a.csv", "1");
    let odd = std::ffi::OsStr::from_bytes(b"tlc/yellow/\xff.csv");
    std::fs::write(test.folder.path().join(Path::new(odd)), "1").unwrap();
    let queue = test.open(SETTINGS);
    assert_eq!(keys(&receive(&queue, 2).await), ["tlc/yellow/a.csv"]);
}

#[test]
fn b15_a_missing_raw_zone_is_unavailable() {
    let test = Fixture::new();
    let missing = test.folder.path().join("missing");
    let error = FolderArrivalQueue::open(missing, test.ledger.clone(), SETTINGS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}
