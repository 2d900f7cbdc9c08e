//! Starting executions: pushes, promotions, rollbacks, by hand.

use domain::branch::{CommitId, Person};
use domain::deployment::RunningRelease;
use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, Execution};
use domain::release::Digest;
use domain::{Error, Result};
use infra::lake_repository::Environment;
use infra::pipeline::{NewExecution, PushKey};
use infra_embedded::Enqueued;
use jiff::Timestamp;

use super::webhook::Push;
use super::{Definition, Delivery};

impl Delivery {
    /// Looks at a branch and starts what its head asks for, once for each head however often it is
    /// looked at (C16). `None` when no environment is delivered from it or it is not there.
    pub async fn look_at(
        &self,
        definition: &Definition,
        environment: &Environment,
        cause: Cause,
        pushed_by: Option<Person>,
    ) -> Result<Option<Execution>> {
        let Some(commit) = self.repository.head(&environment.branch).await? else {
            return Ok(None);
        };
        self.came(definition, environment, commit, cause, pushed_by).await
    }

    /// Starts what a push asks for that a webhook told of, under the name of who pushed: they cannot
    /// approve it (C3). Once for each push (C16); `None` when it was heard of before.
    pub async fn pushed(
        &self,
        definition: &Definition,
        environment: &Environment,
        push: &Push,
    ) -> Result<Option<Execution>> {
        let (after, pusher) = (push.after.clone(), Some(push.pusher.clone()));
        self.came(definition, environment, after, Cause::Push, pusher).await
    }

    /// Whether a repository that a webhook names as `owner/name` is the lake's. A local one has no
    /// owner: then the commits alone tell.
    pub fn is_named(&self, repository: &str) -> bool {
        let own = &self.repository_name;
        !own.contains('/') || own.eq_ignore_ascii_case(repository)
    }

    async fn came(
        &self,
        definition: &Definition,
        environment: &Environment,
        commit: CommitId,
        cause: Cause,
        pushed_by: Option<Person>,
    ) -> Result<Option<Execution>> {
        if self.lake(&environment.name).is_err()
            || definition.lake.environment(&environment.name).is_none()
        {
            return Ok(None);
        }
        let push = self.push(environment, commit.clone());
        let new = NewExecution {
            environment: environment.name.clone(),
            branch: environment.branch.clone(),
            commit,
            cause,
            requested_by: pushed_by,
            release: None,
        };
        match self.pipelines.enqueue(&new, Some(&push), Timestamp::now()).await? {
            Enqueued::New(execution) => Ok(Some(execution)),
            Enqueued::Known(_) => Ok(None),
        }
    }

    /// Starts an execution at the head of the environment's branch, also when that was delivered
    /// before.
    pub async fn start(&self, name: &EnvironmentName, by: Person) -> Result<Execution> {
        let definition = self.required_definition().await?;
        let environment = definition.environment(name)?;
        let head = self.repository.head(&environment.branch).await?;
        let commit = head.ok_or_else(|| {
            Error::not_found(format!(
                "the lake repository has no branch {}: promote a release to {name}",
                environment.branch
            ))
        })?;
        self.enqueue(environment, commit, Cause::Manual, by, None).await
    }

    /// Starts moving what runs in the environment before to this one. [`domain::ErrorKind::Conflict`]
    /// when another release runs there than the caller saw, or promotion is stopped here.
    pub async fn promote(
        &self,
        name: &EnvironmentName,
        release: &Digest,
        by: Person,
    ) -> Result<Execution> {
        let definition = self.required_definition().await?;
        let environment = definition.environment(name)?;
        let (from, running) = self.running_before(&definition, name).await?;
        if running.release != *release {
            return Err(Error::conflict(format!(
                "{from} runs release {} now, not {}: look at what you promote",
                running.release.short(),
                release.short()
            )));
        }
        if let Some(paused) = self.pipelines.environment(name).await?.paused {
            return Err(Error::conflict(format!(
                "promotion to {name} is stopped since a rollback ({}): release it first",
                paused.reason
            )));
        }
        let cause = Cause::Promotion { from };
        self.enqueue(environment, running.commit, cause, by, Some(release.clone())).await
    }

