//! The contract of the store of assets.

use std::sync::Arc;

use domain::ErrorKind;
use tokio::task::JoinSet;

use super::cases;
use crate::release::{AssetStore, digest};

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn asset_store<A: AssetStore + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "asset store",
        async || make().await as Arc<dyn AssetStore>,
        [
            what_is_kept_is_read_back_as_it_was,
            what_is_there_is_not_kept_again,
            what_is_not_kept_is_not_found,
            bytes_under_another_digest_are_refused,
            racing_puts_of_one_content_all_succeed,
        ]
    );
}

type Store = Arc<dyn AssetStore>;

async fn what_is_kept_is_read_back_as_it_was(store: Store) {
    for bytes in [Vec::new(), b"a: b\r\n\0\xff".to_vec(), vec![7; 3_000_000]] {
        assert!(store.put(&digest(&bytes), bytes.clone()).await.unwrap());
        assert!(store.get(&digest(&bytes)).await.unwrap() == bytes, "{} bytes", bytes.len());
    }
}

async fn what_is_there_is_not_kept_again(store: Store) {
    let (one, other) = (b"one".to_vec(), b"other".to_vec());
    assert!(store.put(&digest(&one), one.clone()).await.unwrap());
    assert!(!store.put(&digest(&one), one.clone()).await.unwrap());
    assert!(store.put(&digest(&other), other).await.unwrap());
    assert_eq!(store.get(&digest(&one)).await.unwrap(), one);
}

async fn what_is_not_kept_is_not_found(store: Store) {
    let error = store.get(&digest(b"elsewhere")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.message().contains("build the release anew"), "{error}");
}

async fn bytes_under_another_digest_are_refused(store: Store) {
    let error = store.put(&digest(b"one"), b"other".to_vec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(store.get(&digest(b"one")).await.is_err());
}

async fn racing_puts_of_one_content_all_succeed(store: Store) {
    let bytes = b"the same".to_vec();
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let (store, bytes) = (store.clone(), bytes.clone());
        racing.spawn(async move { store.put(&digest(&bytes), bytes).await });
    }
    racing.join_all().await.into_iter().for_each(|put| assert!(put.is_ok(), "{put:?}"));
    assert_eq!(store.get(&digest(&bytes)).await.unwrap(), bytes);
}
