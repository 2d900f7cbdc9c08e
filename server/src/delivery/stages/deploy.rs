//! The deploy stage: exactly what was approved, one stack after the other, then sources, SQL and
//! quality rules.
//!
//! Architecture invariant: nothing is decided here. Stacks are changed by the change sets that the
//! plan names; a stack that could not have one yet gets it now, and it is executed only if it says
//! what the plan says.

use std::time::Duration;

use domain::branch::Person;
use domain::plan::{Plan, StackPlan};
use domain::stack::{ChangeAction, DriftedResource, ResourceChange};
use domain::{Error, ErrorKind, Result, failpoint};
use infra::stacks::{ChangeSetStatus, Stack, StackDefinition, StackService, execute_once};

use super::plan::{prepare, token};
use crate::delivery::data::{Applied, apply_rules, apply_source, apply_sql, check_version};
use crate::open_lake::OpenLake;

/// What a stage says while it works.
pub trait Say: Send + Sync {
    /// One line for the log.
    fn say(&self, line: String) -> impl Future<Output = Result<()>> + Send;
}

/// Whether everything the plan names is still as it was when people looked at it (C2, C4).
/// [`ErrorKind::Conflict`] says what is not.
pub async fn check_unchanged(
    plan: &Plan,
    service: &dyn StackService,
    lake: &OpenLake,
) -> Result<()> {
    for stack in &plan.stacks {
        if let Some(arn) = &stack.change_set {
            check_prepared(service, &stack.stack, arn).await?;
        }
        // Also of a stack that does not change: whoever approved saw how it stood.
        let drift = service.drift(&stack.stack).await.or_else(Error::absent_as_empty)?;
        check_drift(&stack.stack, &drift, &stack.drift)?;
    }
    for change in &plan.sources {
        let now = lake.lake.sources.current(&change.dataset).await?.map(|saved| saved.version);
        check_version(&change.dataset, change.version, now)?;
    }
    for change in &plan.transformations {
        let now = lake.lake.transformations.current(&change.dataset).await?;
        check_version(&change.dataset, change.version, now.map(|saved| saved.version))?;
    }
    for change in &plan.quality {
        let now = lake.lake.quality.current(&change.table).await?;
        let what = format!("the quality rules of {}", change.table);
        check_version(what, change.version, now.map(|saved| saved.version))?;
    }
    Ok(())
}

/// Whether a stack has drifted as it had when it was planned. What could be compared then and cannot be
/// now says nothing: it is looked at again later. What could not be then, and turns out not to have
/// drifted, is better than what people accepted.
fn check_drift(stack: &str, now: &[DriftedResource], planned: &[DriftedResource]) -> Result<()> {
    let counts = |one: &&DriftedResource| one.is_compared() || now.contains(one);
    if now.iter().eq(planned.iter().filter(counts)) {
        return Ok(());
    }
    let lost = now.iter().find(|one| !one.is_compared() && !planned.contains(one));
    Err(match lost {
        Some(lost) => Error::new(
            ErrorKind::Unavailable,
            format!("{} of stack {stack} cannot be compared now", lost.logical_id),
        ),
        None => {
            Error::conflict(format!("stack {stack} drifted since the plan was made: plan anew"))
        }
    })
}

async fn check_prepared(service: &dyn StackService, stack: &str, arn: &str) -> Result<()> {
    let gone = |why: &str| {
        Err(Error::conflict(format!("the change set of stack {stack} {why}: plan anew")))
    };
    match service.change_set(arn).await {
        Ok(found) if found.status == ChangeSetStatus::Prepared => Ok(()),
        Ok(found) => gone(&format!("is {}", found.status.as_str())),
        Err(error) if error.kind() == ErrorKind::NotFound => gone("is not there any more"),
        Err(error) => Err(error),
    }
}

/// Changes one stack as planned, and waits until that is done, looking every `look_every`. Done already:
/// nothing happens.
pub async fn deploy_stack(
    plan: &Plan,
    planned: &StackPlan,
    definition: &StackDefinition,
    service: &dyn StackService,
    look_every: Duration,
    say: &impl Say,
) -> Result<()> {
    let about = |error: Error| error.context(format!("stack {}", planned.stack));
    let arn = match &planned.change_set {
        Some(arn) => arn.clone(),
        None => postponed(plan, planned, definition, service).await.map_err(about)?,
    };
    let before = last_event(service, &planned.stack).await?;
    execute_once(service, &arn, &token(plan.id)).await.map_err(about)?;
    failpoint::reach("delivery.executed")?;
    say.say(format!("{}: executing {arn}", planned.stack)).await?;
    let stack = wait(service, &planned.stack, before, look_every, say).await?;
    if stack.status.is_complete() {
        return Ok(());
    }
    let why = stack.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    Err(about(Error::invalid(format!("{}{why}: {}", stack.status, stack.status.advice()))))
}

