//! The run ledger and its outbox in DynamoDB.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod answers;
mod big;
mod faults;
mod pages;
mod races;
mod suites;
mod tables;

use std::sync::Arc;

use aws::Account;
use aws::testing::Emulator;
use etl_aws::{DynamoDbOutbox, DynamoDbRunLedger, LedgerSettings};
use etl_engine::testing::LedgerUnderTest;

/// The settings of a ledger in `dev`.
fn settings() -> LedgerSettings {
    LedgerSettings {
        environment: "dev".parse().unwrap(),
        audit_table: "dev-lake-etl-job-audit".into(),
        state_table: "dev-lake-run-state".into(),
        conformed_bucket: "dev-lake-111122223333-eu-central-1-conformed".into(),
        conformed_database: "dev_lake_conformed".into(),
    }
}

/// An account with the empty tables of a ledger.
async fn account(emulator: &Emulator) -> Account {
    let account = emulator.account().await;
    tables::make(&account, &settings()).await;
    account
}

/// The ledger of an account as one more server has it.
fn ledger(account: &Account) -> Arc<DynamoDbRunLedger> {
    Arc::new(DynamoDbRunLedger::new(account, settings()))
}

fn outbox(account: &Account) -> Arc<DynamoDbOutbox> {
    Arc::new(DynamoDbOutbox::new(account, &settings().state_table))
}

async fn under_test(emulator: &Emulator) -> LedgerUnderTest {
    let account = account(emulator).await;
    let ledger = ledger(&account);
    LedgerUnderTest {
        ledger: ledger.clone(),
        committed: ledger.clone(),
        second: self::ledger(&account),
        log: ledger.clone(),
        reports: ledger,
        outbox: outbox(&account),
    }
}
