//! Buckets for tests.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use aws::Account;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    VersioningConfiguration,
};

/// A client that finds buckets of the emulator.
pub(crate) fn s3(account: &Account) -> Client {
    let config = aws_sdk_s3::config::Builder::from(account.sdk());
    Client::from_conf(config.force_path_style(true).build())
}

/// A bucket of a name that no other test uses.
pub(crate) async fn bucket(account: &Account, keeps_versions: bool) -> String {
    let s3 = s3(account);
    let name = format!("zone-{}", uuid::Uuid::now_v7().simple());
    let region = BucketLocationConstraint::from(account.region());
    let place = CreateBucketConfiguration::builder().location_constraint(region).build();
    s3.create_bucket().bucket(&name).create_bucket_configuration(place).send().await.unwrap();
    if keeps_versions {
        let enabled = BucketVersioningStatus::Enabled;
        let versions = VersioningConfiguration::builder().status(enabled).build();
        let request = s3.put_bucket_versioning().bucket(&name);
        request.versioning_configuration(versions).send().await.unwrap();
    }
    name
}
