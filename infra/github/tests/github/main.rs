//! The adapter against a stand-in of GitHub on this machine.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod app;
mod faults;
mod limits;
mod reporter;
mod repository;

use domain::branch::{Author, BranchName, CommitId, Person};
use infra::lake_repository::{FileChange, LakeRepository};
use infra_github::GitHubLakeRepository;

fn main_branch() -> BranchName {
    "main".parse().unwrap()
}

fn author() -> Author {
    Author::of(&Person { id: "583231".into(), login: "octocat".into() })
}

fn write(path: &str, text: &str) -> FileChange {
    FileChange::Write { path: path.into(), bytes: text.into() }
}

/// Saves one file on main.
async fn save(repository: &GitHubLakeRepository, on: Option<&CommitId>, text: &str) -> CommitId {
    let changes = [write("sluice.toml", text)];
    repository.save(&main_branch(), on, &changes, &author(), "Change the lake").await.unwrap()
}
