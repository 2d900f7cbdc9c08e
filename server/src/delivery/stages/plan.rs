//! The plan stage: what a release would change in one environment, prepared and not carried out.

use std::collections::{BTreeMap, BTreeSet};

use domain::Error;
use domain::ErrorKind;
use domain::Result;
use domain::branch::Author;
use domain::pipeline::Execution;
use domain::plan::{Plan, PlanId, Rehearsal, StackPlan, TextChange};
use domain::quality::QualityRules;
use domain::release::Digest;
use domain::table::TableName;
use infra::lake_repository::{Environment, LakeRepository};
use infra::stacks::{
    ChangeSet, ChangeSetRequest, ChangeSetStatus, NextAction, StackDefinition, StackService,
    permission_changes, template_digest,
};
use infra::{diff, permissions};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::delivery::data::{rules_changes, source_changes, sql_changes};
use crate::delivery::rehearse::rehearse;
use crate::delivery::release::LoadedRelease;
use crate::open_lake::OpenLake;

/// Most commits whose authors are named.
const MOST_COMMITS: usize = 500;

/// Everything that a plan is made of.
#[derive(Clone, Copy)]
pub struct Planning<'a> {
    /// The plan's id: its change sets are called after it.
    pub id: PlanId,
    /// The execution that wants it.
    pub execution: &'a Execution,
    /// What would run.
    pub loaded: &'a LoadedRelease,
    /// What runs: the release and its commit.
    pub running: Option<(&'a Digest, &'a domain::branch::CommitId)>,
    /// The quality rules of what runs: a table that the new release has none for any more loses them.
    pub rules: &'a BTreeMap<TableName, QualityRules>,
    /// The target.
    pub environment: &'a Environment,
    /// The target's data.
    pub lake: &'a OpenLake,
    /// The target's stacks.
    pub stacks: &'a dyn StackService,
    /// The commits.
    pub repository: &'a dyn LakeRepository,
}

/// Makes the plan. Change sets are prepared, and nothing is executed.
pub async fn make_plan(planning: Planning<'_>) -> Result<Plan> {
    let Planning { execution, loaded, running, environment, lake, .. } = planning;
    let definitions = loaded.stacks(environment)?;
    let data = loaded.data();
    let sources = source_changes(&lake.lake, &data).await?;
    let transformations = sql_changes(&lake.lake, &data).await?;
    let rehearsals = match loaded.content.lake.pipeline.rehearsal {
        true => rehearse_all(lake, &transformations).await?,
        false => Vec::new(),
    };
    Ok(Plan {
        id: planning.id,
        execution: execution.id,
        environment: environment.name.clone(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        commit: execution.commit.clone(),
        release: loaded.release.id.clone(),
        baseline: running.map(|(release, _)| release.clone()),
        requested_by: execution.requested_by.clone(),
        authors: authors(&planning).await?,
        parameters: parameters(&definitions),
        stacks: plan_stacks(&planning, &definitions).await?,
        sources,
        transformations,
        quality: rules_changes(&lake.lake, &data, planning.rules).await?,
        rehearsals,
        made_at: Timestamp::now(),
    })
}

/// What all templates are given, as `<stack>.<parameter>`.
fn parameters(definitions: &[StackDefinition]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for stack in definitions {
        for (name, value) in &stack.parameters {
            all.insert(format!("{}.{name}", stack.name), value.clone());
        }
    }
    all
}

/// SQL that fails over the target's own data must not get there.
pub fn check_rehearsals(rehearsals: &[Rehearsal]) -> Result<()> {
    use domain::plan::RehearsalOutcome::NotCompared;
    let failing = rehearsals.iter().filter_map(|rehearsal| match &rehearsal.outcome {
        NotCompared { reason, fails: true } => Some(format!("{}: {reason}", rehearsal.dataset)),
        _ => None,
    });
    match failing.collect::<Vec<_>>() {
        failing if failing.is_empty() => Ok(()),
        failing => Err(Error::invalid(failing.join("; "))),
    }
}

async fn rehearse_all(lake: &OpenLake, changes: &[TextChange]) -> Result<Vec<Rehearsal>> {
    let mut rehearsals = Vec::with_capacity(changes.len());
    for change in changes {
        rehearsals.push(rehearse(lake, change, &CancellationToken::new()).await?);
    }
    Ok(rehearsals)
}

/// Who wrote the commits between what runs and what would. A running commit that the branch does not
/// know any more hides nobody: then all that the branch reaches count.
async fn authors(planning: &Planning<'_>) -> Result<Vec<Author>> {
    let until = planning.running.map(|(_, commit)| commit);
    let commit = &planning.execution.commit;
    let log = match planning.repository.log(commit, until, MOST_COMMITS).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            planning.repository.log(commit, None, MOST_COMMITS).await?
        }
        log => log?,
    };
    let authors: BTreeSet<_> = log.into_iter().map(|commit| commit.author).collect();
    Ok(authors.into_iter().collect())
}

