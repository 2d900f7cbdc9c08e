//! The demo's environments: one release, deployed to the first and promoted to the others. What an
//! interrupted demo left undone is gone on with.

use std::sync::Arc;

use domain::approval::{Decision, Verdict};
use domain::branch::{CommitId, Person};
use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, Execution, ExecutionStatus};
use domain::{Error, Result};
use infra::lake_repository::Environment;
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;

use super::accounts;
use crate::cli::delivery::Flow;
use crate::cli::delivery::follow::carry_out_silently;
use crate::cli::output::remark;
use crate::config::{Config, Mode};
use crate::delivery::{Definition, Delivery};
use crate::demo::{commit_lake, write_fixtures};
use crate::open_lake::OpenLake;

/// Makes the lake repository on first use, and brings its release to every environment that nothing
/// was delivered to before, as a person would. What people changed or decided since stays.
pub(super) async fn set_up(config: &Config, lakes: &[Arc<OpenLake>]) -> Result<()> {
    if config.delivery.github.repository.is_some() {
        return Err(Error::invalid(
            "the demo makes a lake repository of its own, and never on GitHub: run it without \
             delivery.github",
        ));
    }
    let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
    let aws = (config.mode == Mode::Aws).then_some(&config.aws);
    aws.map(accounts::check).transpose()?;
    write_fixtures(&first.data_dir)?;
    let flow = Flow::over(config, lakes).await?;
    let delivery = flow.delivery();
    let Some(commit) = commit_lake(delivery, aws).await? else { return Ok(()) };
    let definition = delivery.required_definition().await?;
    let new = new_environments(delivery, &definition).await?;
    if aws.is_some() && !new.is_empty() {
        accounts::make(&flow).await?;
    }
    let person = delivery.accounts.on_this_machine(Timestamp::now()).await?.person();
    for environment in new {
        deliver_first(&flow, &definition, environment, &commit, &person).await?;
    }
    Ok(())
}

/// The environments of this server to which no delivery has come to its end, in the order of promotion.
async fn new_environments<'a>(
    delivery: &Delivery,
    definition: &'a Definition,
) -> Result<Vec<&'a Environment>> {
    let mut new = Vec::new();
    for environment in &definition.lake.environments {
        let name = &environment.name;
        let done = [ExecutionStatus::Succeeded];
        if delivery.lake(name).is_ok() && newest(delivery, name, &done).await?.is_none() {
            new.push(environment);
        }
    }
    Ok(new)
}

async fn deliver_first(
    flow: &Flow,
    definition: &Definition,
    environment: &Environment,
    commit: &CommitId,
    person: &Person,
) -> Result<()> {
    let (delivery, name) = (flow.delivery(), &environment.name);
    use ExecutionStatus::{AwaitingApproval, Cancelled, Queued, Rejected, Running};
    let last = newest(delivery, name, &[]).await?.filter(|last| last.commit == *commit);
    let begun = match last {
        // A demo that was interrupted began it, or a poll.
        Some(last) if matches!(last.status, Queued | Running | AwaitingApproval) => last,
        Some(last) if matches!(last.status, Cancelled | Rejected) => {
            return Err(Error::conflict(format!(
                "the first deployment to {name} is {}: go on with `sluice pipelines retry {} --from \
                 plan`, or take another data folder",
                last.status, last.id
            )));
        }
        _ => begin(delivery, definition, environment, person).await?,
    };
    let mut execution = carry_out_silently(flow, begun.id).await?;
    if execution.status == ExecutionStatus::AwaitingApproval {
        if !delivery.places.simulated() {
            remark(&format!("{name}: sluice approve {}", execution.id));
        }
        approve(delivery, &execution, person).await?;
        execution = carry_out_silently(flow, execution.id).await?;
    }
    if execution.status == ExecutionStatus::Succeeded {
        if !delivery.places.simulated() {
            remark(&format!("{name}: all stacks are made"));
        }
        return Ok(());
    }
    let mut notes = execution.stages.iter().filter_map(|record| record.note.as_deref());
    let (status, note) = (execution.status, notes.next_back().unwrap_or_default());
    Err(Error::internal(format!("the first deployment to {name} is {status}: {note}")))
}

async fn newest(
    delivery: &Delivery,
    name: &EnvironmentName,
    statuses: &[ExecutionStatus],
) -> Result<Option<Execution>> {
    let filter = ExecutionFilter {
        environment: Some(name.clone()),
        statuses: statuses.into(),
        limit: 1,
        ..ExecutionFilter::default()
    };
    Ok(delivery.pipelines.list(&filter).await?.into_iter().next())
}

async fn begin(
    delivery: &Delivery,
    definition: &Definition,
    environment: &Environment,
    person: &Person,
) -> Result<Execution> {
    let name = &environment.name;
    if definition.lake.before(name).is_some() {
        let (_, running) = delivery.running_before(definition, name).await?;
        return delivery.promote(name, &running.release, person.clone()).await;
    }
    let by = Some(person.clone());
    match delivery.look_at(definition, environment, Cause::Push, by).await? {
        Some(started) => Ok(started),
        // The push was heard of, and what it started did not succeed: once more.
        None => delivery.start(name, person.clone()).await,
    }
}

async fn approve(delivery: &Delivery, waiting: &Execution, person: &Person) -> Result<()> {
    let now = Timestamp::now();
    let (plan, digest) = delivery.pipelines.plan(waiting.id).await?;
    let decision = Decision {
        plan: digest,
        by: person.clone(),
        verdict: Verdict::Approve,
        reason: "the demo sets its own environments up".to_owned(),
        typed: plan.endangered().map(|(_, change)| change.name().to_owned()).collect(),
        break_glass: true,
        at: now,
    };
    delivery.decide(waiting, &decision, now).await.map(drop)
}
