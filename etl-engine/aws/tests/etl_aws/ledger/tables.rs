//! Makes the tables of a ledger as `infra/templates/tables.yaml` has them.

use aws::Account;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use etl_aws::LedgerSettings;

const S: ScalarAttributeType = ScalarAttributeType::S;
const N: ScalarAttributeType = ScalarAttributeType::N;

/// An index: name, keys, attributes beside the keys.
type Index = (&'static str, [&'static str; 2], Vec<&'static str>);

pub(super) async fn make(account: &Account, settings: &LedgerSettings) {
    let client = Client::new(account.sdk());
    let audit = [
        ("execution_id", S),
        ("environment", S),
        ("dataset", S),
        ("job_latest_status", S),
        ("changed_at", N),
        ("rejects_of", S),
    ];
    let lists = ["actor", "started_by"];
    let reports = [&lists[..], &["job_latest_status", "recorded_at", "rows_written"]].concat();
    let rows = [&reports[..], &["rows_read", "rows_rejected"]].concat();
    let with = |included: &[&'static str], more: &[&'static str]| [included, more].concat();
    let indexes = vec![
        ("by-environment", ["environment", "execution_id"], with(&reports, &["dataset"])),
        ("by-dataset", ["dataset", "execution_id"], rows),
        ("by-status", ["job_latest_status", "execution_id"], with(&lists, &["dataset"])),
        ("by-change", ["environment", "changed_at"], vec!["dataset", "job_latest_status"]),
        ("by-rejects", ["rejects_of", "execution_id"], vec!["dataset"]),
    ];
    table(&client, &settings.audit_table, &["execution_id"], &audit, indexes).await;
    let state = [("pk", S), ("sk", S), ("waits", S), ("due_at", N), ("told", S), ("created_at", N)];
    let indexes = vec![
        ("due", ["waits", "due_at"], Vec::new()),
        ("told", ["told", "created_at"], Vec::new()),
    ];
    table(&client, &settings.state_table, &["pk", "sk"], &state, indexes).await;
}

async fn table(
    client: &Client,
    name: &str,
    keys: &[&str],
    attributes: &[(&str, ScalarAttributeType)],
    indexes: Vec<Index>,
) {
    let definition = |(name, of): &(&str, ScalarAttributeType)| {
        AttributeDefinition::builder().attribute_name(*name).attribute_type(of.clone()).build()
    };
    let attributes: Result<Vec<_>, _> = attributes.iter().map(definition).collect();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.unwrap()))
        .set_key_schema(Some(schema(keys)))
        .set_global_secondary_indexes(Some(indexes.into_iter().map(secondary).collect()))
        .send()
        .await
        .unwrap();
}

fn schema(keys: &[&str]) -> Vec<KeySchemaElement> {
    let element = |(name, kind): (&&str, KeyType)| {
        KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap()
    };
    keys.iter().zip([KeyType::Hash, KeyType::Range]).map(element).collect()
}

fn secondary((name, keys, included): Index) -> GlobalSecondaryIndex {
    let projection = match included.is_empty() {
        true => Projection::builder().projection_type(ProjectionType::KeysOnly),
        false => Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(included.into_iter().map(str::to_owned).collect())),
    };
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(schema(&keys)))
        .projection(projection.build())
        .build()
        .unwrap()
}
