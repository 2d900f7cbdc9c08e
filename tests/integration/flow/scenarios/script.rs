//! The steps that a scenario may take.

use std::collections::BTreeMap;

use domain::access::Role;
use domain::approval::{Decision, Verdict};
use domain::branch::Person;
use domain::pipeline::{Execution, ExecutionId, Stage, StageStatus};
use domain::release::Digest;
use domain::{Error, Result};
use infra::stacks::{ChangeSetRequest, StackService};
use infra_embedded::{FaultMoment, Faults, ResourceFault, Tampering};
use jiff::Timestamp;
use tempfile::TempDir;

use super::names::Names;
use crate::support::delivery::{Flow, SQL_FILE, STACK_FILE, alerts_stack, lake_files, lake_toml};
use crate::support::lake::ORDERS_SQL;

/// A lake, its people, and what was told of it so far.
pub(super) struct Scenario {
    _folder: TempDir,
    flow: Flow,
    /// Name and number of approvers of each environment, in order.
    environments: Vec<(String, u32)>,
    people: BTreeMap<String, Person>,
    frozen: bool,
    rehearsal: bool,
    names: Names,
    seen: BTreeMap<ExecutionId, Execution>,
}

impl Scenario {
    /// Takes a step. What it prints.
    pub(super) async fn step(scenario: &mut Option<Self>, line: &str) -> Vec<String> {
        let words: Vec<_> = line.split(' ').collect();
        let told = match (words.as_slice(), scenario.as_mut()) {
            (["lake", environments @ ..], None) => {
                *scenario = Some(Self::new(environments).await);
                Ok(vec!["the first version runs everywhere".to_owned()])
            }
            (words, Some(scenario)) => scenario.take(words).await,
            _ => panic!("{line:?} comes before there is a lake"),
        };
        let names = &scenario.as_ref().unwrap().names;
        let told = told.unwrap_or_else(|error| vec![format!("refused: {}", error.message())]);
        told.iter().map(|line| names.put(line)).collect()
    }

    async fn take(&mut self, words: &[&str]) -> Result<Vec<String>> {
        match words {
            ["commit", who, what @ ..] => Ok(vec![self.commit(who, what).await]),
            ["poll"] => {
                self.flow.look().await;
                Ok(self.news().await)
            }
            ["work"] => {
                self.flow.carry_out().await;
                Ok(self.news().await)
            }
            ["plan", place] => self.plan(place).await,
            ["approve", place, who] => self.decide(place, who, Verdict::Approve, "").await,
            ["approve-untyped", place, who] => self.decide_untyped(place, who).await,
            ["break-glass", place, who, why @ ..] => {
                self.decide_with(place, who, Verdict::Approve, &why.join(" "), true).await
            }
            ["reject", place, who, why @ ..] => {
                self.decide(place, who, Verdict::Reject, &why.join(" ")).await
            }
            ["promote", place, who] => self.promote(place, who).await,
            ["roll-back", place, who, release, why @ ..] => {
                self.roll_back(place, who, release, &why.join(" ")).await
            }
            ["resume", place] => {
                let ended = self.flow.delivery.pipelines.resume(&place.parse()?).await?;
                Ok(vec![format!("no longer stopped: {}", ended.reason)])
            }
            ["cancel", place] => {
                let newest = self.flow.newest(place).await.id;
                self.flow.delivery.pipelines.cancel(newest, Timestamp::now()).await?;
                Ok(self.news().await)
            }
            ["retry", place, stage] => {
                let (newest, now) = (self.flow.newest(place).await.id, Timestamp::now());
                self.flow.delivery.pipelines.retry(newest, stage.parse()?, now).await?;
                Ok(self.news().await)
            }
            ["fail", place, stack, resource, why @ ..] => {
                self.fail(place, Some((stack, resource, &why.join(" ")))).await
            }
            ["mend", place] => self.fail(place, None).await,
            ["tamper", place, stack, resource] => {
                let stacks = self.flow.stacks(place).await;
                stacks.tamper(stack, resource, &Tampering::Delete).await?;
                Ok(vec![format!("somebody deleted {resource} of {stack} by hand")])
            }
            ["by-hand", place, stack, queues] => self.by_hand(place, stack, queues).await,
            ["log", place] => self.log(place).await,
            ["show"] => self.show().await,
            _ => panic!("there is no step {words:?}"),
        }
    }