/// Prepares the change set of a stack whose imports are there by now, and refuses it when it says
/// another thing than what was approved.
async fn postponed(
    plan: &Plan,
    planned: &StackPlan,
    definition: &StackDefinition,
    service: &dyn StackService,
) -> Result<String> {
    let mut prepared = prepare(plan.id, service, definition).await?;
    // A service may list what a condition of the template leaves out; it cannot be made of this template.
    let made = &definition.resolved.resources;
    let left_out = |change: &ResourceChange| {
        change.action == ChangeAction::Add && !made.contains_key(&change.logical_id)
    };
    prepared.changes.retain(|change| !left_out(change));
    let outline = |changes: &[ResourceChange]| {
        let mut outline: Vec<(String, ChangeAction)> =
            changes.iter().map(|change| (change.logical_id.clone(), change.action)).collect();
        outline.sort();
        outline
    };
    if prepared.template != planned.template
        || outline(&prepared.changes) != outline(&planned.changes)
    {
        return Err(Error::conflict(
            "its change set is not what was approved: plan anew and have the new plan approved",
        ));
    }
    Ok(prepared.arn)
}

async fn last_event(service: &dyn StackService, stack: &str) -> Result<Option<String>> {
    let events = service.events(stack, None).await.or_else(Error::absent_as_empty)?;
    Ok(events.last().map(|event| event.id.clone()))
}

async fn wait(
    service: &dyn StackService,
    name: &str,
    mut after: Option<String>,
    look_every: Duration,
    say: &impl Say,
) -> Result<Stack> {
    loop {
        let stack = service.describe(name).await?.ok_or_else(|| {
            Error::conflict(format!("stack {name} was deleted while it was being changed"))
        })?;
        for event in service.events(name, after.as_deref()).await? {
            let reason = event.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let line = format!("{name}: {} {}{reason}", event.logical_id, event.status);
            say.say(line).await?;
            after = Some(event.id);
        }
        if !stack.status.is_in_progress() {
            return Ok(stack);
        }
        tokio::time::sleep(look_every).await;
    }
}

/// Registers sources and saves SQL and quality rules as planned. Done already: nothing happens.
pub async fn deploy_data(
    plan: &Plan,
    lake: &OpenLake,
    approved_by: &[Person],
    say: &impl Say,
) -> Result<()> {
    let author = plan.requested_by.as_ref().map_or("sluice", |person| person.login.as_str());
    let approved = match approved_by {
        [] => String::new(),
        people => {
            let names: Vec<_> = people.iter().map(|person| person.login.as_str()).collect();
            format!(", approved by {}", names.join(" and "))
        }
    };
    let message = format!("deploy {}{approved}", plan.commit.short());
    for change in &plan.sources {
        let applied = apply_source(&lake.lake, change, author).await?;
        say.say(told("source", &change.dataset.to_string(), applied)).await?;
    }
    for change in &plan.transformations {
        let applied = apply_sql(&lake.lake, change, author, &message).await?;
        say.say(told("transformation", &change.dataset.to_string(), applied)).await?;
    }
    for change in &plan.quality {
        let applied = apply_rules(&lake.lake, change, author, &message).await?;
        say.say(told("rule set of", &change.table.to_string(), applied)).await?;
    }
    Ok(())
}

fn told(what: &str, name: &str, applied: Applied) -> String {
    match applied {
        Applied::Before => format!("{what} {name} is there already"),
        Applied::Now(version) => format!("{what} {name} is version {version} now"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(id: &str) -> DriftedResource {
        DriftedResource {
            logical_id: id.to_owned(),
            resource_type: "AWS::S3::Bucket".to_owned(),
            deleted: false,
            differences: Vec::new(),
        }
    }

    fn unknown(id: &str) -> DriftedResource {
        DriftedResource::not_compared(id, "AWS::S3::Bucket")
    }

    #[test]
    fn c2_only_what_people_saw_or_better_is_carried_out() {
        let kind = |now: &[_], planned: &[_]| {
            check_drift("DevStorage", now, planned).err().map(|error| error.kind())
        };
        assert_eq!(kind(&[], &[]), None);
        assert_eq!(
            kind(&[changed("Raw"), unknown("Key")], &[changed("Raw"), unknown("Key")]),
            None
        );
        assert_eq!(kind(&[], &[unknown("Key")]), None, "it turned out well");
        let (conflict, later) = (Some(ErrorKind::Conflict), Some(ErrorKind::Unavailable));
        assert_eq!(kind(&[changed("Raw")], &[]), conflict);
        assert_eq!(kind(&[], &[changed("Raw")]), conflict, "who put it back?");
        assert_eq!(kind(&[changed("Key")], &[unknown("Key")]), conflict);
        assert_eq!(kind(&[unknown("Key")], &[]), later);
        assert_eq!(kind(&[unknown("Raw")], &[changed("Raw")]), later);
    }
}
