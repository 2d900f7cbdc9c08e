//! Carrying out a commit: staged files take their places, each by one atomic rename.
//!
//! A commit is data ([`Commit`]) that the ledger holds before anything here happens. Carrying it out
//! makes no choices and may be repeated: what is already in place is passed over. The version that
//! a file replaces stays restorable below `_history/`.

use domain::Result;
use domain::run::{Commit, CommittedFile, RemovedFile, RunId, StagedFile};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::store_error;
use crate::failpoint;

/// Moves every staged file to its place and takes away what the commit removes. Repeatable.
pub async fn carry_out(store: &dyn ObjectStore, commit: &Commit, run: RunId) -> Result<()> {
    for file in &commit.moves {
        failpoint::reach("commit.before_move")?;
        place(store, file, run).await?;
        failpoint::reach("commit.after_move")?;
    }
    for file in &commit.removals {
        remove(store, file, run).await?;
        failpoint::reach("commit.after_removal")?;
    }
    Ok(())
}

/// The files among `owned` that are not written again by `moves`, with the versions or eTags they have now.
pub async fn removals(
    store: &dyn ObjectStore,
    owned: &[CommittedFile],
    moves: &[StagedFile],
) -> Result<Vec<RemovedFile>> {
    let mut removals = Vec::new();
    for file in owned {
        if moves.iter().any(|staged| staged.target == file.path) {
            continue;
        }
        if let Some(meta) = head(store, &file.path).await? {
            removals.push(RemovedFile {
                path: file.path.clone(),
                partition: file.partition,
                e_tag: stamp(&meta),
            });
        }
    }
    Ok(removals)
}

/// Deletes everything that was staged below a folder.
pub async fn discard(store: &dyn ObjectStore, folder: &str) -> Result<()> {
    let prefix = Path::from(folder);
    let staged: Vec<_> = store.list(Some(&prefix)).try_collect().await.map_err(store_error)?;
    for file in staged {
        ignore_absent(store.delete(&file.location).await)?;
    }
    Ok(())
}

async fn place(store: &dyn ObjectStore, file: &StagedFile, run: RunId) -> Result<()> {
    let (staged, target) = (Path::from(file.staged.as_str()), Path::from(file.target.as_str()));
    if head(store, &file.staged).await?.is_none() {
        // Done before. Were it not, the target would be missing too, and that must not pass.
        return store.head(&target).await.map(drop).map_err(store_error);
    }
    keep_history(store, &file.target, run).await?;
    match store.rename(&staged, &target).await {
        // The answer may have been lost, or another worker that rolls this commit forward was
        // faster: what counts is that the staged file has left for its place.
        Err(error) => match (head(store, &file.staged).await?, head(store, &file.target).await?) {
            (None, Some(_)) => Ok(()),
            _ => Err(store_error(error)),
        },
        Ok(()) => Ok(()),
    }
}

async fn remove(store: &dyn ObjectStore, file: &RemovedFile, run: RunId) -> Result<()> {
    match head(store, &file.path).await? {
        Some(meta) if stamp(&meta) == file.e_tag => {
            keep_history(store, &file.path, run).await?;
            match store.delete(&Path::from(file.path.as_str())).await {
                // The answer may have been lost: what counts is that the file is gone.
                Err(error) if head(store, &file.path).await?.is_some() => Err(store_error(error)),
                _ => Ok(()),
            }
        }
        // Gone already, or written anew by a later run: not this commit's to take away.
        _ => Ok(()),
    }
}

/// Copies what stands at `path` to the history, if anything does. What a run found first is kept:
/// an attempt that repeats the step finds the output of the one before it.
async fn keep_history(store: &dyn ObjectStore, path: &str, run: RunId) -> Result<()> {
    if head(store, path).await?.is_none() {
        return Ok(());
    }
    let kept = format!("_history/{path}/{run}.parquet");
    if head(store, &kept).await?.is_some() {
        return Ok(());
    }
    ignore_absent(store.copy(&Path::from(path), &Path::from(kept)).await)
}

/// What tells one content of a path from the next: its version where versions are kept, because equal
/// bytes may have equal eTags, else its eTag.
fn stamp(meta: &object_store::ObjectMeta) -> Option<String> {
    meta.version.clone().or_else(|| meta.e_tag.clone())
}

