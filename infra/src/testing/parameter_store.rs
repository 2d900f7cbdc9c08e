//! The contract of the store of parameters.

use std::sync::Arc;

use domain::ErrorKind;
use tokio::task::JoinSet;

use super::cases;
use crate::parameters::{MOST_BYTES, ParameterPath, ParameterStore};

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn parameter_store<A: ParameterStore + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "parameter store",
        async || make().await as Arc<dyn ParameterStore>,
        [
            nothing_is_there_at_first,
            a_value_is_read_back_as_it_was,
            versions_count_up_and_are_kept,
            the_same_value_again_is_no_new_version,
            a_put_over_another_version_is_a_conflict,
            of_racing_puts_one_wins,
            a_list_holds_what_is_below_its_folder_in_order,
            what_is_deleted_is_gone_and_begins_anew,
            values_that_cannot_be_kept_everywhere_are_refused,
        ]
    );
}

type Store = Arc<dyn ParameterStore>;

fn path(text: &str) -> ParameterPath {
    text.parse().unwrap()
}

async fn nothing_is_there_at_first(store: Store) {
    assert_eq!(store.get(&path("/a/b")).await.unwrap(), None);
    assert_eq!(store.list(&path("/a")).await.unwrap(), []);
    assert_eq!(store.history(&path("/a/b")).await.unwrap(), []);
}

async fn a_value_is_read_back_as_it_was(store: Store) {
    let value = "it's $1 or ?\n\tünï \"quoted\" 100% {{x}}";
    let put = store.put(&path("/a/b"), value, None).await.unwrap();
    assert_eq!((put.value.as_str(), put.version), (value, 1));
    assert_eq!(store.get(&path("/a/b")).await.unwrap(), Some(put));
}

async fn versions_count_up_and_are_kept(store: Store) {
    for (version, value) in [(1, "one"), (2, "two"), (3, "one")] {
        let put = store.put(&path("/a"), value, Some(version - 1)).await.unwrap();
        assert_eq!(put.version, version);
    }
    let history = store.history(&path("/a")).await.unwrap();
    let kept: Vec<_> = history.iter().map(|kept| (kept.version, kept.value.as_str())).collect();
    assert_eq!(kept, [(3, "one"), (2, "two"), (1, "one")]);
}

async fn the_same_value_again_is_no_new_version(store: Store) {
    let first = store.put(&path("/a"), "same", None).await.unwrap();
    assert_eq!(store.put(&path("/a"), "same", None).await.unwrap(), first);
    assert_eq!(store.history(&path("/a")).await.unwrap().len(), 1);
}

async fn a_put_over_another_version_is_a_conflict(store: Store) {
    store.put(&path("/a"), "one", Some(0)).await.unwrap();
    for base in [0, 2] {
        let error = store.put(&path("/a"), "other", Some(base)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("version 1"), "{error}");
    }
    let error = store.put(&path("/b"), "x", Some(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(store.get(&path("/a")).await.unwrap().unwrap().value, "one");
}

async fn of_racing_puts_one_wins(store: Store) {
    let mut racing = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        racing.spawn(async move { store.put(&path("/a"), &number.to_string(), Some(0)).await });
    }
    let outcomes = racing.join_all().await;
    let won: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    let lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    lost.for_each(|error| assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"));
    assert_eq!(store.get(&path("/a")).await.unwrap().as_ref(), Some(won[0]));
}

async fn a_list_holds_what_is_below_its_folder_in_order(store: Store) {
    for place in ["/s/dev/b", "/s/dev2/x", "/s/dev/a/deep", "/s/dev", "/s/dev/a", "/s/de_/x"] {
        store.put(&path(place), place, None).await.unwrap();
    }
    let found = store.list(&path("/s/dev")).await.unwrap();
    let found: Vec<_> = found.iter().map(|found| found.path.as_str()).collect();
    assert_eq!(found, ["/s/dev/a", "/s/dev/a/deep", "/s/dev/b"]);
}

async fn what_is_deleted_is_gone_and_begins_anew(store: Store) {
    store.put(&path("/a"), "one", None).await.unwrap();
    store.put(&path("/a"), "two", None).await.unwrap();
    store.delete(&path("/a")).await.unwrap();
    store.delete(&path("/a")).await.unwrap();
    assert_eq!(store.get(&path("/a")).await.unwrap(), None);
    assert_eq!(store.put(&path("/a"), "new", Some(0)).await.unwrap().version, 1);
    assert_eq!(store.history(&path("/a")).await.unwrap().len(), 1);
}

async fn values_that_cannot_be_kept_everywhere_are_refused(store: Store) {
    for value in ["", &"x".repeat(MOST_BYTES + 1)] {
        let error = store.put(&path("/a"), value, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    store.put(&path("/a"), &"x".repeat(MOST_BYTES), None).await.unwrap();
}
