//! Sources and transformations in DynamoDB.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use aws::testing::{Emulator, Fault, FaultyLink, fresh_account};
use aws::{Account, AwsSettings};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
    KeyType, Projection, ProjectionType, ScalarAttributeType,
};
use domain::ErrorKind;
use domain::column::{Column, ColumnType};
use domain::source::Source;
use etl_aws::{DynamoDbSourceRegistry, DynamoDbTransformationStore};
use etl_engine::source::SourceRegistry;
use etl_engine::testing::{self, sample};
use etl_engine::transformation::TransformationStore;
use futures::future::join_all;

/// A table of versions as `infra/templates/tables.yaml` has it, of a name that nobody else uses.
async fn table(account: &Account) -> String {
    use ScalarAttributeType::{N, S};
    let name = format!("dev-lake-{}", uuid::Uuid::now_v7().simple());
    let attribute = |(name, of): (&str, ScalarAttributeType)| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(of).build().unwrap()
    };
    let attributes = [("dataset", S), ("version", N), ("current", S)].map(attribute).to_vec();
    let projection = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder()
        .index_name("current-by-dataset")
        .set_key_schema(Some(keys(["current", "dataset"])))
        .projection(projection)
        .build()
        .unwrap();
    let request = Client::new(account.sdk()).create_table().table_name(&name);
    let request = request
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(keys(["dataset", "version"])))
        .global_secondary_indexes(index);
    request.send().await.unwrap();
    name
}

fn keys(names: [&str; 2]) -> Vec<KeySchemaElement> {
    let element = |(name, kind)| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    };
    std::iter::zip(names, [KeyType::Hash, KeyType::Range]).map(element).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_of_the_source_registry() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let registry = async || DynamoDbSourceRegistry::new(&account, &table(&account).await);
    testing::source_registry(async || Arc::new(registry().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn contract_of_the_transformation_store() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let store = async || DynamoDbTransformationStore::new(&account, &table(&account).await);
    testing::transformation_store(async || Arc::new(store().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_read_the_table_and_the_index_holds_current_versions_alone() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let name = table(&account).await;
    let store = DynamoDbTransformationStore::new(&account, &name);
    let yellow = sample::dataset("yellow");
    store.save(&yellow, "SELECT 1", "ada", "begin", 0).await.unwrap();
    let second = store.save(&yellow, "SELECT 2", "ada", "go on", 1).await.unwrap();
    let found = Client::new(account.sdk()).scan().table_name(&name).send().await.unwrap();
    let mut items = found.items.unwrap();
    items.sort_by_key(|item| item["version"].as_n().unwrap().clone());
    let text = |item: usize, name: &str| items[item].get(name).and_then(|value| value.as_s().ok());
    assert_eq!(text(0, "current"), None);
    assert_eq!(text(1, "current").unwrap(), "yes");
    assert_eq!(text(1, "dataset").unwrap(), "tlc/yellow");
    assert_eq!(text(1, "sql").unwrap(), "SELECT 2");
    assert_eq!((&**text(1, "author").unwrap(), &**text(1, "message").unwrap()), ("ada", "go on"));
    let saved_at: jiff::Timestamp = text(1, "saved_at").unwrap().parse().unwrap();
    assert_eq!(saved_at, second.saved_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_registration_longer_than_an_item_is_kept_whole_and_lists_go_beyond_one_page() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let registry = DynamoDbSourceRegistry::new(&account, &table(&account).await);
    let column = |n| Column::new(format!("Column with a longer name {n}"), ColumnType::String);
    let wide = Source { columns: (0..10_000).map(column).collect(), ..sample::source("wide") };
    assert!(serde_json::to_string(&wide).unwrap().len() > 400_000);
    registry.save(&wide, "ada", 0).await.unwrap();
    assert_eq!(registry.current(&wide.dataset).await.unwrap().unwrap().source, wide);
    // A page of DynamoDB ends after 1 MB.
    let column = |n| Column::new(format!("Column {n}"), ColumnType::String);
    let columns: Vec<_> = (0..2_000).map(column).collect();
    let many = (0..40).map(|n| {
        let columns = columns.clone();
        Source { columns, ..sample::source(&format!("t{n:02}")) }
    });
    let saves: Vec<_> = many.collect();
    join_all(saves.iter().map(|source| registry.save(source, "ada", 0))).await;
    let other = registry.list().await.unwrap();
    assert_eq!(other.len(), 41);
    assert!(other.is_sorted_by_key(|saved| saved.source.dataset.clone()));
    for base in 1..12 {
        registry.save(&saves[0], "ada", base).await.unwrap();
    }
    let history = registry.history(&saves[0].dataset).await.unwrap();
    assert!(history.iter().map(|saved| saved.version).eq((1..=12).rev()));
}

/// Loses the answers to the next saves, so often.
fn lose(link: &FaultyLink, losses: usize) {
    link.heal();
    (0..losses).for_each(|_| link.plan("TransactWriteItems", Fault::ResetAfter));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_save_whose_answer_is_lost_is_made_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, through) = emulator.through_a_faulty_link().await;
    let yellow = sample::dataset("yellow");
    // Asked again, and not; the last answer may be lost too.
    for (attempts, losses) in [(3, 1), (3, 3), (1, 1)] {
        let settings = AwsSettings { attempts, ..through.settings(&fresh_account()) };
        let account = Account::open(&settings).await;
        let store = DynamoDbTransformationStore::new(&account, &table(&account).await);
        for base in 0..2 {
            lose(&link, losses);
            let saved = store.save(&yellow, "SELECT 1", "ada", "once", base).await.unwrap();
            assert_eq!(saved.version, base + 1);
            assert!(link.is_done(), "fewer requests came than {losses}");
        }
        assert_eq!(store.history(&yellow).await.unwrap().len(), 2);
        // Somebody else's save is not taken for ours.
        lose(&link, losses);
        let late = store.save(&yellow, "SELECT 1", "ada", "once", 1).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Conflict, "{late}");
        assert!(late.message().contains("version 2"), "{late}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn errors_keep_their_kind() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let store = DynamoDbTransformationStore::new(&account, "no-such-table");
    let yellow = sample::dataset("yellow");
    let read = store.current(&yellow).await.unwrap_err();
    let saved = store.save(&yellow, "SELECT 1", "ada", "begin", 0).await.unwrap_err();
    for error in [read, saved] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.message().contains("tlc/yellow"), "{error}");
    }
    let name = table(&account).await;
    let store = DynamoDbTransformationStore::new(&account, &name);
    store.save(&yellow, "SELECT 1", "ada", "begin", 0).await.unwrap();
    let client = Client::new(account.sdk());
    let key = client.update_item().table_name(&name);
    let key = key.key("dataset", AttributeValue::S("tlc/yellow".into()));
    let key = key.key("version", AttributeValue::N("1".into()));
    key.update_expression("REMOVE author").send().await.unwrap();
    let damaged = store.current(&yellow).await.unwrap_err();
    assert!(damaged.message().contains("author"), "{damaged}");
}
