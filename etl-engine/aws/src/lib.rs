//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod catalog;
mod query;
mod retry;

pub use catalog::{GlueCatalog, GlueSettings};
pub use query::{AthenaQueryService, AthenaSettings};
