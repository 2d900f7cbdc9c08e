//! The contract of the lake repository.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ErrorKind;
use domain::branch::{Author, BranchName, CommitId, Person};
use tokio::task::JoinSet;

use super::cases;
use crate::lake_repository::{EntryKind, FileChange, LakeRepository, MAX_FILE_BYTES};

/// Runs the contract over the repositories that `make` makes, each without a branch.
pub async fn lake_repository<A: LakeRepository + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "lake repository",
        async || make().await as Arc<dyn LakeRepository>,
        [
            a_new_repository_has_no_branch,
            what_is_saved_is_read_back,
            c3_a_commit_bears_the_number_of_the_person,
            files_are_replaced_added_and_removed,
            changes_that_change_nothing_make_no_commit,
            a_save_on_an_older_head_is_a_conflict,
            of_racing_saves_on_one_head_one_wins,
            of_racing_first_saves_one_wins,
            racing_saves_on_other_branches_all_win,
            a_branch_moves_forward_and_never_back,
            c11_a_commit_that_does_not_follow_is_no_way_forward,
            restoring_keeps_history,
            the_log_stops_where_it_is_told,
            unrelated_histories_have_no_base,
            d16_paths_out_of_the_repository_are_refused,
            a_file_is_no_folder,
            what_is_not_there_is_not_found,
            a_large_file_is_refused,
            any_changes_give_the_tree_that_they_say,
        ]
    );
}

type Repository = Arc<dyn LakeRepository>;

fn main() -> BranchName {
    "main".parse().unwrap()
}

fn author() -> Author {
    Author::of(&Person { id: "583231".into(), login: "octocat".into() })
}

fn write(path: &str, text: &str) -> FileChange {
    FileChange::Write { path: path.into(), bytes: text.into() }
}

fn remove(path: &str) -> FileChange {
    FileChange::Remove { path: path.into() }
}

async fn save(repository: &Repository, on: Option<&CommitId>, changes: &[FileChange]) -> CommitId {
    repository.save(&main(), on, changes, &author(), "Change the lake").await.unwrap()
}

async fn text(repository: &Repository, commit: &CommitId, path: &str) -> String {
    let mut files = repository.read(commit, &[path.to_owned()]).await.unwrap();
    String::from_utf8(files.remove(0)).unwrap()
}

async fn paths(repository: &Repository, commit: &CommitId) -> Vec<String> {
    let files = repository.files(commit).await.unwrap();
    files.into_iter().map(|entry| entry.path).collect()
}

async fn a_new_repository_has_no_branch(repository: Repository) {
    assert_eq!(repository.branches().await.unwrap(), []);
    assert_eq!(repository.head(&main()).await.unwrap(), None);
}

async fn what_is_saved_is_read_back(repository: Repository) {
    let changes = [write("sluice.toml", "ü\r\n\0"), write("sources/tlc/yellow.toml", "x")];
    let id = save(&repository, None, &changes).await;
    assert_eq!(repository.branches().await.unwrap(), [(main(), id.clone())]);
    assert_eq!(repository.head(&main()).await.unwrap(), Some(id.clone()));
    let files = repository.files(&id).await.unwrap();
    assert_eq!(files[0].path, "sluice.toml");
    assert_eq!(files[0].kind, EntryKind::File { bytes: 5 });
    assert_eq!(files[1].path, "sources/tlc/yellow.toml");
    assert_eq!(text(&repository, &id, "sluice.toml").await, "ü\r\n\0");
    let both = ["sources/tlc/yellow.toml".to_owned(), "sluice.toml".to_owned()];
    assert_eq!(repository.read(&id, &both).await.unwrap()[0], b"x");
}

async fn c3_a_commit_bears_the_number_of_the_person(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1")]).await;
    let id = save(&repository, Some(&first), &[write("a", "2")]).await;
    let commit = repository.commit(&id).await.unwrap();
    assert_eq!(commit.author.person_id(), Some("583231"));
    assert_eq!(commit.summary(), "Change the lake");
    assert_eq!(commit.parents, [first]);
}

async fn files_are_replaced_added_and_removed(repository: Repository) {
    let first = [write("a", "1"), write("b/c", "1"), write("b/d/e", "1"), write("f", "1")];
    let first = save(&repository, None, &first).await;
    let changes = [write("a", "2"), remove("b/d/e"), write("b/g/h", "2"), remove("absent/file")];
    let second = save(&repository, Some(&first), &changes).await;
    assert_eq!(paths(&repository, &second).await, ["a", "b/c", "b/g/h", "f"]);
    assert_eq!(text(&repository, &second, "a").await, "2");
    assert_eq!(text(&repository, &first, "a").await, "1");
    let all = [remove("a"), remove("b/c"), remove("b/g/h"), remove("f")];
    let empty = save(&repository, Some(&second), &all).await;
    assert_eq!(paths(&repository, &empty).await, Vec::<String>::new());
}

