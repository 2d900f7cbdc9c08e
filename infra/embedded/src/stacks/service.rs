//! The port, over simulated accounts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use database::retrying;
use domain::stack::DriftedResource;
use domain::{Error, ErrorKind, Result};
use infra::parameters::ParameterStore;
use infra::stacks::{
    ChangeSet, ChangeSetRequest, ChangeSetStatus, Export, Stack, StackEvent, StackOperation,
    StackResource, StackService, StackStatus,
};
use infra::template::Template;

use super::SimulatedStackService;
use super::state::{Made, StackState};
use super::store::{KeptChangeSet, Work};
use super::world::exports;
use crate::SqlParameterStore;

#[async_trait]
impl StackService for SimulatedStackService {
    async fn describe(&self, stack: &str) -> Result<Option<Stack>> {
        self.ready().await?;
        Ok(self.reader().stack(stack).await?.map(|stack| stack.view()))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Stack>> {
        self.ready().await?;
        let stacks = self.reader().stacks().await?.into_values();
        let listed = stacks.filter(|stack| stack.name.starts_with(prefix));
        Ok(listed.map(|stack| stack.view()).collect())
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>> {
        self.ready().await?;
        Ok(self.there(stack).await?.resource_views())
    }

    async fn template(&self, stack: &str) -> Result<Option<String>> {
        self.ready().await?;
        Ok(self.there(stack).await?.made.map(|made| made.template))
    }

    async fn prepare(&self, request: &ChangeSetRequest) -> Result<ChangeSet> {
        request.check_names()?;
        let template = Template::parse(&request.template)
            .map_err(|error| error.context(format!("template of stack {}", request.stack)))?;
        self.ready().await?;
        let stored = self.stored_values(request, &template).await?;
        retrying(async || self.prepare_now(request, &template, &stored).await).await
    }

    async fn change_set(&self, arn: &str) -> Result<ChangeSet> {
        self.pass_throttle().await?;
        self.reader().change_set(arn).await
    }

    async fn discard(&self, arn: &str) -> Result<()> {
        self.pass_throttle().await?;
        retrying(async || self.discard_now(arn).await).await
    }

    /// The ARN alone makes it happen once here, so the token is not needed.
    async fn execute(&self, arn: &str, _token: &str) -> Result<()> {
        self.ready().await?;
        retrying(async || self.execute_now(arn).await).await?
    }

    async fn operate(&self, stack: &str, operation: &StackOperation, token: &str) -> Result<()> {
        self.ready().await?;
        retrying(async || {
            let mut work = self.work().await?;
            work.world.operate(stack, operation, token)?;
            work.commit().await
        })
        .await
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>> {
        self.ready().await?;
        let after = after.map_or(Ok(0), str::parse).map_err(|_| {
            Error::invalid(format!("{after:?} is no event: give the id of one of {stack}"))
        })?;
        self.reader().events(stack, after).await
    }

    async fn drift(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        self.ready().await?;
        self.work().await?.world.drift(stack)
    }

    async fn exports(&self) -> Result<Vec<Export>> {
        self.ready().await?;
        Ok(exports(&self.reader().stacks().await?))
    }
}

impl SimulatedStackService {
    /// Before each call: throttled if that was asked for, and everything due is done.
    async fn ready(&self) -> Result<()> {
        self.pass_throttle().await?;
        self.catch_up().await
    }

    async fn there(&self, stack: &str) -> Result<StackState> {
        let missing = || Error::not_found(format!("there is no stack {stack}: deploy it first"));
        self.reader().stack(stack).await?.ok_or_else(missing)
    }

    async fn prepare_now(
        &self,
        request: &ChangeSetRequest,
        template: &Template,
        stored: &BTreeMap<String, String>,
    ) -> Result<ChangeSet> {
        let mut work = self.work().await?;
        if let Some(known) = work.known(request).await? {
            return Ok(known);
        }
        work.world.stack_to_change(&request.stack)?;
        let kept = work.world.compare(request, template, stored)?;
        let view = kept.view.clone();
        work.add_change_set(kept).await?;
        work.commit().await?;
        Ok(view)
    }

    /// Values of parameters that templates read from the parameter store.
    async fn stored_values(
        &self,
        request: &ChangeSetRequest,
        template: &Template,
    ) -> Result<BTreeMap<String, String>> {
        let store = SqlParameterStore::new(self.database.clone(), self.at.clone());
        let mut values = BTreeMap::new();
        for (name, parameter) in &template.parameters {
            let path = request.parameters.get(name).or(parameter.default.as_ref());
            let Some(path) = path.filter(|_| parameter.is_stored_elsewhere()) else { continue };
            let found = store.get(&path.parse()?).await?;
            let missing =
                || Error::invalid(format!("parameter {path} has no value: put one first"));
            values.insert(path.clone(), found.ok_or_else(missing)?.value);
        }
        Ok(values)
    }

    async fn discard_now(&self, arn: &str) -> Result<()> {
        let mut work = self.work().await?;
        let set = match work.change_set(arn).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?.view,
        };
        if set.status == ChangeSetStatus::Executed {
            return Err(Error::conflict(format!("change set {arn} was executed already")));
        }
        let left = work.remove_change_set(&set).await?;
        let now = work.world.around.now;
        if let Some(stack) = work.world.stacks.get_mut(&set.stack)
            && stack.arn == set.stack_arn
            && stack.status == StackStatus::ReviewInProgress
            && left == 0
        {
            stack.become_status(StackStatus::DeleteComplete, None, now);
        }
        work.commit().await
    }

    /// The inner result is the answer, which may be lost although all was done.
    async fn execute_now(&self, arn: &str) -> Result<Result<()>> {
        let lost = |what| Err(Error::new(ErrorKind::Unavailable, format!("the {what} was lost")));
        let mut work = self.work().await?;
        if work.world.around.faults.lost_requests > 0 {
            work.world.around.faults.lost_requests -= 1;
            work.commit().await?;
            return Ok(lost("request to execute a change set"));
        }
        let kept = work.change_set(arn).await?;
        if kept.view.status != ChangeSetStatus::Executed {
            work.begin_execution(kept).await?;
        }
        let answers = &mut work.world.around.faults.lost_answers;
        let is_lost = *answers > 0;
        *answers = answers.saturating_sub(1);
        work.commit().await?;
        Ok(if is_lost { lost("answer to executing a change set") } else { Ok(()) })
    }
}

impl Work {
    /// The change set that the same request has made already; Conflict when another one has its
    /// token.
    async fn known(&mut self, request: &ChangeSetRequest) -> Result<Option<ChangeSet>> {
        let Some(stack) = self.world.stacks.get(&request.stack) else { return Ok(None) };
        let arn = stack.arn.clone();
        match self.change_set_named(&arn, &request.token).await? {
            Some(kept) if kept.request == request.fingerprint().to_string() => Ok(Some(kept.view)),
            Some(_) => Err(Error::conflict(format!(
                "stack {} has another change set {}: use another token",
                request.stack, request.token
            ))),
            None => Ok(None),
        }
    }

    async fn begin_execution(&mut self, kept: KeptChangeSet) -> Result<()> {
        let set = kept.view;
        if set.status != ChangeSetStatus::Prepared {
            return Err(Error::conflict(format!(
                "change set {} is {}: plan anew and have the new plan approved",
                set.arn,
                set.status.as_str()
            )));
        }
        self.world.stack_to_change(&set.stack)?;
        self.mark_executed(&set).await?;
        let made = Made {
            template: kept.template,
            digest: set.template.clone(),
            parameters: set.parameters.clone(),
            tags: set.tags.clone(),
            resolved: kept.resolved,
        };
        self.world.begin(&set, made)
    }
}