    /// A lake of environments, as `test` or `prod:2` with the number of approvers, and the people
    /// ann (engineer), bob and carol (approvers) and root (admin). The first version runs everywhere.
    async fn new(environments: &[&str]) -> Self {
        let place = |text: &&str| match text.split_once(':') {
            Some((name, approvers)) => (name.to_owned(), approvers.parse().unwrap()),
            None => ((*text).to_owned(), 0),
        };
        let environments: Vec<_> = environments.iter().map(place).collect();
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = environments.iter().map(|(name, _)| name.as_str()).collect();
        let flow = Flow::at(folder.path(), &names).await;
        let mut people = BTreeMap::new();
        let roles = [
            ("ann", Role::Engineer),
            ("bob", Role::Approver),
            ("carol", Role::Approver),
            ("root", Role::Admin),
        ];
        for (name, role) in roles {
            people.insert(name.to_owned(), flow.person(name, role).await);
        }
        let mut scenario = Self {
            _folder: folder,
            flow,
            environments,
            people,
            frozen: false,
            rehearsal: true,
            names: Names::default(),
            seen: BTreeMap::new(),
        };
        scenario.begin().await;
        scenario
    }

    async fn begin(&mut self) {
        let (ann, bob, carol) = (self.who("ann"), self.who("bob"), self.who("carol"));
        let mut files = lake_files(&self.toml());
        files.push((STACK_FILE, alerts_stack(1)));
        let commit = self.flow.commit("main", &files, &ann).await;
        self.names.name("commit", commit.as_str(), 8);
        self.flow.look().await;
        for (index, (name, approvers)) in self.environments.clone().into_iter().enumerate() {
            if index > 0 {
                let before = self.environments[index - 1].0.clone();
                let release = self.running(&before).await.unwrap();
                let place = name.parse().unwrap();
                self.flow.delivery.promote(&place, &release, ann.clone()).await.unwrap();
            }
            self.flow.carry_out().await;
            self.flow.approve(&name, &bob).await;
            if approvers > 1 {
                self.flow.approve(&name, &carol).await;
            }
            self.flow.carry_out().await;
        }
        self.news().await;
    }

    fn who(&self, name: &str) -> Person {
        self.people[name].clone()
    }

    fn toml(&self) -> String {
        let freeze = "[[environments.freeze]]\nname = \"the long winter\"\ntime_zone = \"UTC\"\n\
             from = \"2020-01-01T00:00\"\nto = \"2120-01-01T00:00\"\n";
        let lines = self.environments.iter().map(|(name, approvers)| {
            let rule = format!("[environments.approval]\napprovers = {approvers}\n");
            let freeze = if self.frozen { freeze } else { "" };
            (name.as_str(), rule + freeze)
        });
        let lines: Vec<_> = lines.collect();
        let lines: Vec<_> = lines.iter().map(|(name, text)| (*name, text.as_str())).collect();
        lake_toml(&lines) + &format!("\n[pipeline]\nrehearsal = {}\n", self.rehearsal)
    }

    async fn commit(&mut self, who: &str, what: &[&str]) -> String {
        let file = match what {
            ["sql", limit] => {
                let sql = ORDERS_SQL.replace("GROUP BY", &format!("WHERE id < {limit} GROUP BY"));
                (SQL_FILE, sql)
            }
            ["queues", queues] => (STACK_FILE, alerts_stack(queues.parse().unwrap())),
            ["freeze"] => {
                self.frozen = true;
                ("sluice.toml", self.toml())
            }
            ["no-rehearsal"] => {
                self.rehearsal = false;
                ("sluice.toml", self.toml())
            }
            _ => panic!("there is no change {what:?}"),
        };
        let commit = self.flow.commit("main", &[file], &self.who(who)).await;
        format!("{} on main", self.names.name("commit", commit.as_str(), 8))
    }

