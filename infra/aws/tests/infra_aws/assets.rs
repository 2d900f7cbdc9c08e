//! Assets in a bucket: the contract, and what S3 alone does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws::Account;
use aws::testing::{Emulator, Fault, fresh_account};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use infra::release::{AssetStore, digest};
use infra::testing;
use infra_aws::AssetBucket;

use crate::stacks::{buckets, make_bucket};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A new bucket of the account.
async fn bucket(account: &Account) -> AssetBucket {
    let name = format!("assets-{}-{}", fresh_account(), COUNT.fetch_add(1, Ordering::Relaxed));
    make_bucket(account, &name).await;
    AssetBucket::new(account, &name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn assets_in_a_bucket() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    testing::asset_store(async || Arc::new(bucket(&account).await)).await;
}

#[tokio::test]
async fn what_somebody_put_in_the_place_of_a_content_is_put_right() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let assets = bucket(&account).await;
    let of = digest(b"right");
    let wrong = aws_sdk_s3::primitives::ByteStream::from_static(b"wrong");
    let put = buckets(&account).put_object().bucket(assets.name()).key(format!("assets/{of}"));
    put.body(wrong).send().await.unwrap();
    let error = assets.get(&of).await.unwrap_err();
    assert!(error.message().contains("is not what it was"), "{error}");
    assert!(assets.put(&of, b"right".to_vec()).await.unwrap());
    assert_eq!(assets.get(&of).await.unwrap(), b"right");
}

async fn keep_versions(account: &Account, bucket: &str) {
    let enabled = BucketVersioningStatus::Enabled;
    let versions = VersioningConfiguration::builder().status(enabled).build();
    let request = buckets(account).put_bucket_versioning().bucket(bucket);
    request.versioning_configuration(versions).send().await.unwrap();
}

#[tokio::test]
async fn a3_a_content_whose_answer_is_lost_is_kept_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let account = Account::open(&emulator.settings(&number)).await;
    let direct = bucket(&account).await;
    // Otherwise what is put twice could not be told from what is put once.
    keep_versions(&account, direct.name()).await;
    let (link, through) = emulator.through_a_faulty_link().await;
    let through = Account::open(&through.settings(&number)).await;
    link.plan("PUT /", Fault::ResetAfter);
    let assets = AssetBucket::new(&through, direct.name());
    assets.put(&digest(b"x"), b"x".to_vec()).await.unwrap();
    assert_eq!(direct.get(&digest(b"x")).await.unwrap(), b"x");
    let versions = buckets(&account).list_object_versions().bucket(direct.name()).send().await;
    assert_eq!(versions.unwrap().versions().len(), 1);
}
