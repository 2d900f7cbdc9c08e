//! `sluice bootstrap` by the real binary: the deployment account, an environment, and back.

use std::path::Path;

use domain::branch::{Author, BranchName};
use infra::lake_repository::FileChange;
use infra::lake_repository::LakeRepository;
use infra_embedded::{GitLakeRepository, read_lake_folder};

use crate::support::sluice::{Outcome, sluice};

fn well(data: &Path, args: &[&str]) -> Outcome {
    let outcome = sluice(data, args);
    assert_eq!(outcome.code(), Some(0), "{args:?}: {outcome:?}");
    outcome
}

/// Commits what `sluice init` writes to the lake repository of a data folder.
async fn new_lake(folder: &Path, data: &Path) {
    let lake = folder.join("lake");
    well(data, &["init", lake.to_str().unwrap()]);
    let main = BranchName::usual();
    let repository = GitLakeRepository::open_or_init(data.join("lake.git"), &main).await.unwrap();
    let files = read_lake_folder(&lake).unwrap();
    let write =
        |(path, bytes): (&str, &[u8])| FileChange::Write { path: path.into(), bytes: bytes.into() };
    let changes: Vec<_> = files.iter().map(write).collect();
    let author = Author { name: "Ann".into(), email: "ann@example.com".into() };
    repository.save(&main, None, &changes, &author, "Begin").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_bootstrapped_one_after_the_other_and_nothing_is_made_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    new_lake(folder.path(), &data).await;
    let early = sluice(&data, &["bootstrap", "target", "dev"]);
    assert_ne!(early.code(), Some(0));
    assert!(early.stderr.contains("sluice bootstrap deployment --create"), "{early:?}");

    let shown = well(&data, &["bootstrap", "deployment"]);
    assert!(shown.stderr.contains("simulated") && shown.stderr.contains("--create"), "{shown:?}");
    let json = |args: &[&str]| well(&data, &[args, &["--output", "json"]].concat()).json();
    let asked = json(&["bootstrap", "deployment"]);
    assert!(asked["outputs"].as_object().unwrap().is_empty(), "nothing was made: {asked}");
    let template = well(&data, &["bootstrap", "deployment", "--print"]);
    assert!(template.stdout.contains("AWSTemplateFormatVersion"));

    let made = json(&["bootstrap", "deployment", "--create"]);
    assert_eq!((&made["stack"], &made["simulated"]), (&"DataLakeBootstrap".into(), &true.into()));
    assert!(made["outputs"]["ServerRoleArn"].is_string(), "{made}");
    let dev = json(&["bootstrap", "target", "dev", "--create", "--parameter", "ExternalId=e-1"]);
    assert_eq!(
        (&dev["stack"], &dev["account"]),
        (&"DevDataLakeBootstrap".into(), &"111111111111".into())
    );
    let role = dev["outputs"]["DeployRoleArn"].as_str().unwrap();

    let again = json(&["bootstrap", "deployment", "--create"]);
    let told = again["permissions"].to_string();
    assert!(told.contains(role), "the server may assume the new role: {told}");
    let same = json(&["bootstrap", "deployment", "--create"]);
    assert_eq!(same["changes"].as_array().unwrap().len(), 0, "done already: {same}");
    let same = json(&["bootstrap", "target", "dev", "--create"]);
    assert_eq!(same["changes"].as_array().unwrap().len(), 0, "the external id holds: {same}");
}
