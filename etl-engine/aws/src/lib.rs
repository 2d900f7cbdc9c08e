//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod catalog;
mod dynamo_db;
mod examine;
mod ledger;
mod notify;
mod outbox;
mod quality;
mod query;
mod queue;
mod retry;
mod source;
mod transformation;
mod versions;
mod zone;

pub use catalog::{GlueCatalog, GlueSettings};
pub use examine::{Finding, Resources, examine};
pub use ledger::{DynamoDbRunLedger, LedgerSettings};
pub use notify::SnsNotifier;
pub use outbox::DynamoDbOutbox;
pub use quality::DynamoDbQualityStore;
pub use query::{AthenaQueryService, AthenaSettings};
pub use queue::{SqsArrivalQueue, SqsArrivalSettings};
pub use source::DynamoDbSourceRegistry;
pub use transformation::DynamoDbTransformationStore;
pub use zone::{S3Zone, s3_zone};
