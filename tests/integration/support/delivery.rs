//! A lake under Git with one dataset, and its pipelines, as tests drive them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::access::{Grant, Role};
use domain::approval::{Decision, Verdict};
use domain::branch::{Author, BranchName, CommitId, Person};
use domain::environment::EnvironmentName;
use domain::pipeline::{Execution, ExecutionStatus};
use infra::lake_repository::FileChange;
use infra_embedded::{ExecutionFilter, SimulatedStackService};
use jiff::Timestamp;
use server::accounts::Identity;
use server::compose;
use server::compose::delivery as compose_delivery;
use server::config::Config;
use server::delivery::Delivery;
use server::delivery::data::to_toml;
use server::open_lake::OpenLake;

use super::lake::{ORDERS, ORDERS_SQL, orders_by_date};

/// Where the SQL of the dataset lies.
pub(crate) const SQL_FILE: &str = "transformations/shop/orders.sql";
/// Where the dataset is registered.
pub(crate) const SOURCE_FILE: &str = "sources/shop/orders.toml";
/// Where the team's own stack lies; it is called `DevDataLakeEtlAlerts` in dev.
pub(crate) const STACK_FILE: &str = "stacks/alerts.yaml";
/// Planning SQL below the stages of a pipeline takes this much, as the server's own threads have.
const STACK_BYTES: usize = 16 * 1024 * 1024;

const SERVER_ROLE: &str = "arn:aws:iam::444444444444:role/sluice-bootstrap/data-lake-server";

/// Name, branch and account of the environments that there may be.
const PLACES: [(&str, &str, &str); 3] = [
    ("dev", "main", "111111111111"),
    ("test", "test", "222222222222"),
    ("prod", "production", "333333333333"),
];

/// The text of `sluice.toml` for environments, each with lines of its own.
pub(crate) fn lake_toml(environments: &[(&str, &str)]) -> String {
    let mut text =
        "[lake]\nlogical_id_prefix = \"DataLake\"\nresource_name_prefix = \"data-lake\"\n\
         [tags]\ncost_center = \"4711\"\nteam = \"data\"\napplication = \"lake\"\n"
            .to_owned();
    for (name, lines) in environments {
        let (_, branch, account) = PLACES.into_iter().find(|place| place.0 == *name).unwrap();
        text.push_str(&format!(
            "\n[[environments]]\nname = \"{name}\"\nbranch = \"{branch}\"\naccount = \"{account}\"\n\
             region = \"eu-central-1\"\nparameters = {{ ServerRoleArn = \"{SERVER_ROLE}\" }}\n{lines}\n"
        ));
    }
    text
}

/// The files of a lake with the orders, as path and text.
pub(crate) fn lake_files(lake_toml: &str) -> Vec<(&'static str, String)> {
    vec![
        ("sluice.toml", lake_toml.to_owned()),
        (SOURCE_FILE, to_toml(&orders_by_date()).unwrap()),
        (SQL_FILE, format!("{ORDERS_SQL}\n")),
    ]
}

/// A stack of the team's own with so many queues.
pub(crate) fn alerts_stack(queues: usize) -> String {
    let queue = |number| format!("  Queue{number}:\n    Type: AWS::SQS::Queue\n");
    let queues: String = (1..=queues).map(queue).collect();
    format!("AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n{queues}")
}

/// The pipelines of open lakes.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) delivery: Arc<Delivery>,
}

impl Flow {
    /// Over open lakes.
    pub(crate) async fn open(config: &Config, lakes: &[Arc<OpenLake>]) -> Self {
        Self { delivery: Arc::new(compose_delivery::open(config, lakes).await.unwrap()) }
    }

    /// Over the environments of a data folder, which others may work on too.
    pub(crate) async fn at(data_dir: &Path, environments: &[&str]) -> Self {
        let config = Config {
            data_dir: data_dir.to_owned(),
            environments: environments.iter().map(|name| name.parse().unwrap()).collect(),
            ..Config::default()
        };
        let lakes = compose::open_all(&config).await.unwrap().into_iter().map(Arc::new);
        Self::open(&config, &lakes.collect::<Vec<_>>()).await
    }

    /// Commits files on top of a branch, which is made if it is not there. An empty text takes a
    /// file away.
    pub(crate) async fn commit(
        &self,
        branch: &str,
        files: &[(&str, String)],
        author: &Person,
    ) -> CommitId {
        let repository = &self.delivery.repository;
        let branch: BranchName = branch.parse().unwrap();
        let changes: Vec<_> = files
            .iter()
            .map(|(path, text)| match text.is_empty() {
                true => FileChange::Remove { path: (*path).to_owned() },
                false => FileChange::Write { path: (*path).to_owned(), bytes: text.clone().into() },
            })
            .collect();
        let email = format!("{}+{}@users.noreply.github.com", author.id, author.login);
        let author = Author { name: author.login.clone(), email };
        let head = repository.head(&branch).await.unwrap();
        let (head, message) = (head.as_ref(), format!("Change {}", files[0].0));
        repository.save(&branch, head, &changes, &author, &message).await.unwrap()
    }

