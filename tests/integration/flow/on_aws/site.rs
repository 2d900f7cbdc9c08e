//! A lake in four accounts of the emulator, and the real binary in mode `aws`.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use aws::Account;
use aws::testing::{Emulator, FaultyLink, REGION, fresh_account};
use domain::branch::{Author, BranchName};
use infra::lake_repository::{FileChange, LakeRepository};
use infra_embedded::{GitLakeRepository, read_lake_folder};
use serde_json::Value;
use server::demo::{NOT_EMULATED, datasets};

use crate::support::sluice::{Outcome, command};

/// What the names of resources hold.
const PREFIX: &str = "lake";
const TABLE: &str = "[environments.parameters]\n";
const RULE: &str = "exclude_requester = false\n";

/// A lake folder, a data folder, and four accounts with nothing in them.
pub(super) struct Site {
    folder: tempfile::TempDir,
    emulator: Emulator,
    deployment: String,
    accounts: [String; 3],
}

impl Site {
    /// A new lake with the two taxi datasets of the reference. `None` without an emulator.
    pub(super) fn new() -> Option<Self> {
        let emulator = Emulator::of_this_run()?;
        let endpoint = emulator.endpoint.clone();
        Some(Self::at(emulator, &endpoint))
    }

    /// The same, with a link between Sluice and the emulator that can be broken.
    pub(super) async fn over_a_link() -> Option<(Self, FaultyLink)> {
        let emulator = Emulator::of_this_run()?;
        let (link, through) = emulator.through_a_faulty_link().await;
        Some((Self::at(emulator, &through.endpoint), link))
    }

