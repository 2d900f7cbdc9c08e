//! The arrival queue of a local folder.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use etl_embedded::{FolderArrivalQueue, WatchSettings, local_store};
use etl_engine::run::{ArrivalQueue, MemoryRunLedger, RunLedger};
use etl_engine::testing::{self, RawZoneUnderTest};

#[tokio::test]
async fn contracts_on_a_folder() {
    testing::arrival_queue(async || Arc::new(FolderRawZone::new())).await;
    let folder = tempfile::tempdir().unwrap();
    let zones = std::cell::Cell::new(0);
    testing::zone(async || {
        zones.set(zones.get() + 1);
        local_store(&folder.path().join(zones.get().to_string())).unwrap()
    })
    .await;
}

struct FolderRawZone {
    folder: tempfile::TempDir,
    queue: FolderArrivalQueue,
    ledger: Arc<MemoryRunLedger>,
}

impl FolderRawZone {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(MemoryRunLedger::new("dev".parse().unwrap()));
        let settings = WatchSettings {
            settle: Duration::from_millis(100),
            poll: Duration::from_millis(300),
            repeat_after: Duration::from_millis(500),
            ..WatchSettings::default()
        };
        let queue =
            FolderArrivalQueue::open(folder.path().into(), ledger.clone(), settings).unwrap();
        Self { folder, queue, ledger }
    }
}

#[async_trait]
impl RawZoneUnderTest for FolderRawZone {
    fn queue(&self) -> &dyn ArrivalQueue {
        &self.queue
    }

    fn ledger(&self) -> &dyn RunLedger {
        &*self.ledger
    }

    async fn put(&self, key: &str, content: &str) {
        let path = self.folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}