async fn head(store: &dyn ObjectStore, path: &str) -> Result<Option<object_store::ObjectMeta>> {
    match store.head(&Path::from(path)).await {
        Ok(meta) => Ok(Some(meta)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(store_error(error)),
    }
}

fn ignore_absent(outcome: object_store::Result<()>) -> Result<()> {
    match outcome {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(store_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use domain::partition::Partition;
    use object_store::memory::InMemory;

    use super::*;
    use crate::table_files::ambiguous::AmbiguousStore;

    fn partition() -> Partition {
        Partition::from_values("2020", "08", "05").unwrap()
    }

    fn staged(staged: &str, target: &str) -> StagedFile {
        StagedFile {
            staged: staged.into(),
            target: target.into(),
            partition: partition(),
            rows: 1,
            bytes: 3,
        }
    }

    async fn put(store: &InMemory, path: &str, text: &'static str) {
        store.put(&path.into(), text.into()).await.unwrap();
    }

    async fn text(store: &InMemory, path: &str) -> Option<String> {
        let bytes = store.get(&path.into()).await.ok()?.bytes().await.unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn b7_a_commit_may_be_repeated_and_keeps_what_it_replaces() {
        let store = InMemory::new();
        let run = RunId::generate();
        put(&store, "t/p/a", "old").await;
        put(&store, "t/p/b", "gone").await;
        put(&store, "_staging/a", "new").await;
        let moves = vec![staged("_staging/a", "t/p/a")];
        let owned = ["t/p/a", "t/p/b", "t/p/never"].map(|path| CommittedFile {
            path: path.into(),
            partition: partition(),
            rows: 1,
            bytes: 3,
        });
        let removals = removals(&store, &owned, &moves).await.unwrap();
        assert_eq!(removals.len(), 1);
        let commit = Commit { moves, removals };
        for _ in 0..3 {
            carry_out(&store, &commit, run).await.unwrap();
            assert_eq!(text(&store, "t/p/a").await.as_deref(), Some("new"));
            assert_eq!(text(&store, "t/p/b").await, None);
        }
        assert_eq!(text(&store, &format!("_history/t/p/a/{run}.parquet")).await.unwrap(), "old");
        assert_eq!(text(&store, &format!("_history/t/p/b/{run}.parquet")).await.unwrap(), "gone");
    }

    #[tokio::test]
    async fn a15_a_file_written_anew_by_a_later_run_is_not_taken_away() {
        let store = InMemory::new();
        put(&store, "t/p/b", "first").await;
        let owned =
            [CommittedFile { path: "t/p/b".into(), partition: partition(), rows: 1, bytes: 5 }];
        let removals = removals(&store, &owned, &[]).await.unwrap();
        put(&store, "t/p/b", "later").await;
        let commit = Commit { removals, ..Commit::default() };
        carry_out(&store, &commit, RunId::generate()).await.unwrap();
        assert_eq!(text(&store, "t/p/b").await.as_deref(), Some("later"));
    }

    #[tokio::test]
    async fn a3_a_lost_answer_is_resolved_by_reading_back() {
        for applies in [true, false] {
            for removes in [true, false] {
                let inner = InMemory::new();
                put(&inner, "t/p/live", "live").await;
                let mut commit = Commit::default();
                if removes {
                    put(&inner, "t/p/old", "old").await;
                    let e_tag = head(&inner, "t/p/old").await.unwrap().unwrap().e_tag;
                    let path = "t/p/old".to_owned();
                    commit.removals = vec![RemovedFile { path, partition: partition(), e_tag }];
                } else {
                    put(&inner, "_staging/a", "new").await;
                    commit.moves = vec![staged("_staging/a", "t/p/live")];
                }
                let (store, run) = (AmbiguousStore::new(inner, applies), RunId::generate());
                let first = carry_out(&store, &commit, run).await;
                assert_eq!(first.is_ok(), applies, "applies {applies}, removes {removes}");
                if !applies {
                    let kind = first.unwrap_err().kind();
                    assert_eq!(kind, domain::ErrorKind::Unavailable);
                    assert_eq!(text(&store.inner, "t/p/live").await.as_deref(), Some("live"));
                    carry_out(&store, &commit, run).await.unwrap();
                }
                let live = if removes { "live" } else { "new" };
                assert_eq!(text(&store.inner, "t/p/live").await.as_deref(), Some(live));
                assert_eq!(text(&store.inner, "t/p/old").await, None);
            }
        }
    }

    #[tokio::test]
    async fn a_lost_staged_file_is_an_error_not_a_silent_success() {
        let store = InMemory::new();
        let commit = Commit { moves: vec![staged("_staging/a", "t/p/a")], ..Commit::default() };
        assert!(carry_out(&store, &commit, RunId::generate()).await.is_err());
    }
}