    fn at(emulator: Emulator, endpoint: &str) -> Self {
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
            emulator,
            deployment: fresh_account(),
            accounts: [(); 3].map(|()| fresh_account()),
        };
        fs::create_dir_all(site.data()).unwrap();
        fs::write(site.data().join("sluice-server.toml"), site.configuration(endpoint)).unwrap();
        site.write_lake();
        site
    }

    /// A queue is asked for as long as an attempt may take, and the emulator goes on handing messages to
    /// whoever was killed while asking.
    fn configuration(&self, endpoint: &str) -> String {
        let Self { deployment, accounts, .. } = self;
        let mut text = format!(
            "mode = \"aws\"\n[aws]\nregion = \"{REGION}\"\nendpoint_url = \"{endpoint}\"\n\
             resource_name_prefix = \"{PREFIX}\"\ndeployment_account = \"{deployment}\"\n\
             attempt_timeout_seconds = 7\n"
        );
        for (name, account) in ["dev", "test", "prod"].iter().zip(accounts) {
            text.push_str(&format!("[aws.environments.{name}]\naccount = \"{account}\"\n"));
        }
        text
    }

    fn write_lake(&self) {
        let lake = self.lake();
        let accounts = self.accounts.join(",");
        self.well(&[
            "init",
            lake.to_str().unwrap(),
            "--resource-name-prefix",
            PREFIX,
            "--deployment-account",
            &self.deployment,
            "--accounts",
            &accounts,
        ]);
        let file = lake.join("sluice.toml");
        let text = fs::read_to_string(&file).unwrap();
        let off: String = NOT_EMULATED.iter().map(|name| format!("{name} = \"false\"\n")).collect();
        let text = text.replace(TABLE, &format!("{TABLE}{off}"));
        // One person suffices, so that one can walk: prod asks for an approval all the same.
        let text = text.replacen(TABLE, &format!("[environments.approval]\n{RULE}\n{TABLE}"), 2);
        let text = text.replace("approvers = 1\n", &format!("approvers = 1\n{RULE}"));
        fs::write(&file, text).unwrap();
        for dataset in datasets().unwrap() {
            let name = dataset.source.dataset.to_string();
            let source = toml::to_string_pretty(&dataset.source).unwrap();
            self.write(&format!("sources/{name}.toml"), &source);
            self.write(&format!("transformations/{name}.sql"), &format!("{}\n", dataset.sql));
        }
    }

    /// Gives the server the configuration of `cargo xtask demo --aws-emulator`, over the accounts of
    /// this site.
    pub(super) fn configure_as_demo(&self) {
        let data = self.data();
        let text = include_str!("../../../../server/src/demo/emulator.toml")
            .replace("{endpoint}", &self.emulator.endpoint)
            .replace("{data_dir}", data.to_str().unwrap())
            .replace("444444444444", &self.deployment)
            .replace("111111111111", &self.accounts[0])
            .replace("222222222222", &self.accounts[1])
            .replace("333333333333", &self.accounts[2]);
        fs::write(data.join("sluice-server.toml"), text).unwrap();
    }

    /// Writes a file of the lake folder.
    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.lake().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A resource of an environment by the last part of its name.
    pub(super) fn named(&self, environment: &str, what: &str) -> String {
        format!("{environment}-{PREFIX}-{what}")
    }

    /// A bucket of an environment.
    pub(super) fn bucket(&self, environment: &str, zone: &str) -> String {
        format!("{environment}-{PREFIX}-{}-{REGION}-{zone}", self.number(environment))
    }

    pub(super) fn number(&self, environment: &str) -> &str {
        let index = ["dev", "test", "prod"].iter().position(|name| *name == environment);
        &self.accounts[index.unwrap()]
    }

    /// An environment's account, as somebody who may do everything there.
    pub(super) async fn account(&self, environment: &str) -> Account {
        Account::open(&self.emulator.settings(self.number(environment))).await
    }

    /// A command, as the server in the deployment account.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.data(), args);
        command.envs(self.identity());
        command
    }

    /// What says to the emulator that we are the server in the deployment account.
    pub(super) fn identity(&self) -> [(&'static str, String); 3] {
        [
            ("AWS_ACCESS_KEY_ID", self.deployment.clone()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }

    /// A command that must end with a code.
    pub(super) fn ends(&self, code: i32, args: &[&str]) -> Outcome {
        let outcome = outcome(self.command(args).output().unwrap());
        assert_eq!(outcome.code(), Some(code), "{args:?}: {outcome:?}");
        outcome
    }

    /// A command that reads a text and must end well.
    pub(super) fn told(&self, args: &[&str], input: &str) -> Outcome {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let outcome = outcome(child.wait_with_output().unwrap());
        assert_eq!(outcome.code(), Some(0), "{args:?}: {outcome:?}");
        outcome
    }

    pub(super) fn well(&self, args: &[&str]) -> Outcome {
        self.ends(0, args)
    }

    /// The JSON of a command that must end with a code.
    pub(super) fn json(&self, code: i32, args: &[&str]) -> Value {
        self.ends(code, &[args, &["--output", "json"]].concat()).json()
    }

    /// Approves the plan of an execution by its digest, and carries it out.
    pub(super) fn approve(&self, execution: &Value) -> Value {
        let (id, digest) = (execution["id"].as_str().unwrap(), execution["plan"].as_str().unwrap());
        let ended = self.json(0, &["approve", id, "--digest", digest, "--wait"]);
        assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
        ended
    }

    /// Commits the files of the folder to the lake repository, as a push does.
    pub(super) async fn push(&self) {
        let main = BranchName::usual();
        let folder = self.data().join("lake.git");
        let repository = GitLakeRepository::open_or_init(folder, &main).await.unwrap();
        let files = read_lake_folder(&self.lake()).unwrap();
        let changes: Vec<_> = files
            .iter()
            .map(|(path, bytes)| FileChange::Write { path: path.into(), bytes: bytes.into() })
            .collect();
        let author = Author { name: "Ann".into(), email: "ann@example.com".into() };
        let head = repository.head(&main).await.unwrap();
        repository.save(&main, head.as_ref(), &changes, &author, "Push").await.unwrap();
    }
}

fn outcome(output: Output) -> Outcome {
    Outcome {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