async fn changes_that_change_nothing_make_no_commit(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1")]).await;
    let again = save(&repository, Some(&first), &[write("a", "1"), remove("b")]).await;
    assert_eq!(again, first);
}

async fn a_save_on_an_older_head_is_a_conflict(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1")]).await;
    let second = save(&repository, Some(&first), &[write("a", "2")]).await;
    for expected in [Some(&first), None] {
        let late = [write("a", "3")];
        let refused = repository.save(&main(), expected, &late, &author(), "late").await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
    }
    assert_eq!(repository.head(&main()).await.unwrap(), Some(second));
}

/// Saves the same branch many times at once; how many were done.
async fn race(repository: &Repository, on: Option<&CommitId>) -> usize {
    let mut racers = JoinSet::new();
    for number in 0..8 {
        let (repository, on) = (Arc::clone(repository), on.cloned());
        racers.spawn(async move {
            let changes = [write(&format!("file-{number}"), "1")];
            let saved = repository.save(&main(), on.as_ref(), &changes, &author(), "race").await;
            saved.map_err(|error| assert_eq!(error.kind(), ErrorKind::Conflict, "{error}")).is_ok()
        });
    }
    racers.join_all().await.into_iter().filter(|won| *won).count()
}

async fn of_racing_saves_on_one_head_one_wins(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1")]).await;
    assert_eq!(race(&repository, Some(&first)).await, 1);
    let head = repository.head(&main()).await.unwrap().unwrap();
    assert_eq!(repository.commit(&head).await.unwrap().parents, [first]);
    assert_eq!(paths(&repository, &head).await.len(), 2);
}

async fn of_racing_first_saves_one_wins(repository: Repository) {
    assert_eq!(race(&repository, None).await, 1);
    let head = repository.head(&main()).await.unwrap().unwrap();
    assert_eq!(paths(&repository, &head).await.len(), 1);
}

async fn racing_saves_on_other_branches_all_win(repository: Repository) {
    let mut racers = JoinSet::new();
    for number in 0..8 {
        let repository = Arc::clone(&repository);
        racers.spawn(async move {
            let branch: BranchName = format!("feature/{number}").parse().unwrap();
            let changes = [write("a", &number.to_string())];
            repository.save(&branch, None, &changes, &author(), "race").await.unwrap();
        });
    }
    racers.join_all().await;
    assert_eq!(repository.branches().await.unwrap().len(), 8);
}

async fn a_branch_moves_forward_and_never_back(repository: Repository) {
    let test: BranchName = "test".parse().unwrap();
    let first = save(&repository, None, &[write("a", "1")]).await;
    let second = save(&repository, Some(&first), &[write("a", "2")]).await;
    repository.advance(&test, None, &first).await.unwrap();
    repository.advance(&test, Some(&first), &second).await.unwrap();
    repository.advance(&test, Some(&second), &second).await.unwrap();
    for (expected, to) in [(Some(&second), &first), (Some(&first), &second), (None, &second)] {
        let refused = repository.advance(&test, expected, to).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
    }
    assert_eq!(repository.head(&test).await.unwrap(), Some(second.clone()));
    assert!(repository.is_ancestor(&first, &second).await.unwrap());
    assert!(repository.is_ancestor(&first, &first).await.unwrap());
    assert!(!repository.is_ancestor(&second, &first).await.unwrap());
}

async fn c11_a_commit_that_does_not_follow_is_no_way_forward(repository: Repository) {
    let test: BranchName = "test".parse().unwrap();
    let base = save(&repository, None, &[write("a", "1")]).await;
    repository.advance(&test, None, &base).await.unwrap();
    let here = save(&repository, Some(&base), &[write("a", "2")]).await;
    let there = [write("a", "3")];
    let there = repository.save(&test, Some(&base), &there, &author(), "other").await.unwrap();
    let refused = repository.advance(&test, Some(&there), &here).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(repository.merge_base(&here, &there).await.unwrap(), Some(base));
}

async fn restoring_keeps_history(repository: Repository) {
    let good = save(&repository, None, &[write("a", "good"), write("b", "1")]).await;
    let bad = save(&repository, Some(&good), &[write("a", "bad"), write("c", "1")]).await;
    let restored = repository.restore(&main(), &bad, &good, &author(), "Back to good").await;
    let restored = restored.unwrap();
    assert_eq!(paths(&repository, &restored).await, ["a", "b"]);
    assert_eq!(text(&repository, &restored, "a").await, "good");
    assert_eq!(repository.commit(&restored).await.unwrap().parents, vec![bad.clone()]);
    let again = repository.restore(&main(), &restored, &good, &author(), "again").await.unwrap();
    assert_eq!(again, restored);
    let late = repository.restore(&main(), &bad, &good, &author(), "late").await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
}

