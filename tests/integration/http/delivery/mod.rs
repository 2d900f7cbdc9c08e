//! Deciding on plans and moving releases over HTTP: races, rules, order.

mod order;
mod races;
mod rules;

use axum::http::Method;
use domain::access::Role;
use domain::branch::{CommitId, Person as Author};
use domain::pipeline::{Execution, ExecutionStatus};
use serde_json::{Value, json};

use super::answer::Answer;
use super::console::{Person, TestConsole};
use crate::support::delivery::{SQL_FILE, lake_files, lake_toml};
use crate::support::lake::ORDERS_SQL;

/// One person has to approve.
const ONE: &str = "[environments.approval]\napprovers = 1\n";
/// Nobody has to, unless the plan itself asks for it.
const NOBODY: &str = "";

/// A console, and people who work with it.
struct Lake {
    console: TestConsole,
    /// Writes the commits.
    ann: Author,
    /// Approves what is not asked about.
    zoe: Author,
}

impl Lake {
    /// A lake of environments with their rules, whose first version was committed.
    async fn new(environments: &[(&str, &str)]) -> Self {
        let names: Vec<_> = environments.iter().map(|(name, _)| *name).collect();
        let console = TestConsole::delivering(&names).await;
        let ann = console.flow.person("ann", Role::Engineer).await;
        let zoe = console.flow.person("zoe", Role::Approver).await;
        console.flow.commit("main", &lake_files(&lake_toml(environments)), &ann).await;
        Self { console, ann, zoe }
    }

    /// The same, and the first version runs in dev.
    async fn in_dev(environments: &[(&str, &str)]) -> Self {
        let lake = Self::new(environments).await;
        let first = lake.console.flow.deliver("dev", &lake.zoe).await;
        assert_eq!(first.status, ExecutionStatus::Succeeded, "{first:#?}");
        lake
    }

    /// Commits SQL that differs by a number.
    async fn commit(&self, limit: u32) -> CommitId {
        let sql = ORDERS_SQL.replace("GROUP BY", &format!("WHERE id < {limit} GROUP BY"));
        self.console.flow.commit("main", &[(SQL_FILE, sql)], &self.ann).await
    }

    /// Looks, and carries out what is due: the newest execution of dev, which must wait for people.
    async fn asked(&self) -> Execution {
        self.console.flow.look().await;
        self.console.flow.carry_out().await;
        self.newest("dev", ExecutionStatus::AwaitingApproval).await
    }

    /// The newest execution of an environment, which must stand so.
    async fn newest(&self, environment: &str, status: ExecutionStatus) -> Execution {
        let newest = self.console.flow.newest(environment).await;
        assert_eq!(newest.status, status, "{newest:#?}");
        newest
    }

    /// How often something was deployed in an environment.
    async fn deployments(&self, environment: &str) -> usize {
        let pipelines = &self.console.flow.delivery.pipelines;
        let name = environment.parse().unwrap();
        pipelines.deployments(&name, None, 100).await.unwrap().len()
    }

    /// What runs in an environment, as text.
    async fn running(&self, environment: &str) -> String {
        let pipelines = &self.console.flow.delivery.pipelines;
        let state = pipelines.environment(&environment.parse().unwrap()).await.unwrap();
        state.running.unwrap().release.to_string()
    }

    /// All lines of an execution's log, as one text.
    async fn log(&self, execution: &Execution) -> String {
        let pipelines = &self.console.flow.delivery.pipelines;
        let lines = pipelines.lines(execution.id, 0, 1_000).await.unwrap();
        lines.into_iter().map(|line| line.message + "\n").collect()
    }
}

/// Sends JSON to a path of an environment.
async fn post(person: &Person<'_>, environment: &str, path: &str, body: &Value) -> Answer {
    let path = format!("/environments/{environment}{path}");
    let headers = [("content-type", "application/json")];
    person.api(Method::POST, &path, &headers, body.to_string().into()).await
}

/// Decides on the plan of an execution; `more` is put beside digest and verdict.
async fn decide(person: &Person<'_>, execution: &Execution, verdict: &str, more: Value) -> Answer {
    let mut body = json!({ "digest": execution.plan, "verdict": verdict, "reason": "looked at" });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let path = format!("/executions/{}/decisions", execution.id);
    post(person, execution.environment.as_str(), &path, &body).await
}

async fn approve(person: &Person<'_>, execution: &Execution) -> Answer {
    decide(person, execution, "approve", json!({})).await
}

/// The sentence of a refusal with a status.
fn refused(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    let detail = answer.json["detail"].as_str().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(detail.contains(' ') && detail.len() > 20, "{detail} is no sentence");
    detail
}
