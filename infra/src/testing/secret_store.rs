//! The contract of the store of secrets.

use std::sync::Arc;

use domain::ErrorKind;
use tokio::task::JoinSet;

use super::cases;
use crate::secrets::{SecretName, SecretStore, SecretValue, Stage};

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn secret_store<A: SecretStore + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "secret store",
        async || make().await as Arc<dyn SecretStore>,
        [
            nothing_is_there_at_first,
            a_value_is_read_back_as_it_was,
            a_rotation_keeps_the_value_before_until_it_is_retired,
            names_that_look_like_paths_are_names,
            names_that_differ_in_case_are_two,
            racing_rotations_lose_none,
            what_is_deleted_is_gone,
            d13_descriptions_and_errors_hold_no_value,
        ]
    );
}

type Store = Arc<dyn SecretStore>;

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn secret(text: &str) -> SecretValue {
    SecretValue::new(text).unwrap()
}

async fn read(store: &Store, text: &str, stage: Stage) -> String {
    store.read(&name(text), stage).await.unwrap().expose().to_owned()
}

async fn nothing_is_there_at_first(store: Store) {
    assert_eq!(store.describe(&name("/a")).await.unwrap(), None);
    assert_eq!(store.list().await.unwrap(), []);
    let error = store.read(&name("/a"), Stage::Current).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

async fn a_value_is_read_back_as_it_was(store: Store) {
    let value = "-----BEGIN KEY-----\nünï \"$1\"\n\t\0-----END KEY-----\n";
    let put = store.put(&name("/DataLake/GitHubToken"), secret(value)).await.unwrap();
    assert_eq!((put.version, put.has_previous), (1, false));
    assert_eq!(read(&store, "/DataLake/GitHubToken", Stage::Current).await, value);
    assert_eq!(store.describe(&put.name).await.unwrap(), Some(put));
}

async fn a_rotation_keeps_the_value_before_until_it_is_retired(store: Store) {
    for (version, value) in [(1, "one"), (2, "two"), (3, "three")] {
        let put = store.put(&name("hook"), secret(value)).await.unwrap();
        assert_eq!((put.version, put.has_previous), (version, version > 1));
    }
    assert_eq!(read(&store, "hook", Stage::Current).await, "three");
    assert_eq!(read(&store, "hook", Stage::Previous).await, "two");
    store.retire_previous(&name("hook")).await.unwrap();
    store.retire_previous(&name("hook")).await.unwrap();
    assert_eq!(read(&store, "hook", Stage::Current).await, "three");
    let error = store.read(&name("hook"), Stage::Previous).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert_eq!(store.describe(&name("hook")).await.unwrap().unwrap().version, 3);
}

async fn names_that_look_like_paths_are_names(store: Store) {
    let names = ["..", ".", "/", "../x", "/etc/passwd", "a//b", "a/../b", "b"];
    for text in names {
        store.put(&name(text), secret(&format!("value of {text}"))).await.unwrap();
    }
    for text in names {
        assert_eq!(read(&store, text, Stage::Current).await, format!("value of {text}"));
    }
    let mut expected: Vec<_> = names.into_iter().map(name).collect();
    expected.sort();
    let listed: Vec<_> = store.list().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(listed, expected);
}

async fn names_that_differ_in_case_are_two(store: Store) {
    store.put(&name("Token"), secret("upper")).await.unwrap();
    store.put(&name("token"), secret("lower")).await.unwrap();
    assert_eq!(read(&store, "Token", Stage::Current).await, "upper");
    assert_eq!(read(&store, "token", Stage::Current).await, "lower");
}

async fn racing_rotations_lose_none(store: Store) {
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        racing.spawn(async move { store.put(&name("a"), secret(&number.to_string())).await });
    }
    let mut versions: Vec<_> =
        racing.join_all().await.into_iter().map(|put| put.unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
    assert_ne!(read(&store, "a", Stage::Current).await, read(&store, "a", Stage::Previous).await);
}

async fn what_is_deleted_is_gone(store: Store) {
    store.put(&name("a"), secret("x")).await.unwrap();
    store.delete(&name("a")).await.unwrap();
    store.delete(&name("a")).await.unwrap();
    assert_eq!(store.describe(&name("a")).await.unwrap(), None);
    assert_eq!(store.list().await.unwrap(), []);
}

async fn d13_descriptions_and_errors_hold_no_value(store: Store) {
    let put = store.put(&name("a"), secret("hunter2")).await.unwrap();
    let listed = store.list().await.unwrap();
    let read = store.read(&name("a"), Stage::Current).await.unwrap();
    let missing = store.read(&name("a"), Stage::Previous).await.unwrap_err();
    let shown = format!("{put:?} {listed:?} {read:?} {missing} {missing:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!serde_json::to_string(&listed).unwrap().contains("hunter2"));
}
