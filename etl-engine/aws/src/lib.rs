//! The data flow on AWS: S3, SQS, DynamoDB, Glue, Athena, SNS behind the ports of `etl-engine`.

mod zone;

pub use zone::{S3Zone, s3_zone};