    /// Executions that are new or stand elsewhere than when they were told of last.
    async fn news(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for (name, _) in self.environments.clone() {
            for (number, execution) in (1..).zip(self.flow.executions(&name).await) {
                let id = execution.id.to_string();
                if self.names.of(&id).is_none() {
                    self.names.call(&id, id.len(), &format!("{name}#{number}"));
                }
                self.names.name("commit", execution.commit.as_str(), 8);
                if let Some(release) = &execution.release {
                    self.names.name("release", &release.to_string(), 12);
                }
                if let Some(plan) = &execution.plan {
                    self.names.name("plan", &plan.to_string(), 12);
                }
                let before = self.seen.insert(execution.id, execution.clone());
                if before.as_ref() != Some(&execution) {
                    told.extend(news_of(&execution, before.as_ref()));
                }
            }
        }
        told
    }

    async fn plan(&mut self, place: &str) -> Result<Vec<String>> {
        let execution = self.flow.newest(place).await;
        let (plan, digest) = self.flow.delivery.pipelines.plan(execution.id).await?;
        let baseline = plan.baseline.map_or("nothing".to_owned(), |before| before.to_string());
        let mut told = vec![format!("{digest}: {} to {place}, after {baseline}", plan.release)];
        for stack in &plan.stacks {
            let changes = stack.changes.iter();
            let changes = changes.map(|one| format!("{} {}", one.action, one.logical_id));
            let drifted = stack.drift.iter();
            let drifted = drifted.map(|one| format!("drifted: {}", one.logical_id));
            let all: Vec<_> = changes.chain(drifted).collect();
            if !all.is_empty() {
                told.push(format!("  {}: {}", stack.stack, all.join(", ")));
            }
        }
        for (kind, changes) in [("source", plan.sources), ("SQL", plan.transformations)] {
            told.extend(changes.iter().map(|one| format!("  {kind} of {}", one.dataset)));
        }
        Ok(told)
    }

    async fn decide(
        &mut self,
        place: &str,
        who: &str,
        verdict: Verdict,
        why: &str,
    ) -> Result<Vec<String>> {
        self.decide_with(place, who, verdict, why, false).await
    }

    async fn decide_with(
        &mut self,
        place: &str,
        who: &str,
        verdict: Verdict,
        why: &str,
        break_glass: bool,
    ) -> Result<Vec<String>> {
        let execution = self.flow.newest(place).await;
        let decision = self.flow.decision(&execution, &self.who(who), verdict).await;
        self.say(&execution, &Decision { reason: why.to_owned(), break_glass, ..decision }).await
    }

    /// Approves without typing the names of what may be lost.
    async fn decide_untyped(&mut self, place: &str, who: &str) -> Result<Vec<String>> {
        let execution = self.flow.newest(place).await;
        let decision = self.flow.decision(&execution, &self.who(who), Verdict::Approve).await;
        self.say(&execution, &Decision { typed: Vec::new(), ..decision }).await
    }

    async fn say(&mut self, on: &Execution, decision: &Decision) -> Result<Vec<String>> {
        self.flow.delivery.decide(on, decision, Timestamp::now()).await?;
        Ok(self.news().await)
    }

    async fn running(&self, place: &str) -> Option<Digest> {
        let state = self.flow.delivery.pipelines.environment(&place.parse().unwrap()).await;
        state.unwrap().running.map(|running| running.release)
    }

    async fn promote(&mut self, place: &str, who: &str) -> Result<Vec<String>> {
        let at = self.environments.iter().position(|(name, _)| name == place).unwrap();
        let before = &self.environments[at.saturating_sub(1)].0;
        let release = self.running(before).await.unwrap();
        self.flow.delivery.promote(&place.parse()?, &release, self.who(who)).await?;
        Ok(self.news().await)
    }

    async fn roll_back(
        &mut self,
        place: &str,
        who: &str,
        release: &str,
        why: &str,
    ) -> Result<Vec<String>> {
        let place = place.parse()?;
        let before = self.flow.delivery.pipelines.deployments(&place, None, 100).await?;
        let named = |release_id: &Digest| self.names.of(&release_id.to_string()) == Some(release);
        let found = before.into_iter().map(|(_, one)| one.release).find(named);
        let release = found.ok_or_else(|| Error::not_found(format!("no {release}")))?;
        self.flow.delivery.roll_back(&place, &release, why, self.who(who)).await?;
        Ok(self.news().await)
    }

