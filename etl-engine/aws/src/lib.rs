//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod dynamo_db;
mod ledger;
mod outbox;

pub use ledger::{DynamoDbRunLedger, LedgerSettings};
pub use outbox::DynamoDbOutbox;
