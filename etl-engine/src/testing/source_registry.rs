//! The contract of the source registry.

use std::sync::Arc;

use domain::ErrorKind;
use domain::source::Source;
use futures::future::join_all;

use super::cases;
use super::sample::{dataset, source};
use crate::source::SourceRegistry;

/// Runs the contract over the registries that `make` makes, each empty.
pub async fn source_registry<A: SourceRegistry + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "source registry",
        async || make().await as Arc<dyn SourceRegistry>,
        [
            nothing_is_registered_at_first,
            versions_are_added_and_read_back,
            the_list_holds_the_newest_of_each_dataset_in_order,
            a_save_over_another_version_is_a_conflict,
            d20_of_racing_saves_one_wins,
            an_invalid_source_is_refused,
        ]
    );
}

async fn nothing_is_registered_at_first(registry: Arc<dyn SourceRegistry>) {
    let yellow = dataset("yellow");
    assert_eq!(registry.current(&yellow).await.unwrap(), None);
    assert_eq!(registry.history(&yellow).await.unwrap(), []);
    assert_eq!(registry.list().await.unwrap(), []);
}

async fn versions_are_added_and_read_back(registry: Arc<dyn SourceRegistry>) {
    let first = registry.save(&source("yellow"), "ada", 0).await.unwrap();
    let changed = Source { description: Some("trips".into()), ..source("yellow") };
    let second = registry.save(&changed, "grace", 1).await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!((&*second.author, &second.source), ("grace", &changed));
    let yellow = dataset("yellow");
    assert_eq!(registry.current(&yellow).await.unwrap().as_ref(), Some(&second));
    assert_eq!(registry.history(&yellow).await.unwrap(), [second, first]);
}

async fn the_list_holds_the_newest_of_each_dataset_in_order(registry: Arc<dyn SourceRegistry>) {
    for table in ["yellow", "green", "a_b", "ab", "a1"] {
        registry.save(&source(table), "ada", 0).await.unwrap();
    }
    registry.save(&source("green"), "ada", 1).await.unwrap();
    let list = registry.list().await.unwrap();
    let listed: Vec<_> =
        list.iter().map(|saved| (saved.source.dataset.table(), saved.version)).collect();
    assert_eq!(listed, [("a1", 1), ("a_b", 1), ("ab", 1), ("green", 2), ("yellow", 1)]);
}

async fn a_save_over_another_version_is_a_conflict(registry: Arc<dyn SourceRegistry>) {
    registry.save(&source("yellow"), "ada", 0).await.unwrap();
    for base in [0, 2, 7] {
        let error = registry.save(&source("yellow"), "grace", base).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("version 1"), "{error}");
    }
    assert_eq!(registry.history(&dataset("yellow")).await.unwrap().len(), 1);
}

async fn d20_of_racing_saves_one_wins(registry: Arc<dyn SourceRegistry>) {
    let saves = (0..8).map(|_| {
        let registry = registry.clone();
        tokio::spawn(async move { registry.save(&source("yellow"), "ada", 0).await })
    });
    let outcomes = join_all(saves).await.into_iter().map(Result::unwrap);
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
}

async fn an_invalid_source_is_refused(registry: Arc<dyn SourceRegistry>) {
    let invalid = Source { columns: Vec::new(), ..source("yellow") };
    let error = registry.save(&invalid, "ada", 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(registry.current(&dataset("yellow")).await.unwrap(), None);
}