async fn plan_stacks(
    planning: &Planning<'_>,
    definitions: &[StackDefinition],
) -> Result<Vec<StackPlan>> {
    let exports = planning.stacks.exports().await?;
    let there: BTreeSet<_> = exports.into_iter().map(|export| export.name).collect();
    let mut plans = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let lacks = definition.resolved.imports.iter().any(|import| !there.contains(import));
        let plan = match lacks {
            true => postponed(definition),
            false => prepared(planning, definition).await,
        };
        plans.push(plan.map_err(|error| error.context(format!("stack {}", definition.name)))?);
    }
    Ok(plans)
}

/// A stack that imports what an earlier one of the plan has yet to export: its changes are told from
/// the template alone, and held against the change set that the deployment prepares.
fn postponed(definition: &StackDefinition) -> Result<StackPlan> {
    Ok(StackPlan {
        stack: definition.name.clone(),
        template: template_digest(&definition.template),
        change_set: None,
        changes: diff::compare(None, Some(&definition.resolved)),
        permissions: permissions::compare(None, Some(&definition.resolved)),
        drift: Vec::new(),
    })
}

async fn prepared(planning: &Planning<'_>, definition: &StackDefinition) -> Result<StackPlan> {
    let service = planning.stacks;
    let stack = service.describe(&definition.name).await?;
    let exists = stack.as_ref().is_some_and(|stack| stack.template.is_some());
    if let Some(stack) = &stack {
        let next = stack.status.next_action();
        if !matches!(next, NextAction::Update | NextAction::Decide | NextAction::Create) {
            return Err(Error::conflict(format!(
                "it is {}: {}",
                stack.status,
                stack.status.advice()
            )));
        }
    }
    let drift = if exists { service.drift(&definition.name).await? } else { Vec::new() };
    let change_set = prepare(planning.id, service, definition).await?;
    let Environment { account, region, .. } = planning.environment;
    let permissions = permission_changes(service, definition, account, region).await?;
    let executable = change_set.status == ChangeSetStatus::Prepared;
    Ok(StackPlan {
        stack: definition.name.clone(),
        template: change_set.template,
        change_set: executable.then_some(change_set.arn),
        changes: change_set.changes,
        permissions,
        drift,
    })
}

/// Prepares the change set of a stack for a plan; asked again, it answers with the same one.
/// [`ErrorKind::Conflict`] when it could not be prepared.
pub async fn prepare(
    plan: PlanId,
    service: &dyn StackService,
    definition: &StackDefinition,
) -> Result<ChangeSet> {
    let request = ChangeSetRequest {
        stack: definition.name.clone(),
        template: definition.template.clone(),
        parameters: definition.parameters.clone(),
        tags: definition.tags.clone(),
        token: token(plan),
    };
    let prepared = service.prepare(&request).await?;
    match prepared.status {
        ChangeSetStatus::Prepared | ChangeSetStatus::Empty => Ok(prepared),
        status => Err(Error::conflict(format!(
            "its change set is {}: {}",
            status.as_str(),
            prepared.reason.unwrap_or_default()
        ))),
    }
}

/// What makes repeated calls for a plan one call.
pub fn token(plan: PlanId) -> String {
    format!("sluice-{plan}")
}
