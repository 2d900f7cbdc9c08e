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

/// Everything but its name: keys, attributes that keys name, indexes.
struct Table {
    keys: Vec<&'static str>,
    attributes: Vec<(&'static str, ScalarAttributeType)>,
    indexes: Vec<Index>,
}

pub(super) async fn make(account: &Account, settings: &LedgerSettings) {
    let client = Client::new(account.sdk());
    create(&client, &settings.audit_table, audit()).await;
    create(&client, &settings.state_table, state()).await;
}

fn audit() -> Table {
    let with = |some: &[&'static str], more: &[&'static str]| {
        let mut all = [some, more].concat();
        all.sort_unstable();
        all
    };
    let lists = ["actor", "started_by"];
    let reports = with(&lists, &["run_status", "recorded_at", "rows_written"]);
    Table {
        keys: vec!["execution_id"],
        attributes: vec![
            ("execution_id", S),
            ("environment", S),
            ("dataset", S),
            ("run_status", S),
            ("changed_at", N),
            ("rejects_of", S),
        ],
        indexes: vec![
            ("by-environment", ["environment", "execution_id"], with(&reports, &["dataset"])),
            (
                "by-dataset",
                ["dataset", "execution_id"],
                with(&reports, &["rows_read", "rows_rejected"]),
            ),
            ("by-status", ["run_status", "execution_id"], with(&lists, &["dataset"])),
            ("by-change", ["environment", "changed_at"], vec!["dataset", "run_status"]),
            ("by-rejects", ["rejects_of", "execution_id"], vec!["dataset"]),
        ],
    }
}

fn state() -> Table {
    Table {
        keys: vec!["pk", "sk"],
        attributes: vec![
            ("pk", S),
            ("sk", S),
            ("waits", S),
            ("due_at", N),
            ("told", S),
            ("created_at", N),
        ],
        indexes: vec![
            ("due", ["waits", "due_at"], Vec::new()),
            ("told", ["told", "created_at"], Vec::new()),
        ],
    }
}

/// The tables that tests work on are those of the template.
#[test]
fn the_template_makes_the_same_tables() {
    let template = include_str!("../../../../../infra/templates/tables.yaml");
    for Table { keys, attributes, indexes } in [audit(), state()] {
        let attribute = |(name, of): &(&str, ScalarAttributeType)| {
            format!("        - {{ AttributeName: {name}, AttributeType: {} }}\n", of.as_str())
        };
        let attributes: String = attributes.iter().map(attribute).collect();
        let expected = format!("{attributes}      KeySchema:\n{}", keys_of("        ", &keys));
        assert!(template.contains(&expected), "{expected}");
        for (name, keys, included) in indexes {
            let projection = match included.is_empty() {
                true => "          Projection: { ProjectionType: KEYS_ONLY }\n".to_owned(),
                false => format!(
                    "          Projection:\n            ProjectionType: INCLUDE\n            \
                     NonKeyAttributes:\n              - {}\n",
                    included.join("\n              - ")
                ),
            };
            let keys = keys_of("            ", &keys);
            let expected = format!("- IndexName: {name}\n          KeySchema:\n{keys}{projection}");
            assert!(template.contains(&expected), "{expected}");
        }
    }
}

fn keys_of(indent: &str, keys: &[&str]) -> String {
    let key = |(name, kind): (&&str, &str)| {
        format!("{indent}- {{ AttributeName: {name}, KeyType: {kind} }}\n")
    };
    keys.iter().zip(["HASH", "RANGE"]).map(key).collect()
}

async fn create(client: &Client, name: &str, table: Table) {
    let Table { keys, attributes, indexes } = table;
    let definition = |(name, of): &(&str, ScalarAttributeType)| {
        AttributeDefinition::builder().attribute_name(*name).attribute_type(of.clone()).build()
    };
    let attributes: Result<Vec<_>, _> = attributes.iter().map(definition).collect();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.unwrap()))
        .set_key_schema(Some(schema(&keys)))
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
