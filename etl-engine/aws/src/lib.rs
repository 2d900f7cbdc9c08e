//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod catalog;
mod dynamo_db;
mod ledger;
mod outbox;
mod query;
mod queue;
mod retry;
mod zone;

pub use catalog::{GlueCatalog, GlueSettings};
pub use ledger::{DynamoDbRunLedger, LedgerSettings};
pub use outbox::DynamoDbOutbox;
pub use query::{AthenaQueryService, AthenaSettings};
pub use queue::{SqsArrivalQueue, SqsArrivalSettings};
pub use zone::{S3Zone, s3_zone};
