//! The delivery flow by command: from a new lake to a rollback, by the real binary.

use std::fs;
use std::path::{Path, PathBuf};

use domain::branch::{Author, BranchName};
use infra::lake_repository::{FileChange, LakeRepository};
use infra_embedded::{GitLakeRepository, read_lake_folder};
use serde_json::Value;

use crate::support::sluice::{Outcome, command, sluice};

/// A dataset with SQL and no data.
const SOURCE: &str = "\
dataset = \"shop/orders\"
owner = \"data\"
format = { type = \"csv\" }

[[columns]]
name = \"id\"
source_name = \"id\"
type = \"bigint\"
nullable = true

[[columns]]
name = \"amount\"
source_name = \"amount\"
type = \"double\"
nullable = true
";
const SQL: &str =
    "SELECT sum(amount) AS amount, year, month, day FROM shop.orders GROUP BY year, month, day";

/// A lake folder, and the data folder of a Sluice that knows nothing of it yet.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A new lake, whose people may approve what they asked for up to test.
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.well(&["init", site.lake().to_str().unwrap()]);
        let file = site.lake().join("sluice.toml");
        let mut text = fs::read_to_string(&file).unwrap();
        for cidr in ["10.20.0.0/24", "10.10.0.0/24"] {
            let line = format!("vpc_cidr = \"{cidr}\"\n");
            let rule = format!("{line}\n[environments.approval]\nexclude_requester = false\n");
            text = text.replace(&line, &rule);
        }
        fs::write(&file, text).unwrap();
        site
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.lake().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Outcome {
        sluice(&self.data(), args)
    }

    /// A command that must end with a code; its output.
    fn ends(&self, code: i32, args: &[&str]) -> Outcome {
        let outcome = self.run(args);
        assert_eq!(outcome.code(), Some(code), "{args:?}: {outcome:?}");
        outcome
    }

    fn well(&self, args: &[&str]) -> Outcome {
        self.ends(0, args)
    }

    /// The JSON of a command that must end with a code.
    fn json(&self, code: i32, args: &[&str]) -> Value {
        self.ends(code, &[args, &["--output", "json"]].concat()).json()
    }

    /// Commits the files of the folder to the lake repository.
    async fn push(&self) {
        let repository = self.repository().await;
        let files = read_lake_folder(&self.lake()).unwrap();
        let changes: Vec<_> = files
            .iter()
            .map(|(path, bytes)| FileChange::Write { path: path.into(), bytes: bytes.into() })
            .collect();
        let author = Author { name: "Ann".into(), email: "ann@example.com".into() };
        let main = BranchName::usual();
        let head = repository.head(&main).await.unwrap();
        repository.save(&main, head.as_ref(), &changes, &author, "Push").await.unwrap();
    }

    async fn repository(&self) -> GitLakeRepository {
        let folder = self.data().join("lake.git");
        GitLakeRepository::open_or_init(folder, &BranchName::usual()).await.unwrap()
    }

    /// Approves the plan of an execution by its digest, and carries it out.
    fn approve(&self, execution: &Value) {
        let digest = execution["plan"].as_str().unwrap();
        let ended = self.json(0, &["approve", id(execution), "--digest", digest, "--wait"]);
        assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    }
}

fn id(execution: &Value) -> &str {
    execution["id"].as_str().unwrap()
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().collect()
}

fn file_count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lake_is_sound_and_lists_its_stacks_as_the_reference_does() {
    let site = Site::new();
    let lake = site.lake();
    let lake = lake.to_str().unwrap();
    let outcome = site.ends(1, &["init", lake]);
    assert!(outcome.stderr.contains("nothing was written"), "{outcome:?}");

    site.write("sources/shop/orders.toml", SOURCE);
    site.write("transformations/shop/orders.sql", SQL);
    let report = site.json(0, &["validate", lake]);
    assert_eq!(report["problems"], serde_json::json!([]));
    assert_eq!((&report["sources"], &report["transformations"]), (&1.into(), &1.into()));
    assert_eq!(file_count(&site.data()), 0, "checking needs no data of Sluice's");

    site.ends(2, &["ls"]);
    site.push().await;
    let listed = site.well(&["ls"]);
    let expected = [
        "DevDataLakeEtlPipeline",
        "DevDataLakeEtlPipeline/Dev/DevDataLakeEtlStorage",
        "DevDataLakeEtlPipeline/Dev/DevDataLakeEtlTables",
        "ProdDataLakeEtlPipeline/Prod/ProdDataLakeEtlRoles",
    ];
    for line in expected {
        assert!(lines(&listed).contains(&line), "{line} is not in {listed:?}");
    }
    let long = site.json(0, &["ls", "--long"]);
    assert_eq!(long[0]["status"], "nothing runs yet");
    assert_eq!(
        (&long[1]["simulated"], &long[1]["status"]),
        (&true.into(), &"not there yet".into())
    );
}

