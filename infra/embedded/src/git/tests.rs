//! What is Git's own: pushes of people, links and submodules, locks, settings.

use std::path::PathBuf;
use std::process::Command;

use domain::branch::Person;
use infra::lake_repository::EntryKind;

use super::*;

struct Pushing {
    folder: tempfile::TempDir,
    repository: GitLakeRepository,
}

impl Pushing {
    /// A repository, and a clone of it in which somebody works.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("lake.git");
        let repository = GitLakeRepository::open_or_init(bare, &main()).await.unwrap();
        let here = Self { folder, repository };
        here.git(&["init", "--quiet", "--initial-branch=main", "."]);
        here.git(&["remote", "add", "origin", here.repository.folder().to_str().unwrap()]);
        here
    }

    fn work(&self) -> PathBuf {
        let work = self.folder.path().join("work");
        std::fs::create_dir_all(&work).unwrap();
        work
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs `git` as a person would, but for their own settings. What it says.
    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.work())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        said + &String::from_utf8_lossy(&output.stdout)
    }

    fn push(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "Change the lake"]);
        self.git(&["push", "--force", "origin", "HEAD:main"])
    }

    async fn head(&self) -> CommitId {
        self.repository.head(&main()).await.unwrap().unwrap()
    }
}

fn main() -> BranchName {
    "main".parse().unwrap()
}

fn author() -> Author {
    Author::of(&Person { id: "1".into(), login: "octocat".into() })
}

fn change(text: &str) -> [FileChange; 1] {
    [FileChange::Write { path: "sluice.toml".into(), bytes: text.into() }]
}