async fn the_log_stops_where_it_is_told(repository: Repository) {
    let mut ids = vec![save(&repository, None, &[write("a", "0")]).await];
    for number in 1..5 {
        let next = save(&repository, ids.last(), &[write("a", &number.to_string())]).await;
        ids.push(next);
    }
    let listed = async |until: Option<&CommitId>, limit| {
        let commits = repository.log(&ids[4], until, limit).await.unwrap();
        commits.into_iter().map(|commit| commit.id).collect::<Vec<_>>()
    };
    let mut all = ids.clone();
    all.reverse();
    assert_eq!(listed(None, 100).await, all);
    assert_eq!(listed(None, 2).await, all[..2]);
    assert_eq!(listed(Some(&ids[2]), 100).await, all[..2]);
    assert_eq!(listed(Some(&ids[4]), 100).await, []);
}

async fn unrelated_histories_have_no_base(repository: Repository) {
    let other: BranchName = "other".parse().unwrap();
    let one = save(&repository, None, &[write("a", "1")]).await;
    let changes = [write("b", "1")];
    let two = repository.save(&other, None, &changes, &author(), "other").await.unwrap();
    assert_eq!(repository.merge_base(&one, &two).await.unwrap(), None);
    assert!(!repository.is_ancestor(&one, &two).await.unwrap());
}

async fn d16_paths_out_of_the_repository_are_refused(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1")]).await;
    for bad in ["../x", "/etc/passwd", "a/../../x", ".git/config", "b/.GIT/x", "", "b//c", "b\\c"] {
        let changes = [write(bad, "1")];
        let refused = repository.save(&main(), Some(&first), &changes, &author(), "bad").await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid, "{bad}");
        let refused = repository.read(&first, &[bad.to_owned()]).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{bad}");
    }
    assert_eq!(repository.head(&main()).await.unwrap(), Some(first));
}

async fn a_file_is_no_folder(repository: Repository) {
    let first = save(&repository, None, &[write("a", "1"), write("b/c", "1")]).await;
    let both: [&[FileChange]; 5] = [
        &[write("a/x", "1")],
        &[write("b", "1")],
        &[remove("b")],
        &[write("d", "1"), write("d/e", "1")],
        &[write("f", "1"), remove("f")],
    ];
    for changes in both {
        let refused = repository.save(&main(), Some(&first), changes, &author(), "bad").await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid, "{changes:?}");
    }
}

async fn what_is_not_there_is_not_found(repository: Repository) {
    let first = save(&repository, None, &[write("a/b", "1")]).await;
    let unknown: CommitId = "ab".repeat(20).parse().unwrap();
    let not_found = |kind: ErrorKind| assert_eq!(kind, ErrorKind::NotFound);
    not_found(repository.commit(&unknown).await.unwrap_err().kind());
    not_found(repository.files(&unknown).await.unwrap_err().kind());
    not_found(repository.log(&unknown, None, 1).await.unwrap_err().kind());
    not_found(repository.is_ancestor(&unknown, &first).await.unwrap_err().kind());
    not_found(repository.merge_base(&unknown, &first).await.unwrap_err().kind());
    not_found(repository.advance(&main(), Some(&first), &unknown).await.unwrap_err().kind());
    for path in ["a/c", "a", "x/y"] {
        let read = repository.read(&first, &[path.to_owned()]).await;
        not_found(read.unwrap_err().kind());
    }
}

async fn a_large_file_is_refused(repository: Repository) {
    let most = usize::try_from(MAX_FILE_BYTES).unwrap();
    let first = save(&repository, None, &[write("a", &"x".repeat(most))]).await;
    assert_eq!(text(&repository, &first, "a").await.len(), most);
    let changes = [write("b", &"x".repeat(most + 1))];
    let refused = repository.save(&main(), Some(&first), &changes, &author(), "large").await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
}

/// Numbers that look random and are the same each time.
fn next(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % below
}

async fn any_changes_give_the_tree_that_they_say(repository: Repository) {
    let (mut state, mut model) = (7, BTreeMap::from([("keep".to_owned(), "1".to_owned())]));
    let mut head = save(&repository, None, &[write("keep", "1")]).await;
    for step in 0..40 {
        let mut changes = BTreeMap::new();
        for _ in 0..=next(&mut state, 4) {
            let folder = ["", "a/", "a/b/", "c/"][next(&mut state, 4) as usize];
            let path = format!("{folder}file-{}", next(&mut state, 4));
            let change = match next(&mut state, 3) {
                0 => remove(&path),
                _ => write(&path, &step.to_string()),
            };
            changes.insert(path, change);
        }
        for change in changes.values() {
            match change {
                FileChange::Write { path, bytes } => {
                    drop(model.insert(path.clone(), String::from_utf8(bytes.clone()).unwrap()));
                }
                FileChange::Remove { path } => drop(model.remove(path)),
            }
        }
        let changes: Vec<_> = changes.into_values().collect();
        head = save(&repository, Some(&head), &changes).await;
        let paths = paths(&repository, &head).await;
        let texts = repository.read(&head, &paths).await.unwrap();
        let texts = texts.into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
        let found: BTreeMap<_, _> = paths.into_iter().zip(texts).collect();
        assert_eq!(found, model, "step {step}");
    }
}
