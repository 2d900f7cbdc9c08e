//! The store of quality rules in DynamoDB, in the table of the run state.
//!
//! | `pk` | `sk` | is |
//! |---|---|---|
//! | `quality#rules` | the table | its current rules, so that the list is one question |
//! | `quality#rules#<table>` | the version | every version |
//! | `quality#run#<run>` | the hop | what came of the rules |
//! | `quality#table#<table>` | when, run, hop | the same in short, by time |
//! | `quality#latest` | the table | the same in short, of the last time |
//!
//! What belongs together is written in one transaction and read as it is now.

mod judgements;
mod rules;

use async_trait::async_trait;
use aws::Account;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::Result;
use domain::quality::{Judgement, JudgementSummary, QualityRules, SavedRules};
use domain::run::RunId;
use domain::table::TableName;
use etl_engine::quality::QualityStore;

use crate::dynamo_db::{Item, read, text};

/// The [`QualityStore`] of one environment.
#[derive(Debug, Clone)]
pub struct DynamoDbQualityStore {
    client: Client,
    table: String,
}

impl DynamoDbQualityStore {
    /// The store in the table of the run state, `<env>-<prefix>-run-state`. Asks AWS nothing yet.
    pub fn new(account: &Account, state_table: &str) -> Self {
        Self { client: Client::new(account.sdk()), table: state_table.to_owned() }
    }

    /// Everything with a first key, as it is now, by the second one.
    fn below(&self, pk: String) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_values(":pk", text(pk))
    }

    async fn item(&self, what: &str, key: Item) -> Result<Option<Item>> {
        read::item(&self.client, &self.table, what, key).await
    }
}

#[async_trait]
impl QualityStore for DynamoDbQualityStore {
    async fn current(&self, table: &TableName) -> Result<Option<SavedRules>> {
        self.current_rules(table).await
    }

    async fn list(&self) -> Result<Vec<SavedRules>> {
        self.list_rules().await
    }

    async fn history(&self, table: &TableName) -> Result<Vec<SavedRules>> {
        self.all_rules(table).await
    }

    async fn save(
        &self,
        table: &TableName,
        rules: &QualityRules,
        author: &str,
        message: &str,
        base: u64,
    ) -> Result<SavedRules> {
        let saved = SavedRules {
            table: table.clone(),
            version: base + 1,
            rules: rules.clone(),
            author: author.to_owned(),
            message: message.to_owned(),
            saved_at: crate::versions::now()?,
        };
        self.save_rules(saved, base).await
    }

    async fn record(&self, judgement: &Judgement, fence: i64) -> Result<()> {
        self.record_judgement(judgement, fence).await
    }

    async fn of_run(&self, run: RunId) -> Result<Vec<Judgement>> {
        self.judgements_of_run(run).await
    }

    async fn of_table(&self, table: &TableName, limit: usize) -> Result<Vec<JudgementSummary>> {
        self.judgements_of_table(table, limit).await
    }

    async fn latest(&self) -> Result<Vec<JudgementSummary>> {
        self.latest_judgements().await
    }
}

/// A table as part of a key; the length keeps names with separators in them apart.
fn name(table: &TableName) -> String {
    format!("{}#{}#{}", table.database.len(), table.database, table.table)
}
