//! A lake whose first version runs in dev and whose second one was pushed: what tests of workers of
//! pipelines begin with.

use std::path::Path;
use std::time::{Duration, Instant};

use domain::access::Role;
use domain::branch::{CommitId, Person};
use domain::pipeline::{Execution, ExecutionStatus};
use domain::run::RunStatus;

use crate::support::delivery::{
    Flow, SOURCE_FILE, SQL_FILE, STACK_FILE, alerts_stack, lake_files, lake_toml,
};
use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, orders_by_date};
use crate::support::sluice::{PATIENCE, WorkerProcess};

/// The team's own stack, which the second version brings.
pub(super) const ALERTS: &str = "DevDataLakeEtlAlerts";

/// The lake, and two people of it.
pub(super) struct DeliveredLake {
    pub(super) lake: TestLake,
    pub(super) flow: Flow,
    /// Writes the commits.
    pub(super) ann: Person,
    /// Approves.
    pub(super) bob: Person,
}

/// SQL that differs by a number.
pub(super) fn sql(limit: u32) -> String {
    ORDERS_SQL.replace("GROUP BY", &format!("WHERE id < {limit} GROUP BY"))
}

impl DeliveredLake {
    /// The first version runs in dev, over one file of orders. So many people are asked about each
    /// one.
    pub(super) async fn new(approvers: u32) -> Self {
        let lake = TestLake::new().await;
        let flow = Flow::at(lake.path(), &["dev"]).await;
        let ann = flow.person("ann", Role::Engineer).await;
        let bob = flow.person("bob", Role::Approver).await;
        let toml = lake_toml(&[("dev", &approval(approvers))]);
        flow.commit("main", &lake_files(&toml), &ann).await;
        let first = flow.deliver("dev", &bob).await;
        assert_eq!(first.status, ExecutionStatus::Succeeded, "{first:?}");
        let run = lake.ingest("shop/orders/a.csv", file([(1, 1), (2, 2), (3, 2)])).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{run:?}");
        lake.notifications().await;
        Self { lake, flow, ann, bob }
    }

    /// The same, and the second version was pushed: it changes source, SQL, the pipeline itself, and
    /// brings a stack.
    pub(super) async fn with_second_version(approvers: u32) -> Self {
        let lake = Self::new(approvers).await;
        let mut source = orders_by_date();
        source.owner = "orders team".to_owned();
        let pipeline = format!("{}\n[pipeline]\nrehearsal = false\n", approval(approvers));
        let files = [
            ("sluice.toml", lake_toml(&[("dev", &pipeline)])),
            (SOURCE_FILE, server::delivery::data::to_toml(&source).unwrap()),
            (SQL_FILE, sql(3)),
            (STACK_FILE, alerts_stack(3)),
        ];
        lake.flow.commit("main", &files, &lake.ann).await;
        lake.flow.look().await;
        lake
    }

    /// A twin in which nothing is going on.
    pub(super) async fn twin(&self) -> Self {
        let lake = self.lake.twin().await;
        let flow = Flow::at(lake.path(), &["dev"]).await;
        Self { lake, flow, ann: self.ann.clone(), bob: self.bob.clone() }
    }

    pub(super) fn path(&self) -> &Path {
        self.lake.path()
    }

    /// Commits the dataset's SQL, and a stack with so many queues.
    pub(super) async fn change(&self, limit: u32, queues: usize) -> CommitId {
        let files = [(SQL_FILE, sql(limit)), (STACK_FILE, alerts_stack(queues))];
        self.flow.commit("main", &files, &self.ann).await
    }

    /// Waits until a commit was delivered by an execution that is the newest one.
    pub(super) async fn until_delivered(&self, commit: &CommitId) -> Execution {
        let ended = self.until(|one| one.commit == *commit && one.status.is_terminal()).await;
        assert_eq!(ended.status, ExecutionStatus::Succeeded, "{ended:#?}");
        ended
    }

    /// Waits until the newest execution is as it should be.
    pub(super) async fn until(&self, what: impl Fn(&Execution) -> bool) -> Execution {
        let begin = Instant::now();
        loop {
            let found = self.flow.newest("dev").await;
            if what(&found) {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE, "waited too long for {found:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts a worker, approves when people are asked, and waits until the newest execution ended.
    pub(super) async fn carry_to_its_end(&self) -> Execution {
        let worker = WorkerProcess::delivering(self.path(), None);
        let waits = |one: &Execution| one.status == ExecutionStatus::AwaitingApproval;
        let found = self.until(|one| one.status.is_terminal() || waits(one)).await;
        if waits(&found) {
            self.flow.approve("dev", &self.bob).await;
        }
        let ended = self.until(|one| one.status.is_terminal()).await;
        drop(worker);
        ended
    }

    /// The versions that the dataset's SQL had, in order.
    pub(super) async fn sql_versions(&self) -> Vec<u64> {
        let store = &self.lake.embedded.lake.transformations;
        let history = store.history(&ORDERS.parse().unwrap()).await.unwrap();
        let mut versions: Vec<_> = history.into_iter().map(|saved| saved.version).collect();
        versions.sort_unstable();
        versions
    }

    /// The version of the dataset's source.
    pub(super) async fn source_version(&self) -> Option<u64> {
        let sources = &self.lake.embedded.lake.sources;
        sources.current(&ORDERS.parse().unwrap()).await.unwrap().map(|saved| saved.version)
    }
}

fn approval(approvers: u32) -> String {
    format!("[environments.approval]\napprovers = {approvers}\n")
}