    /// Where a branch stands.
    pub(crate) async fn head(&self, branch: &str) -> CommitId {
        let branch = branch.parse().unwrap();
        self.delivery.repository.head(&branch).await.unwrap().unwrap()
    }

    /// Looks at all branches, as the poll does.
    pub(crate) async fn look(&self) {
        self.delivery.look_at_all().await.unwrap();
    }

    /// Carries out everything that is due.
    pub(crate) async fn carry_out(&self) {
        let delivery = Arc::clone(&self.delivery);
        let runtime = tokio::runtime::Handle::current();
        let work = move || runtime.block_on(async move { delivery.carry_out_due().await });
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap();
        let ended = tokio::task::spawn_blocking(move || thread.join()).await.unwrap();
        ended.unwrap().unwrap();
    }

    /// Executions of an environment, oldest first.
    pub(crate) async fn executions(&self, environment: &str) -> Vec<Execution> {
        let environment = Some(environment.parse().unwrap());
        let filter = ExecutionFilter { environment, limit: 1_000, ..ExecutionFilter::default() };
        let mut found = self.delivery.pipelines.list(&filter).await.unwrap();
        found.reverse();
        found
    }

    /// The newest execution of an environment.
    pub(crate) async fn newest(&self, environment: &str) -> Execution {
        self.executions(environment).await.pop().unwrap()
    }

    /// Somebody with a role everywhere.
    pub(crate) async fn person(&self, login: &str, role: Role) -> Person {
        let identity = Identity {
            provider: "local".to_owned(),
            subject: login.to_owned(),
            login: login.to_owned(),
            name: None,
        };
        let grants = [Grant::everywhere(role)];
        let accounts = &self.delivery.accounts;
        let session = accounts.sign_in(&identity, &grants, None, Timestamp::now()).await;
        session.unwrap().unwrap().caller.person()
    }

    /// What somebody says to the plan of an execution, with all names typed.
    pub(crate) async fn decision(
        &self,
        execution: &Execution,
        by: &Person,
        verdict: Verdict,
    ) -> Decision {
        let (plan, digest) = self.delivery.pipelines.plan(execution.id).await.unwrap();
        Decision {
            plan: digest,
            by: by.clone(),
            verdict,
            reason: "it was looked at".to_owned(),
            typed: plan.endangered().map(|(_, change)| change.name().to_owned()).collect(),
            break_glass: false,
            at: Timestamp::now(),
        }
    }

    /// Approves the newest execution of an environment if it waits for that.
    pub(crate) async fn approve(&self, environment: &str, by: &Person) {
        let execution = self.newest(environment).await;
        assert_eq!(execution.status, ExecutionStatus::AwaitingApproval, "{execution:?}");
        let decision = self.decision(&execution, by, Verdict::Approve).await;
        self.delivery.decide(&execution, &decision, Timestamp::now()).await.unwrap();
    }

    /// Looks, carries out, approves if somebody has to, and carries out. How that ended.
    pub(crate) async fn deliver(&self, environment: &str, approver: &Person) -> Execution {
        self.look().await;
        self.carry_out().await;
        if self.newest(environment).await.status == ExecutionStatus::AwaitingApproval {
            self.approve(environment, approver).await;
            self.carry_out().await;
        }
        self.newest(environment).await
    }

    /// The stacks of an environment.
    pub(crate) async fn stacks(&self, environment: &str) -> SimulatedStackService {
        let name: EnvironmentName = environment.parse().unwrap();
        let definition = self.delivery.required_definition().await.unwrap();
        let place = definition.environment(&name).unwrap();
        let at = infra_embedded::AccountRegion::new(&place.account, &place.region).unwrap();
        let database = self.delivery.lake(&name).unwrap().database().clone();
        SimulatedStackService::new(database, at)
    }

    /// All that happened to every stack of an environment, in order, as `Queue1 CREATE_COMPLETE`.
    pub(crate) async fn stack_events(&self, environment: &str) -> BTreeMap<String, Vec<String>> {
        use infra::stacks::StackService;
        let stacks = self.stacks(environment).await;
        let mut all = BTreeMap::new();
        for stack in stacks.list("").await.unwrap() {
            let events = stacks.events(&stack.name, None).await.unwrap().into_iter();
            let events = events.map(|event| format!("{} {}", event.logical_id, event.status));
            all.insert(stack.name, events.collect());
        }
        all
    }

    /// Versions and text of the dataset's SQL in an environment.
    pub(crate) async fn sql(&self, environment: &str) -> Option<(u64, String)> {
        let lake = self.delivery.lake(&environment.parse().unwrap()).unwrap();
        let current = lake.lake.transformations.current(&ORDERS.parse().unwrap()).await.unwrap();
        current.map(|saved| (saved.version, saved.sql))
    }
}