    /// The environment before one and what runs there: what a promotion moves.
    /// [`domain::ErrorKind::Invalid`] for the first environment, [`domain::ErrorKind::Conflict`]
    /// while nothing runs before it.
    pub async fn running_before(
        &self,
        definition: &Definition,
        name: &EnvironmentName,
    ) -> Result<(EnvironmentName, RunningRelease)> {
        let from = definition.lake.before(name).ok_or_else(|| {
            Error::invalid(format!("{name} is the first environment: nothing is promoted to it"))
        })?;
        let running = self.pipelines.environment(&from.name).await?.running;
        let running = running.ok_or_else(|| {
            Error::conflict(format!("nothing runs in {} yet: deploy there first", from.name))
        })?;
        Ok((from.name.clone(), running))
    }

    /// Starts bringing an earlier release of an environment back. [`domain::ErrorKind::Invalid`]
    /// without a reason, [`domain::ErrorKind::NotFound`] for a release that never ran there.
    pub async fn roll_back(
        &self,
        name: &EnvironmentName,
        release: &Digest,
        reason: &str,
        by: Person,
    ) -> Result<Execution> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(Error::invalid("reason: say why the release goes back"));
        }
        let definition = self.required_definition().await?;
        let environment = definition.environment(name)?;
        let running = self.pipelines.environment(name).await?.running;
        if running.is_some_and(|running| running.release == *release) {
            return Err(Error::conflict(format!("release {} runs in {name} now", release.short())));
        }
        let before = self.pipelines.deployments(name, None, MOST_DEPLOYMENTS).await?;
        let found = before.into_iter().find(|(_, deployment)| deployment.release == *release);
        let (_, deployment) = found.ok_or_else(|| {
            Error::not_found(format!("release {} never ran in {name}", release.short()))
        })?;
        let cause = Cause::Rollback { reason: reason.to_owned() };
        self.enqueue(environment, deployment.commit, cause, by, Some(release.clone())).await
    }

    async fn enqueue(
        &self,
        environment: &Environment,
        commit: CommitId,
        cause: Cause,
        by: Person,
        release: Option<Digest>,
    ) -> Result<Execution> {
        self.lake(&environment.name)?;
        // The branch is at this commit, or moves there: a poll is not to take that for news.
        let is_head = matches!(cause, Cause::Promotion { .. } | Cause::Manual);
        let push = is_head.then(|| self.push(environment, commit.clone()));
        let new = NewExecution {
            environment: environment.name.clone(),
            branch: environment.branch.clone(),
            commit,
            cause,
            requested_by: Some(by),
            release,
        };
        let now = Timestamp::now();
        match self.pipelines.enqueue(&new, push.as_ref(), now).await? {
            Enqueued::New(execution) => Ok(execution),
            // It was delivered before: once more, then, as it was asked for.
            Enqueued::Known(_) => match self.pipelines.enqueue(&new, None, now).await? {
                Enqueued::New(execution) | Enqueued::Known(execution) => Ok(execution),
            },
        }
    }

    fn push(&self, environment: &Environment, after: CommitId) -> PushKey {
        PushKey {
            repository: self.repository_name.clone(),
            reference: format!("refs/heads/{}", environment.branch),
            after,
        }
    }

    /// The definition. [`domain::ErrorKind::NotFound`] while the lake repository is empty.
    pub async fn required_definition(&self) -> Result<Definition> {
        self.definition().await?.ok_or_else(|| {
            Error::not_found(format!(
                "the lake repository has no branch {} yet: `sluice init` makes a lake",
                self.definition_branch
            ))
        })
    }
}

/// How far back an environment can go.
const MOST_DEPLOYMENTS: usize = 500;
