//! The contract of the lake repository, and what is Git's and GitHub's own.

use std::process::Command;
use std::sync::Arc;

use domain::ErrorKind;
use domain::branch::BranchName;
use infra::lake_repository::{EntryKind, FileChange, LakeRepository};

use super::{author, main_branch, save, write};
use infra_github::testing::StandIn;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lake_repository_on_github() {
    let make = async || Arc::new(StandIn::start().await.github().lake_repository());
    infra::testing::lake_repository(make).await;
}

#[tokio::test]
async fn what_git_makes_of_it_is_sound_and_says_who_wrote_and_who_committed() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let first = save(&repository, None, "first").await;
    let second = save(&repository, Some(&first), "second").await;
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(stand_in.folder()).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["fsck", "--strict"]);
    let shown = git(&["log", "-1", "--format=%an <%ae> %cn <%ce> %s", second.as_str()]);
    assert_eq!(
        shown.trim_end(),
        "octocat <583231+octocat@users.noreply.github.com> Sluice <noreply@sluice.invalid> Change \
         the lake"
    );
}

#[tokio::test]
async fn lists_that_come_in_pages_are_read_to_their_end() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let mut ids = vec![save(&repository, None, "0").await];
    for number in 1..230 {
        ids.push(save(&repository, ids.last(), &number.to_string()).await);
    }
    for number in 0..120 {
        stand_in.push(&format!("feature/{number:03}").parse().unwrap(), &ids[0]);
    }
    let branches = repository.branches().await.unwrap();
    assert_eq!(branches.len(), 121);
    assert!(branches.is_sorted());
    assert_eq!(branches.last().unwrap().0, main_branch());

    let listed = async |until: Option<&_>, limit| {
        let commits = repository.log(ids.last().unwrap(), until, limit).await.unwrap();
        commits.into_iter().map(|commit| commit.id).collect::<Vec<_>>()
    };
    let mut newest = ids.clone();
    newest.reverse();
    assert_eq!(listed(None, 1_000).await, newest);
    assert_eq!(listed(None, 150).await, newest[..150]);
    assert_eq!(listed(Some(&ids[9]), 1_000).await, newest[..220]);
    assert_eq!(listed(Some(&ids[9]), 30).await, newest[..30]);
    assert_eq!(listed(Some(&ids[9]), 205).await, newest[..205]);
    assert_eq!(listed(Some(&ids[9]), 0).await, []);
    assert_eq!(listed(None, 0).await, []);
}

#[tokio::test]
async fn a_tree_that_is_cut_off_is_read_folder_by_folder() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let mut changes = Vec::new();
    for number in 0..12 {
        changes
            .push(write(&format!("sources/{}/{number:02}.toml", number % 3), &number.to_string()));
    }
    changes.push(write("sluice.toml", "x"));
    let id = repository.save(&main_branch(), None, &changes, &author(), "Many").await.unwrap();
    let whole = repository.files(&id).await.unwrap();
    assert_eq!(whole.len(), 13);

    stand_in.list_at_most(5);
    stand_in.take_seen();
    let anew = stand_in.github().lake_repository();
    assert_eq!(anew.files(&id).await.unwrap(), whole);
    let asked = stand_in.take_seen().len();
    assert!((5..=12).contains(&asked), "{asked} requests");

    stand_in.list_at_most(2);
    let anew = stand_in.github().lake_repository();
    assert_eq!(anew.files(&id).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn d16_links_and_submodules_are_shown_and_never_followed() {
    let stand_in = StandIn::start().await;
    let id = stand_in.with_git(|git| {
        let target = git.blob(b"/etc/passwd").unwrap();
        let text = git.blob(b"x").unwrap();
        let mut tree = git.treebuilder(None).unwrap();
        tree.insert("passwd", target, 0o120_000).unwrap();
        tree.insert("run.sh", text, 0o100_755).unwrap();
        tree.insert("sub", git2::Oid::from_str(&"ab".repeat(20)).unwrap(), 0o160_000).unwrap();
        let tree = git.find_tree(tree.write().unwrap()).unwrap();
        let eve = git2::Signature::now("Eve", "eve@example.org").unwrap();
        git.commit(Some("refs/heads/main"), &eve, &eve, "Links", &tree, &[]).unwrap().to_string()
    });
    let id = id.parse().unwrap();
    let repository = stand_in.github().lake_repository();
    let files = repository.files(&id).await.unwrap();
    let kinds: Vec<_> = files.iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    let expected = [
        ("passwd", EntryKind::Link),
        ("run.sh", EntryKind::File { bytes: 1 }),
        ("sub", EntryKind::Submodule),
    ];
    assert_eq!(kinds, expected);
    let read =
        async |path: &str| repository.read(&id, &[path.to_owned()]).await.unwrap_err().kind();
    assert_eq!(read("passwd").await, ErrorKind::Invalid);
    assert_eq!(read("sub").await, ErrorKind::NotFound);

    let changes = [write("run.sh", "y"), write("passwd", "no link any more")];
    let next = repository.save(&main_branch(), Some(&id), &changes, &author(), "Mend").await;
    let next = git2::Oid::from_str(next.unwrap().as_str()).unwrap();
    let mode = |path: &str| {
        stand_in.with_git(|git| {
            let tree = git.find_commit(next).unwrap().tree().unwrap();
            tree.get_name(path).unwrap().filemode()
        })
    };
    assert_eq!((mode("run.sh"), mode("passwd"), mode("sub")), (0o100_755, 0o100_644, 0o160_000));
}

#[tokio::test]
async fn d16_a_tree_made_by_hand_does_not_lead_out() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    for name in ["..", ".git", "a\\b", "a\nb"] {
        let id = stand_in.with_git(|git| {
            let blob = git.blob(b"x").unwrap();
            let raw = [b"100644 ", name.as_bytes(), b"\0", blob.as_bytes()].concat();
            let tree = git.odb().unwrap().write(git2::ObjectType::Tree, &raw).unwrap();
            let tree = git.find_tree(tree).unwrap();
            let eve = git2::Signature::now("Eve", "eve@example.org").unwrap();
            git.commit(None, &eve, &eve, "Bad", &tree, &[]).unwrap().to_string()
        });
        let refused = repository.files(&id.parse().unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{name:?}: {refused}");
    }
}

#[tokio::test]
async fn bytes_come_back_as_they_were_whatever_they_are() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let all: Vec<u8> = (0..=255).collect();
    let long = "ä".repeat(100_000).into_bytes();
    let bodies = [all, long, b"a\r\nb".to_vec(), Vec::new(), "\u{feff}ü\u{2028}".into()];
    let changes = bodies.iter().enumerate().map(|(number, bytes)| FileChange::Write {
        path: format!("file-{number}"),
        bytes: bytes.clone(),
    });
    let changes: Vec<_> = changes.collect();
    let id = repository.save(&main_branch(), None, &changes, &author(), "Bytes").await.unwrap();
    let paths: Vec<_> = changes.iter().map(|change| change.path().to_owned()).collect();
    let anew = stand_in.github().lake_repository();
    assert_eq!(anew.read(&id, &paths).await.unwrap(), bodies);
}

