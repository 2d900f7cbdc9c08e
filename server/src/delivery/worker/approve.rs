//! Plan and approval.

use std::collections::BTreeMap;

use domain::deployment::RunningRelease;
use domain::pipeline::{Execution, Stage};
use domain::plan::{Plan, PlanId};
use domain::quality::QualityRules;
use domain::run_log::LogLevel;
use domain::table::TableName;
use domain::{Result, failpoint};
use infra::approval::{expires_at, required};
use jiff::Timestamp;

use super::Next;
use super::held::Held;
use crate::delivery::Delivery;
use crate::delivery::release::LoadedRelease;
use crate::delivery::stages::plan::{Planning, check_rehearsals, make_plan};

/// Widened permissions that the log names.
const MOST_TOLD: usize = 8;

impl Delivery {
    pub(super) async fn plan(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let loaded = self.loaded(execution).await?;
        let environment = loaded.environment(&execution.environment)?;
        let running = self.pipelines.environment(&execution.environment).await?.running;
        let stacks = self.stacks(environment).await?;
        let rules = self.rules_of(running.as_ref()).await?;
        let prefix = &loaded.content.lake.lake.logical_id_prefix;
        let lake = self.lake_now(environment, prefix).await?;
        let planning = Planning {
            id: PlanId::generate(),
            execution,
            loaded: &loaded,
            running: running.as_ref().map(|running| (&running.release, &running.commit)),
            rules: &rules,
            environment,
            lake: &lake,
            stacks: stacks.as_ref(),
            repository: self.repository.as_ref(),
        };
        let plan = make_plan(planning).await?;
        check_rehearsals(&plan.rehearsals)?;
        failpoint::reach("delivery.planned")?;
        let digest = self.pipelines.keep_plan(&held.claim, &plan).await?;
        self.tell_widened(held, &plan).await?;
        let note = format!("plan {} {}", digest.short(), in_short(&plan));
        held.end(Stage::Plan, &note).await?;
        Ok(Next::GoOn)
    }

    /// The first permissions that are widened; a first plan widens dozens, which its page shows.
    async fn tell_widened(&self, held: &Held<'_>, plan: &Plan) -> Result<()> {
        let widened: Vec<_> = plan.widened().collect();
        for (stack, change) in widened.iter().take(MOST_TOLD) {
            let line = format!("{}: {}", stack.stack, change.sentence);
            held.note(Stage::Plan, LogLevel::Warning, &line).await?;
        }
        match widened.len().saturating_sub(MOST_TOLD) {
            0 => Ok(()),
            more => {
                let line = format!("{more} more permissions are widened: the plan names them all");
                held.note(Stage::Plan, LogLevel::Warning, &line).await
            }
        }
    }

    /// The quality rules of the release that runs.
    async fn rules_of(
        &self,
        running: Option<&RunningRelease>,
    ) -> Result<BTreeMap<TableName, QualityRules>> {
        let Some(running) = running else { return Ok(BTreeMap::new()) };
        let loaded = LoadedRelease::load(&self.releases, &running.release).await?;
        Ok(loaded.content.rules())
    }

    /// Nobody is asked, or everybody who may decide is.
    pub(super) async fn approval(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let (plan, _) = self.pipelines.plan(execution.id).await?;
        let rules = self.rules(&execution.environment, &plan.release).await?;
        let terms = rules.terms();
        let required = required(terms.rule, &plan);
        let now = Timestamp::now();
        if required.approvers == 0 {
            held.write(|job| job.waive_approval(&required, now)).await?;
            return Ok(Next::GoOn);
        }
        let expires = expires_at(terms.rule, &plan);
        held.note(Stage::Approval, LogLevel::Info, &required.because()).await?;
        held.write(|job| job.await_approval(&required, expires, now)).await?;
        Ok(Next::Leave)
    }
}

/// What a plan changes, counted: `changes 2 resources, 1 source`.
fn in_short(plan: &Plan) -> String {
    let resources: usize = plan.stacks.iter().map(|stack| stack.changes.len()).sum();
    let counts = [
        (resources, "resource", "resources"),
        (plan.sources.len(), "source", "sources"),
        (plan.transformations.len(), "transformation", "transformations"),
        (plan.quality.len(), "set of quality rules", "sets of quality rules"),
    ];
    let told = counts.iter().filter_map(|(count, one, many)| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    });
    match told.collect::<Vec<_>>() {
        told if told.is_empty() => "changes nothing".to_owned(),
        told => format!("changes {}", told.join(", ")),
    }
}