    async fn fail(&self, place: &str, what: Option<(&str, &str, &str)>) -> Result<Vec<String>> {
        let fault = |(stack, logical_id, reason): (&str, &str, &str)| ResourceFault {
            stack: stack.to_owned(),
            logical_id: logical_id.to_owned(),
            moment: FaultMoment::Create,
            reason: reason.to_owned(),
        };
        let resources = what.into_iter().map(fault).collect();
        let faults = Faults { resources, ..Faults::default() };
        self.flow.stacks(place).await.set_faults(faults).await?;
        Ok(match what {
            Some((stack, resource, _)) => vec![format!("{resource} of {stack} cannot be made")],
            None => vec!["everything can be made again".to_owned()],
        })
    }

    /// Somebody else changes a stack by a change set of their own, past all pipelines.
    async fn by_hand(&self, place: &str, stack: &str, queues: &str) -> Result<Vec<String>> {
        let stacks = self.flow.stacks(place).await;
        let there = stacks.describe(stack).await?.unwrap();
        let request = ChangeSetRequest {
            stack: stack.to_owned(),
            template: alerts_stack(queues.parse().unwrap()),
            parameters: there.parameters,
            tags: there.tags,
            token: format!("by-hand-{queues}"),
        };
        let prepared = stacks.prepare(&request).await?;
        stacks.execute(&prepared.arn, &request.token).await?;
        Ok(vec![format!("{stack} has {queues} queues by hand")])
    }

    async fn log(&self, place: &str) -> Result<Vec<String>> {
        let newest = self.flow.newest(place).await.id;
        let lines = self.flow.delivery.pipelines.lines(newest, 0, 1_000).await?;
        let told = |line: &&domain::pipeline::StageLine| line.stage >= Stage::Plan;
        let lines = lines.iter().filter(told);
        Ok(lines.map(|line| format!("{}: {}", line.stage, line.message)).collect())
    }

    async fn show(&mut self) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for (name, _) in &self.environments {
            let state = self.flow.delivery.pipelines.environment(&name.parse()?).await?;
            let running = state.running.unwrap();
            let (version, _) = self.flow.sql(name).await.unwrap();
            let stacks = self.flow.stacks(name).await;
            let all = stacks.list("").await?;
            let alerts = all.iter().find(|stack| stack.name.ends_with("Alerts")).unwrap();
            let queues = stacks.resources(&alerts.name).await?.len();
            let stopped = state.paused.map(|pause| format!("; stopped: {}", pause.reason));
            told.push(format!(
                "{name}: {} of {}, SQL version {version}, {queues} queues, {}{}",
                running.release,
                running.commit,
                alerts.status,
                stopped.unwrap_or_default()
            ));
        }
        Ok(told)
    }
}

/// Where an execution stands, and what its stages say since the one before.
fn news_of(execution: &Execution, before: Option<&Execution>) -> Vec<String> {
    let Execution { id, commit, status, .. } = execution;
    let mut told = vec![match (&execution.superseded_by, before) {
        (Some(newer), _) => format!("{id} {commit} {status} by {newer}"),
        (None, Some(_)) => format!("{id} {commit} {status}"),
        (None, None) => format!("{id} {commit} {status}, {}", cause(execution)),
    }];
    for record in &execution.stages {
        let earlier = before.and_then(|before| before.stage(record.stage));
        let is_told = record.stage >= Stage::Plan || record.status == StageStatus::Failed;
        let restarted = record.stage == Stage::SelfMutate && execution.restarts > 0;
        let is_new = earlier.is_none_or(|earlier| earlier.note != record.note);
        if let Some(note) = record.note.as_ref().filter(|_| (is_told || restarted) && is_new) {
            told.push(format!("  {}: {note}", record.stage));
        }
    }
    told
}

fn cause(execution: &Execution) -> String {
    use domain::pipeline::Cause;
    let by = execution.requested_by.as_ref().map(|person| format!(" by {}", person.login));
    let by = by.unwrap_or_default();
    match &execution.cause {
        Cause::Push => "pushed".to_owned(),
        Cause::Poll => "found by the poll".to_owned(),
        Cause::Manual => format!("started{by}"),
        Cause::Promotion { from } => format!("promoted from {from}{by}"),
        Cause::Rollback { reason } => format!("rolled back{by}: {reason}"),
    }
}
