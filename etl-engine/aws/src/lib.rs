//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod catalog;
mod retry;
mod zone;

pub use catalog::{GlueCatalog, GlueSettings};
pub use zone::{S3Zone, s3_zone};
