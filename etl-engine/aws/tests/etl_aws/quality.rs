//! Quality rules and what came of them in DynamoDB.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use aws::testing::{Emulator, Fault, fresh_account};
use aws::{Account, AwsSettings};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use domain::ErrorKind;
use domain::quality::{Judgement, QualityRules};
use domain::run::RunId;
use domain::table::TableName;
use domain::zone::Hop;
use etl_aws::DynamoDbQualityStore;
use etl_engine::quality::QualityStore;
use etl_engine::testing::{self, sample};

/// A table with the keys of the run state.
async fn table(account: &Account) -> String {
    let name = format!("dev-lake-{}", uuid::Uuid::now_v7().simple());
    let mut request = Client::new(account.sdk()).create_table().table_name(&name);
    for (key, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(key);
        let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
        let element = KeySchemaElement::builder().attribute_name(key).key_type(kind);
        request = request.attribute_definitions(attribute).key_schema(element.build().unwrap());
    }
    request.billing_mode(BillingMode::PayPerRequest).send().await.unwrap();
    name
}

async fn store(account: &Account) -> DynamoDbQualityStore {
    DynamoDbQualityStore::new(account, &table(account).await)
}

fn judged(run: RunId, seconds: i64) -> Judgement {
    Judgement {
        run,
        hop: Hop::RawToConformed,
        table: TableName::new("tlc", "yellow"),
        rules_version: 1,
        outcomes: Vec::new(),
        seconds: 0.5,
        judged_at: sample::at(seconds),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_of_the_quality_store() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    testing::quality_store(async || Arc::new(store(&account).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a15_a_later_attempt_leaves_no_trace_of_the_one_before() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let store = store(&emulator.account().await).await;
    let (run, other) = (RunId::generate(), RunId::generate());
    let yellow = TableName::new("tlc", "yellow");
    store.save(&yellow, &QualityRules::default(), "ada", "begin", 0).await.unwrap();
    store.record(&judged(other, 5), 1).await.unwrap();
    for (seconds, fence) in [(9, 1), (7, 2), (8, 1)] {
        store.record(&judged(run, seconds), fence).await.unwrap();
    }
    let at = |judged: Vec<domain::quality::JudgementSummary>| -> Vec<_> {
        judged.iter().map(|judged| (judged.run, judged.judged_at)).collect()
    };
    let expected = [(run, sample::at(7)), (other, sample::at(5))];
    assert_eq!(at(store.of_table(&yellow, 10).await.unwrap()), expected);
    assert_eq!(at(store.of_table(&yellow, 0).await.unwrap()), []);
    assert_eq!(at(store.latest().await.unwrap()), expected[..1]);
    // Whatever comes late is not the latest.
    store.record(&judged(RunId::generate(), 1), 1).await.unwrap();
    assert_eq!(at(store.latest().await.unwrap()), expected[..1]);
    assert_eq!(store.of_table(&yellow, 10).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn names_with_dots_in_them_are_tables_of_their_own() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let store = store(&emulator.account().await).await;
    let (one, other) = (TableName::new("a.b", "c"), TableName::new("a", "b.c"));
    store.save(&one, &QualityRules::default(), "ada", "begin", 0).await.unwrap();
    assert_eq!(store.current(&other).await.unwrap(), None);
    assert_eq!(store.history(&other).await.unwrap(), []);
    store.save(&other, &QualityRules::default(), "ada", "begin", 0).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_rules_whose_answer_is_lost_are_saved_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, through) = emulator.through_a_faulty_link().await;
    let settings = AwsSettings { attempts: 1, ..through.settings(&fresh_account()) };
    let store = store(&Account::open(&settings).await).await;
    let yellow = TableName::new("tlc", "yellow");
    for base in 0..2 {
        link.plan("TransactWriteItems", Fault::ResetAfter);
        let none = QualityRules::default();
        let saved = store.save(&yellow, &none, "ada", "once", base).await.unwrap();
        assert_eq!((saved.version, link.is_done()), (base + 1, true));
    }
    link.plan("TransactWriteItems", Fault::ResetAfter);
    let late = store.save(&yellow, &QualityRules::default(), "ada", "once", 0).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict, "{late}");
}