#[tokio::test]
async fn what_never_changes_is_asked_for_once_and_branches_only_whether_they_moved() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let id = save(&repository, None, "x").await;
    let look = async || {
        let head = repository.head(&main_branch()).await.unwrap().unwrap();
        repository.read(&head, &["sluice.toml".to_owned()]).await.unwrap()
    };
    look().await;
    stand_in.take_seen();
    assert_eq!(look().await, [b"x"]);
    assert_eq!(stand_in.take_seen(), ["GET git/ref/heads/main"]);
    let moved = save(&repository, Some(&id), "y").await;
    assert_eq!(repository.head(&main_branch()).await.unwrap(), Some(moved.clone()));
    stand_in.push(&main_branch(), &id);
    assert_eq!(repository.head(&main_branch()).await.unwrap(), Some(id), "moved back by force");
}

#[tokio::test]
async fn a_repository_without_a_commit_says_what_to_do_first() {
    let stand_in = StandIn::start_empty().await;
    let repository = stand_in.github().lake_repository();
    assert_eq!(repository.branches().await.unwrap(), []);
    assert_eq!(repository.head(&main_branch()).await.unwrap(), None);
    let changes = [write("sluice.toml", "x")];
    let refused = repository.save(&main_branch(), None, &changes, &author(), "First").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    assert!(refused.message().contains("`sluice init`"), "{refused}");
}

#[tokio::test]
async fn c17_a_branch_that_somebody_forced_or_deleted_is_seen_as_it_is() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let first = save(&repository, None, "first").await;
    let second = save(&repository, Some(&first), "second").await;
    stand_in.push(&main_branch(), &first);
    let changes = [write("sluice.toml", "mine")];
    let late = repository.save(&main_branch(), Some(&second), &changes, &author(), "Late").await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
    stand_in.with_git(|git| git.find_reference("refs/heads/main").unwrap().delete().unwrap());
    assert_eq!(repository.head(&main_branch()).await.unwrap(), None);
    let late = repository.save(&main_branch(), Some(&first), &changes, &author(), "Late").await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_protected_branch_is_told_from_one_that_moved() {
    let stand_in = StandIn::start().await;
    let repository = stand_in.github().lake_repository();
    let first = save(&repository, None, "first").await;
    stand_in.protect(&main_branch());
    let changes = [write("sluice.toml", "second")];
    let refused = repository.save(&main_branch(), Some(&first), &changes, &author(), "No").await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    assert!(refused.message().contains("rule violations"), "{refused}");
    let other: BranchName = "feature".parse().unwrap();
    repository.save(&other, None, &changes, &author(), "Yes").await.unwrap();
}
