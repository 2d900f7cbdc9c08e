//! The twins in memory keep the contracts too; otherwise tests on them would prove nothing.

use std::sync::Arc;

use async_trait::async_trait;
use domain::arrival::{Arrival, ObjectVersion, Sequencer};
use domain::environment::EnvironmentName;
use etl_engine::catalog::MemoryCatalog;
use etl_engine::quality::MemoryQualityStore;
use etl_engine::run::{ArrivalQueue, MemoryArrivalQueue, MemoryRunLedger, RunLedger};
use etl_engine::source::MemorySourceRegistry;
use etl_engine::testing::{self, LedgerUnderTest, RawZoneUnderTest, sample};
use etl_engine::transformation::MemoryTransformationStore;
use object_store::ObjectStore;

#[tokio::test]
async fn contracts_in_memory() {
    testing::run_ledger(async || ledger()).await;
    testing::run_log(async || ledger()).await;
    testing::run_reports(async || ledger()).await;
    testing::outbox(async || ledger()).await;
    testing::source_registry(async || Arc::new(MemorySourceRegistry::default())).await;
    testing::transformation_store(async || Arc::new(MemoryTransformationStore::default())).await;
    testing::quality_store(async || Arc::new(MemoryQualityStore::default())).await;
    testing::catalog(async || Arc::new(MemoryCatalog::default())).await;
    testing::arrival_queue(async || Arc::new(MemoryRawZone::default())).await;
    testing::zone(async || Arc::new(object_store::memory::InMemory::new()) as Arc<dyn ObjectStore>)
        .await;
}

fn ledger() -> LedgerUnderTest {
    let ledger = Arc::new(MemoryRunLedger::new(dev()));
    LedgerUnderTest {
        ledger: ledger.clone(),
        committed: ledger.clone(),
        second: ledger.clone(),
        log: ledger.clone(),
        reports: ledger.clone(),
        outbox: ledger,
    }
}

fn dev() -> EnvironmentName {
    "dev".parse().unwrap()
}

struct MemoryRawZone {
    queue: MemoryArrivalQueue,
    ledger: MemoryRunLedger,
}

impl Default for MemoryRawZone {
    fn default() -> Self {
        Self { queue: MemoryArrivalQueue::default(), ledger: MemoryRunLedger::new(dev()) }
    }
}

#[async_trait]
impl RawZoneUnderTest for MemoryRawZone {
    fn queue(&self) -> &dyn ArrivalQueue {
        &self.queue
    }

    fn ledger(&self) -> &dyn RunLedger {
        &self.ledger
    }

    async fn put(&self, key: &str, content: &str) {
        let seconds = content.len() as i64;
        self.queue.tell(Arrival {
            version: ObjectVersion::ETag(content.to_owned()),
            sequencer: Sequencer::at(sample::at(seconds)),
            size: content.len() as u64,
            ..sample::arrival(key, content)
        });
    }
}
