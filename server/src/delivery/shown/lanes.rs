//! The environments side by side.

use app::api::delivery::{Lane, Lanes, Offer, Paused, Running};
use domain::Result;
use domain::deployment::{EnvironmentState, RunningRelease};
use domain::environment::EnvironmentName;
use domain::plan::Plan;
use infra::approval::frozen;
use infra::lake_repository::Environment;
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;

use super::executions::{commit, commits, summary};
use crate::delivery::{Definition, Delivery};

/// Most commits of an offer that are told, and counted.
const MOST_TOLD: usize = 20;
const MOST_COUNTED: usize = 500;

/// The lanes of environments that `visible` lets through. None while the lake repository is empty.
pub async fn lanes(
    delivery: &Delivery,
    visible: impl Fn(&EnvironmentName) -> bool,
) -> Result<Lanes> {
    let mut shown = Lanes {
        lanes: Vec::new(),
        repository: delivery.repository_address.clone(),
        simulated: delivery.places.simulated(),
    };
    let Some(definition) = delivery.definition().await? else { return Ok(shown) };
    for environment in &definition.lake.environments {
        if visible(&environment.name) && delivery.lake(&environment.name).is_ok() {
            shown.lanes.push(lane(delivery, &definition, environment).await?);
        }
    }
    Ok(shown)
}

async fn lane(
    delivery: &Delivery,
    definition: &Definition,
    environment: &Environment,
) -> Result<Lane> {
    let name = &environment.name;
    let state = delivery.pipelines.environment(name).await?;
    let filter =
        ExecutionFilter { environment: Some(name.clone()), limit: 1, ..ExecutionFilter::default() };
    let last = delivery.pipelines.list(&filter).await?.pop();
    let head = delivery.repository.head(&environment.branch).await?;
    let runs = state.running.as_ref().map(|running| &running.commit);
    let head = match head.filter(|head| Some(head) != runs) {
        Some(head) => Some(commit(delivery, &head).await?),
        None => None,
    };
    let drifted = match &last {
        Some(execution) => match delivery.pipelines.plan(execution.id).await {
            Ok((plan, _)) => drifted(&plan),
            Err(_) => None,
        },
        None => None,
    };
    Ok(Lane {
        environment: name.clone(),
        branch: environment.branch.to_string(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        running: running(delivery, state.running.as_ref()).await?,
        head,
        execution: match &last {
            Some(execution) => Some(summary(delivery, execution).await?),
            None => None,
        },
        offer: offer(delivery, definition, environment, &state).await?,
        paused: state.paused.map(|paused| Paused {
            by: paused.by.map_or_else(|| "sluice".to_owned(), |person| person.login),
            reason: paused.reason,
            at: paused.since,
        }),
        frozen: freeze(environment),
        drifted,
    })
}

/// Resources that drifted. None where nothing is known to have, and something could not be compared.
fn drifted(plan: &Plan) -> Option<u64> {
    let found = plan.stacks.iter().flat_map(|stack| &stack.drift);
    let (compared, unknown): (Vec<_>, Vec<_>) = found.partition(|one| one.is_compared());
    (!compared.is_empty() || unknown.is_empty()).then_some(compared.len() as u64)
}

async fn running(delivery: &Delivery, runs: Option<&RunningRelease>) -> Result<Option<Running>> {
    let Some(runs) = runs else { return Ok(None) };
    Ok(Some(Running {
        release: runs.release.to_string(),
        commit: commit(delivery, &runs.commit).await?,
        since: runs.since,
    }))
}

/// What the environment before runs and this one does not.
async fn offer(
    delivery: &Delivery,
    definition: &Definition,
    environment: &Environment,
    state: &EnvironmentState,
) -> Result<Option<Offer>> {
    let Some(from) = definition.lake.before(&environment.name) else { return Ok(None) };
    let Some(there) = delivery.pipelines.environment(&from.name).await?.running else {
        return Ok(None);
    };
    let here = state.running.as_ref();
    if here.is_some_and(|here| here.release == there.release) {
        return Ok(None);
    }
    let until = here.map(|here| &here.commit);
    let mut ahead = commits(delivery, &there.commit, until, MOST_COUNTED).await?;
    let count = ahead.len() as u64;
    ahead.truncate(MOST_TOLD);
    let refused = match &state.paused {
        Some(paused) => Some(format!("promotion is stopped since a rollback: {}", paused.reason)),
        None if !delivery.pipelines.passed(&from.name, &there.release).await? => {
            Some(format!("{} has not verified it yet", from.name))
        }
        None => None,
    };
    Ok(Some(Offer {
        from: from.name.clone(),
        release: there.release.to_string(),
        commits: ahead,
        ahead: count,
        refused,
    }))
}

fn freeze(environment: &Environment) -> Option<String> {
    match frozen(&environment.freeze, Timestamp::now()) {
        Ok(None) => None,
        Ok(Some(frozen)) => Some(format!("{} until {}", frozen.window, frozen.until)),
        Err(error) => Some(error.message().to_owned()),
    }
}