#[test]
fn a_broken_lake_is_told_line_by_line() {
    let site = Site::new();
    site.write("sources/shop/orders.toml", &SOURCE.replace("\"double\"", "\"dubble\""));
    let lake = site.lake();
    let outcome = site.ends(2, &["validate", lake.to_str().unwrap()]);
    let found = format!("{}/sources/shop/orders.toml:", lake.display());
    let told = lines(&outcome).iter().find_map(|line| line.strip_prefix(&found));
    assert!(told.is_some_and(|told| told.starts_with("1")), "{outcome:?}");

    site.write("sources/shop/orders.toml", SOURCE);
    site.write("transformations/shop/orders.sql", &SQL.replace("sum(amount)", "sum(amonut)"));
    let report = site.json(2, &["validate", lake.to_str().unwrap()]);
    let problem = &report["problems"][0];
    assert_eq!(problem["path"], "transformations/shop/orders.sql");
    assert_eq!((&problem["line"], &problem["column"]), (&1.into(), &12.into()), "{report}");
    site.ends(2, &["validate", "/nowhere/at/all"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_c11_a_release_is_approved_promoted_and_rolled_back_by_command() {
    let site = Site::new();
    site.write("sources/shop/orders.toml", SOURCE);
    site.write("transformations/shop/orders.sql", SQL);
    site.push().await;

    // The first deployment widens permissions: people are asked, about one digest.
    let first = site.json(3, &["pipelines", "start", "--wait"]);
    assert_eq!(first["status"], "AWAITING_APPROVAL", "{first}");
    let page = site.well(&["plan", "show", id(&first)]).stdout;
    for part in ["simulated", "Permissions that widen", first["plan"].as_str().unwrap(), "+SELECT"]
    {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let other = "0".repeat(64);
    let outcome = site.ends(1, &["approve", id(&first), "--digest", &other]);
    assert!(outcome.stderr.contains("look at it again"), "{outcome:?}");
    site.approve(&first);

    let tested = site.json(3, &["promote", "--to", "test", "--wait"]);
    assert_eq!(tested["release"], first["release"].clone(), "{tested}");
    site.approve(&tested);

    // What is set by hand in dev is in its branch, and nowhere else can it be set.
    let sql = SQL.replace("sum(amount) AS amount", "sum(amount) AS amount, count(*) AS orders");
    let set = ["transformations", "set", "shop/orders", "--sql", &sql, "-m", "Count"];
    let outcome = site.ends(1, &[&set[..], &["--env", "test"]].concat());
    assert!(outcome.stderr.contains("promotion alone"), "{outcome:?}");
    site.well(&set);
    let repository = site.repository().await;
    let head = repository.head(&BranchName::usual()).await.unwrap().unwrap();
    let path = ["transformations/shop/orders.sql".to_owned()];
    assert_eq!(repository.read(&head, &path).await.unwrap(), [format!("{sql}\n").into_bytes()]);
    assert_eq!(repository.commit(&head).await.unwrap().summary(), "Count");
    let second = site.json(0, &["pipelines", "start", "--wait"]);
    let second = second["release"].as_str().unwrap().to_owned();
    assert_eq!(site.json(0, &["promote", "--to", "test", "--wait"])["release"], second);

    // Back, and promotion waits until somebody says so.
    let before = &first["release"].as_str().unwrap()[..12];
    let back = ["rollback", "--env", "test", "--release", before, "--reason", "wrong", "--wait"];
    assert_eq!(site.json(0, &back)["release"], first["release"]);
    let shown = site.well(&["transformations", "show", "shop/orders", "--env", "test"]);
    assert_eq!(shown.stdout.trim_end(), SQL);
    let outcome = site.ends(1, &["promote", "--to", "test"]);
    assert!(outcome.stderr.contains("stopped since a rollback"), "{outcome:?}");
    site.well(&["pipelines", "resume", "--env", "test"]);
    assert_eq!(site.json(0, &["promote", "--to", "test", "--wait"])["release"], second);

    // Whoever asks for prod cannot approve it; breaking the glass is possible and recorded.
    let prod = site.json(3, &["promote", "--to", "prod", "--wait"]);
    let digest = prod["plan"].as_str().unwrap();
    let approve = ["approve", id(&prod), "--digest", digest];
    let outcome = site.ends(1, &approve);
    assert!(outcome.stderr.contains("somebody else has to approve"), "{outcome:?}");
    let rejected = ["reject", id(&prod), "--digest", digest, "--reason", "not today"];
    assert_eq!(site.json(0, &rejected)["status"], "REJECTED");
    let prod = site.json(3, &["promote", "--to", "prod", "--wait"]);
    let digest = prod["plan"].as_str().unwrap();
    let glass = ["--break-glass", "--reason", "the lake is down", "--wait"];
    let approve = ["approve", id(&prod), "--digest", digest];
    assert_eq!(site.json(0, &[&approve[..], &glass].concat())["status"], "SUCCEEDED");
    let log = site.well(&["pipelines", "log", id(&prod), "--follow"]);
    assert!(log.stdout.contains("transformation shop/orders is version 1 now"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_are_shown_deployed_and_destroyed_by_command() {
    let site = Site::new();
    site.push().await;
    let template = site.well(&["synth", "DevDataLakeEtlTables"]).stdout;
    assert!(template.starts_with("# stack DevDataLakeEtlTables\n# parameter "), "{template}");
    assert!(template.contains("AWS::DynamoDB::Table"), "{template}");
    site.ends(2, &["synth", "Nothing"]);
    let before = site.json(1, &["diff", "dev"]);
    assert_eq!(before["stacks"][0]["changes"][0]["action"], "add", "{before}");

    let waits = site.json(3, &["deploy", "--all"]);
    assert_eq!(
        (&waits["environment"], &waits["status"]),
        (&"dev".into(), &"AWAITING_APPROVAL".into())
    );
    site.approve(&waits);
    site.json(0, &["diff"]);
    let again = site.json(0, &["deploy", "--all"]);
    assert_eq!(again["status"], "SUCCEEDED", "{again}");

    site.ends(2, &["destroy", "--all"]);
    let outcome = site.ends(2, &["destroy", "--all", "--yes-destroy", "other"]);
    assert!(outcome.stderr.contains("nothing was deleted"), "{outcome:?}");
    let gone = site.json(0, &["destroy", "--all", "--yes-destroy", "data-lake"]);
    let names: Vec<_> = gone.as_array().unwrap().iter().map(|stack| &stack["stack"]).collect();
    assert!(names.contains(&&"DevDataLakeEtlStorage".into()), "{gone}");
    assert!(gone.to_string().contains("AWS::S3::Bucket"), "what is retained is told: {gone}");
    assert_eq!(site.json(0, &["destroy", "--all"]), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn d13_parameters_and_secrets_are_put_by_command_and_no_value_is_printed() {
    let site = Site::new();
    let file = site.lake().join("sluice.toml");
    let text = fs::read_to_string(&file).unwrap();
    let table = "[environments.parameters]\n";
    fs::write(&file, text.replacen(table, &format!("{table}Size = \"1\"\n"), 1)).unwrap();
    site.push().await;
    let first = site.json(0, &["configure", "dev", "--dry-run"]);
    let paths: Vec<_> = first.as_array().unwrap().iter().map(|given| &given["path"]).collect();
    assert_eq!(paths, ["/sluice/dev/ServerRoleArn", "/sluice/dev/Size"]);
    assert_eq!(first[1]["after"], "1");
    assert_eq!(site.json(0, &["configure", "dev"]), first);
    assert_eq!(site.json(0, &["configure", "dev"]), serde_json::json!([]));

    site.ends(2, &["secrets", "set", "/DataLake/GitHubToken"]);
    let value = site.folder.path().join("token");
    fs::write(&value, "ghp_topsecret\n").unwrap();
    let set = command(&site.data(), &["secrets", "set", "/DataLake/GitHubToken"])
        .stdin(fs::File::open(&value).unwrap())
        .output()
        .unwrap();
    assert!(set.status.success(), "{set:?}");
    let listed = site.well(&["secrets", "list"]);
    let described = site.well(&["secrets", "describe", "/DataLake/GitHubToken"]);
    let shown = format!("{set:?}{listed:?}{described:?}");
    assert!(!shown.contains("topsecret") && described.stdout.contains("GitHubToken"), "{shown}");
    site.ends(2, &["secrets", "describe", "/DataLake/Other"]);
}
