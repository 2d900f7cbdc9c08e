//! The contract of the transformation store.

use std::sync::Arc;

use domain::ErrorKind;
use futures::future::join_all;

use super::cases;
use super::sample::dataset;
use crate::transformation::TransformationStore;

/// Quotes, dollar signs, question marks and newlines are text like any other.
const SQL: &str = "SELECT 'it''s $1 or ?' AS \"a\",\n year, month, day -- ünïcode\nFROM t";

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn transformation_store<A: TransformationStore + 'static>(
    make: impl AsyncFn() -> Arc<A>,
) {
    cases!(
        "transformation store",
        async || make().await as Arc<dyn TransformationStore>,
        [
            nothing_is_saved_at_first,
            versions_are_added_and_read_back_byte_for_byte,
            the_list_holds_the_newest_of_each_dataset_in_order,
            d20_a_save_over_another_version_is_a_conflict,
            d20_of_racing_saves_one_wins,
        ]
    );
}

async fn nothing_is_saved_at_first(store: Arc<dyn TransformationStore>) {
    let yellow = dataset("yellow");
    assert_eq!(store.current(&yellow).await.unwrap(), None);
    assert_eq!(store.version(&yellow, 1).await.unwrap(), None);
    assert_eq!(store.history(&yellow).await.unwrap(), []);
    assert_eq!(store.list().await.unwrap(), []);
}

async fn versions_are_added_and_read_back_byte_for_byte(store: Arc<dyn TransformationStore>) {
    let yellow = dataset("yellow");
    let first = store.save(&yellow, "SELECT 1", "ada", "begin", 0).await.unwrap();
    let second = store.save(&yellow, SQL, "grace", "quotes", 1).await.unwrap();
    assert_eq!((second.version, &*second.sql), (2, SQL));
    assert_eq!((&*second.author, &*second.message), ("grace", "quotes"));
    assert_eq!(store.current(&yellow).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.version(&yellow, 1).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.version(&yellow, 3).await.unwrap(), None);
    assert_eq!(store.history(&yellow).await.unwrap(), [second, first]);
}

async fn the_list_holds_the_newest_of_each_dataset_in_order(store: Arc<dyn TransformationStore>) {
    for table in ["yellow", "green", "a_b", "ab", "a1"] {
        store.save(&dataset(table), SQL, "ada", "begin", 0).await.unwrap();
    }
    store.save(&dataset("green"), SQL, "ada", "again", 1).await.unwrap();
    let list = store.list().await.unwrap();
    let listed: Vec<_> = list.iter().map(|saved| (saved.dataset.table(), saved.version)).collect();
    assert_eq!(listed, [("a1", 1), ("a_b", 1), ("ab", 1), ("green", 2), ("yellow", 1)]);
}

async fn d20_a_save_over_another_version_is_a_conflict(store: Arc<dyn TransformationStore>) {
    let yellow = dataset("yellow");
    store.save(&yellow, SQL, "ada", "begin", 0).await.unwrap();
    for base in [0, 2, 7] {
        let error = store.save(&yellow, "SELECT 2", "grace", "late", base).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("version 1"), "{error}");
    }
    assert_eq!(store.current(&yellow).await.unwrap().unwrap().sql, SQL);
}

async fn d20_of_racing_saves_one_wins(store: Arc<dyn TransformationStore>) {
    let saves = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.save(&dataset("yellow"), SQL, "ada", "race", 0).await })
    });
    let outcomes = join_all(saves).await.into_iter().map(Result::unwrap);
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
}