#[tokio::test]
async fn people_push_and_pull_as_they_are_used_to() {
    let here = Pushing::new().await;
    here.write("sluice.toml", "first");
    let said = here.push();
    assert!(!said.contains("warning"), "{said}");
    let pushed = here.head().await;
    let commit = here.repository.commit(&pushed).await.unwrap();
    assert_eq!(
        (commit.author.email.as_str(), commit.summary()),
        ("ada@example.org", "Change the lake")
    );

    let saved =
        here.repository.save(&main(), Some(&pushed), &change("second"), &author(), "Edit").await;
    here.git(&["pull", "--quiet", "--ff-only", "origin", "main"]);
    assert_eq!(std::fs::read_to_string(here.work().join("sluice.toml")).unwrap(), "second");
    assert!(here.git(&["log", "-1", "--format=%H %ae"]).contains(saved.unwrap().as_str()));
    here.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn a_push_meanwhile_makes_a_save_conflict() {
    let here = Pushing::new().await;
    here.write("sluice.toml", "first");
    here.push();
    let seen = here.head().await;
    here.write("sluice.toml", "pushed");
    here.push();
    let refused =
        here.repository.save(&main(), Some(&seen), &change("mine"), &author(), "Edit").await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn c17_a_branch_that_was_forced_or_deleted_is_seen_as_it_is() {
    let here = Pushing::new().await;
    here.write("sluice.toml", "first");
    here.push();
    let first = here.head().await;
    here.write("sluice.toml", "second");
    here.push();
    let second = here.head().await;
    here.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    here.write("sluice.toml", "third");
    here.push();
    let third = here.head().await;
    assert!(!here.repository.is_ancestor(&second, &third).await.unwrap());
    assert_eq!(here.repository.merge_base(&second, &third).await.unwrap(), Some(first));
    let gone: BranchName = "feature".parse().unwrap();
    here.git(&["push", "--quiet", "origin", "HEAD:feature"]);
    here.git(&["push", "--quiet", "origin", "--delete", "feature"]);
    assert_eq!(here.repository.head(&gone).await.unwrap(), None);
    let late = here.repository.save(&gone, Some(&third), &change("x"), &author(), "Edit").await;
    assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn d16_links_and_submodules_are_shown_and_never_followed() {
    let here = Pushing::new().await;
    here.write("sluice.toml", "x");
    std::os::unix::fs::symlink("/etc/passwd", here.work().join("passwd")).unwrap();
    here.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", "ab".repeat(20))]);
    here.git(&["commit", "--quiet", "--message", "A submodule"]);
    here.git(&["add", "passwd", "sluice.toml"]);
    here.git(&["commit", "--quiet", "--message", "A link"]);
    here.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let head = here.head().await;
    let files = here.repository.files(&head).await.unwrap();
    let kinds: Vec<_> = files.iter().map(|entry| (entry.path.as_str(), entry.kind)).collect();
    let expected = [
        ("passwd", EntryKind::Link),
        ("sluice.toml", EntryKind::File { bytes: 1 }),
        ("sub", EntryKind::Submodule),
    ];
    assert_eq!(kinds, expected);
    let read = async |path: &str| {
        here.repository.read(&head, &[path.to_owned()]).await.unwrap_err().kind()
    };
    assert_eq!(read("passwd").await, ErrorKind::Invalid);
    assert_eq!(read("sub").await, ErrorKind::NotFound);
}

#[tokio::test]
async fn d16_a_tree_made_by_hand_does_not_lead_out() {
    let here = Pushing::new().await;
    let repository = open(here.repository.folder()).unwrap();
    let blob = repository.blob(b"x").unwrap();
    for name in ["..", ".git", "a\\b", "a\nb"] {
        // As a client of its own could send it: libgit2 and Git make no such tree.
        let raw = [b"100644 ", name.as_bytes(), b"\0", blob.as_bytes()].concat();
        let tree = repository.odb().unwrap().write(git2::ObjectType::Tree, &raw).unwrap();
        let me = git2::Signature::now("Eve", "eve@example.org").unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let commit = repository.commit(None, &me, &me, "Bad", &tree, &[]).unwrap();
        let refused = here.repository.files(&id(commit).unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{name:?}: {refused}");
    }
}

#[tokio::test]
async fn a_lock_that_a_killed_process_left_is_taken_away_after_a_minute() {
    let here = Pushing::new().await;
    here.write("sluice.toml", "first");
    here.push();
    let head = here.head().await;
    let lock = here.repository.folder().join("refs/heads/main.lock");
    let file = std::fs::File::create(&lock).unwrap();
    let busy = here.repository.save(&main(), Some(&head), &change("1"), &author(), "Edit").await;
    assert_eq!(busy.unwrap_err().kind(), ErrorKind::Unavailable);
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(61)).unwrap();
    here.repository.save(&main(), Some(&head), &change("1"), &author(), "Edit").await.unwrap();
    assert!(!lock.exists());
}

#[tokio::test]
async fn the_repository_is_made_once_without_hooks_and_syncs_what_it_writes() {
    let here = Pushing::new().await;
    let folder = here.repository.folder().to_owned();
    here.write("sluice.toml", "first");
    here.push();
    let again = GitLakeRepository::open_or_init(&folder, &"other".parse().unwrap()).await.unwrap();
    assert_eq!(again.head(&main()).await.unwrap(), Some(here.head().await));
    let hooks = std::fs::read_dir(folder.join("hooks")).map(Iterator::count).unwrap_or_default();
    let samples = |name: &str| folder.join("hooks").join(name).exists();
    assert!(hooks <= 1 && !samples("pre-receive") && !samples("post-update"), "{hooks} hooks");
    let settings = open(&folder).unwrap().config().unwrap();
    assert!(settings.get_bool("core.fsyncObjectFiles").unwrap());
}

#[tokio::test]
async fn a_folder_that_is_no_repository_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let repository =
        GitLakeRepository::open_or_init(folder.path().join("lake.git"), &main()).await.unwrap();
    std::fs::remove_dir_all(repository.folder()).unwrap();
    let error = repository.branches().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("could not open the lake repository"), "{error}");
}
