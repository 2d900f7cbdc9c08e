//! Team mode: the lake repository on GitHub, by the real binary and a stand-in of GitHub's API.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use domain::branch::{Author, BranchName, CommitId, Person};
use infra::lake_repository::{FileChange, LakeRepository};
use infra_embedded::read_lake_folder;
use infra_github::testing::{REPOSITORY, StandIn, TOKEN};
use serde_json::Value;

use crate::support::sluice::{PATIENCE, command, sluice};

/// A pull request whose head is the branch of dev.
const PULL_REQUEST: u64 = 7;

/// A team: its repository on GitHub, and the data folder of its Sluice.
struct Team {
    github: StandIn,
    folder: tempfile::TempDir,
}

impl Team {
    /// With a new lake, pushed by somebody who has no account here.
    async fn new() -> Self {
        let team = Self { github: StandIn::start().await, folder: tempfile::tempdir().unwrap() };
        std::fs::write(team.folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
        let lake = team.folder.path().join("lake");
        let made = sluice(&team.data(), &["init", lake.to_str().unwrap()]);
        assert_eq!(made.code(), Some(0), "{made:?}");
        let files = read_lake_folder(&lake).unwrap();
        let write = |(path, bytes): (&str, &[u8])| FileChange::Write {
            path: path.to_owned(),
            bytes: bytes.to_vec(),
        };
        let changes: Vec<_> = files.iter().map(write).collect();
        let author = Author::of(&Person { id: "583231".into(), login: "octocat".into() });
        let repository = team.github.github().lake_repository();
        repository.save(&main(), None, &changes, &author, "Begin").await.unwrap();
        team.github.open(PULL_REQUEST, "acme", "main");
        team
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.data(), args);
        command
            .env("SLUICE_SERVER__PUBLIC_URL", "https://sluice.example.org")
            .env("SLUICE_DELIVERY__GITHUB__REPOSITORY", REPOSITORY)
            .env("SLUICE_DELIVERY__GITHUB__API_URL", self.github.api_url())
            .env("SLUICE_DELIVERY__GITHUB__TOKEN_FILE", self.folder.path().join("token"))
            .env("SLUICE_DELIVERY__GITHUB__POLL_SECONDS", "1");
        command
    }

    fn worker(&self) -> Worker {
        let mut command = self.command(&["worker", "--lease", "1"]);
        Worker(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// The JSON of a command that must succeed.
    async fn json(&self, args: &[&str]) -> Value {
        let mut command = self.command(&[args, &["--output", "json"]].concat());
        // The stand-in answers on a thread of this process meanwhile.
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(ran.status.success(), "{args:?}: {ran:?}");
        serde_json::from_slice(&ran.stdout).unwrap()
    }

    async fn head(&self) -> CommitId {
        let head = self.github.github().lake_repository().head(&main()).await;
        head.unwrap().unwrap()
    }

    /// Waits until the last status of a commit in dev says something; all of its states.
    async fn told(&self, commit: &CommitId, state: &str, said: &str) -> Vec<String> {
        let begin = Instant::now();
        loop {
            let statuses = self.github.statuses(commit.as_str());
            let last = statuses.last();
            if last.is_some_and(|last| last["state"] == state && last["description"] == said) {
                let last = last.unwrap();
                assert_eq!(last["context"], "sluice/dev");
                let link = last["target_url"].as_str().unwrap();
                assert!(link.starts_with("https://sluice.example.org/dev/pipelines/"), "{link}");
                return statuses.iter().map(|one| one["state"].as_str().unwrap().into()).collect();
            }
            assert!(begin.elapsed() < PATIENCE, "{said:?} was not told: {statuses:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A worker, killed when it is dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() -> BranchName {
    BranchName::usual()
}

#[tokio::test(flavor = "multi_thread")]
async fn c18_a_push_to_github_is_found_planned_approved_and_told_there() {
    let team = Team::new().await;
    let pushed = team.head().await;
    let worker = team.worker();
    team.told(&pushed, "pending", "waits for approval").await;
    // The status is told before the plan.
    let begin = Instant::now();
    while team.github.comments(PULL_REQUEST).is_empty() {
        assert!(begin.elapsed() < PATIENCE, "the plan was not told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let comments = team.github.comments(PULL_REQUEST);
    assert_eq!(comments.len(), 1);
    let body = &comments[0].body;
    assert!(body.contains("**Permissions that widen**"), "{body}");

    // Killed while people decide: what was told is not told again.
    drop(worker);
    let told = team.github.statuses(pushed.as_str()).len();
    let waiting = team.json(&["pipelines", "list"]).await;
    let (id, digest) = (&waiting[0]["id"], &waiting[0]["plan"]);
    let (id, digest) = (id.as_str().unwrap(), digest.as_str().unwrap());
    assert!(body.contains(digest) && body.contains(&format!("/dev/pipelines/{id}/plan")), "{body}");
    team.github.take_seen();
    let _worker = team.worker();
    let asked = format!("GET commits/{pushed}/statuses");
    let begin = Instant::now();
    while !team.github.take_seen().contains(&asked) {
        assert!(begin.elapsed() < PATIENCE, "nobody looked what was told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(team.github.statuses(pushed.as_str()).len(), told);
    assert_eq!(team.github.comments(PULL_REQUEST), comments);

    team.json(&["approve", id, "--digest", digest]).await;
    let states = team.told(&pushed, "success", "runs in dev").await;
    let states: BTreeSet<_> = states.iter().map(String::as_str).collect();
    assert_eq!(states, BTreeSet::from(["pending", "success"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_the_doctor_says_what_is_wrong_with_github_and_not_with_which_token() {
    let team = Team::new().await;
    let checks = team.json(&["doctor"]).await;
    let found = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["checked"] == "lake repository on GitHub");
    let stands = format!("{REPOSITORY}: main stands at {}", team.head().await.short());
    assert_eq!(found.unwrap()["detail"], stands);

    std::fs::write(team.folder.path().join("token"), "github_pat_wrong\n").unwrap();
    let mut doctor = team.command(&["doctor"]);
    let ran = tokio::task::spawn_blocking(move || doctor.output().unwrap()).await.unwrap();
    let said = format!("{ran:?}");
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("Bad credentials") && !said.contains("pat_wrong"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_never_made_on_github() {
    let team = Team::new().await;
    let head = team.head().await;
    let mut demo = team.command(&["demo", "--no-serve"]);
    let ran = tokio::task::spawn_blocking(move || demo.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(!ran.status.success() && said.contains("never on GitHub"), "{said}");
    assert_eq!(team.head().await, head);
}
