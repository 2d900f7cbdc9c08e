//! What is to be told, and has not been.
//!
//! It follows from what is stored, whoever stored it: a worker, somebody who decided, the clock. So it
//! is looked for again and again, also after a crash, and told until it was heard; a deployment never
//! waits for it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::Result;
use domain::pipeline::{Execution, ExecutionId};
use domain::plan::Plan;
use domain::release::Digest;
use jiff::{SignedDuration, Timestamp};

use super::{ChangeReporter, CommitReport, PlanReport, commit_report, plan_markdown};

/// How long executions are looked at after their end.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// Where plans are found, and the pages on which people read more.
#[async_trait]
pub trait Archive: Sync {
    /// The plan of an execution and its digest.
    async fn plan_of(&self, id: ExecutionId) -> Result<(Plan, Digest)>;

    /// The address of the page of an execution.
    fn execution_page(&self, execution: &Execution) -> String;

    /// The address of the page of its plan.
    fn plan_page(&self, execution: &Execution) -> String;
}

/// What one process has told.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<ExecutionId, Heard>);

#[derive(Debug, Default)]
struct Heard {
    report: Option<CommitReport>,
    plan: Option<Digest>,
}

impl Told {
    /// Tells what is new in `executions`, which come newest first. What is refused for good is not
    /// tried again until it changes, and comes back with its execution.
    ///
    /// Errors that pass by themselves end it early: what was told until then is remembered.
    pub async fn tell(
        &mut self,
        reporter: &dyn ChangeReporter,
        archive: &dyn Archive,
        executions: &[Execution],
        now: Timestamp,
    ) -> Result<Vec<(ExecutionId, domain::Error)>> {
        let mut refused = Vec::new();
        let news = latest(executions, now);
        self.0.retain(|id, _| news.iter().any(|execution| execution.id == *id));
        for execution in news {
            let heard = self.0.entry(execution.id).or_default();
            let report = commit_report(execution, &archive.execution_page(execution));
            if heard.report.as_ref() != Some(&report) {
                let told = passing(reporter.report_commit(&report).await)?;
                refused.extend(told.map(|error| (execution.id, error)));
                heard.report = Some(report);
            }
            if heard.plan != execution.plan {
                let told = passing(tell_plan(reporter, archive, execution).await)?;
                refused.extend(told.map(|error| (execution.id, error)));
                heard.plan.clone_from(&execution.plan);
            }
        }
        Ok(refused)
    }
}

async fn tell_plan(
    reporter: &dyn ChangeReporter,
    archive: &dyn Archive,
    execution: &Execution,
) -> Result<()> {
    if execution.plan.is_none() {
        return Ok(());
    }
    let (plan, digest) = archive.plan_of(execution.id).await?;
    let report = PlanReport {
        branch: execution.branch.clone(),
        environment: execution.environment.clone(),
        markdown: plan_markdown(&plan, &digest, &archive.plan_page(execution)),
    };
    reporter.report_plan(&report).await.map(drop)
}

/// An error that passes by itself is one; any other is told of.
fn passing(told: Result<()>) -> Result<Option<domain::Error>> {
    match told {
        Ok(()) => Ok(None),
        Err(error) if error.kind().is_transient() => Err(error),
        Err(error) => Ok(Some(error)),
    }
}

/// The newest execution of each commit in each environment, among those that are not long over: what
/// came before it counts no more.
fn latest(executions: &[Execution], now: Timestamp) -> Vec<&Execution> {
    let mut seen = BTreeSet::new();
    let newest = executions.iter().filter(|one| seen.insert((&one.environment, &one.commit)));
    newest.filter(|one| one.ended_at.is_none_or(|ended| ended + RECENT > now)).collect()
}

#[cfg(test)]
mod tests {
    use domain::pipeline::ExecutionStatus;
    use domain::{Error, ErrorKind};

    use super::super::memory::MemoryChangeReporter;
    use super::super::status::sample::execution;
    use super::*;
    use crate::plan::sample::{at, plan};

    /// Plans that are all the same one.
    struct Same;

    #[async_trait]
    impl Archive for Same {
        async fn plan_of(&self, _: ExecutionId) -> Result<(Plan, Digest)> {
            let plan = plan("dev");
            let digest = crate::plan::digest(&plan)?;
            Ok((plan, digest))
        }

        fn execution_page(&self, execution: &Execution) -> String {
            format!("https://sluice.example.org/{}", execution.id)
        }

        fn plan_page(&self, execution: &Execution) -> String {
            format!("{}/plan", self.execution_page(execution))
        }
    }

    fn of(environment: &str, commit: &str, status: ExecutionStatus) -> Execution {
        let mut execution = execution(status);
        execution.environment = environment.parse().unwrap();
        execution.commit = commit.repeat(20).parse().unwrap();
        execution.ended_at = status.is_terminal().then(|| at(0));
        execution
    }

    async fn tell(
        told: &mut Told,
        reporter: &MemoryChangeReporter,
        executions: &[Execution],
    ) -> Vec<(ExecutionId, Error)> {
        told.tell(reporter, &Same, executions, at(10)).await.unwrap()
    }

    #[test]
    fn the_newest_execution_of_a_commit_speaks_for_it_until_it_is_long_over() {
        let ended = |environment, commit, seconds| {
            let mut execution = of(environment, commit, ExecutionStatus::Failed);
            execution.ended_at = Some(at(seconds));
            execution
        };
        let hour = 3_600;
        let all = [
            of("dev", "ab", ExecutionStatus::Running),
            ended("test", "ab", 1),
            ended("dev", "ab", hour - 1),
            ended("dev", "cd", -1),
            of("dev", "cd", ExecutionStatus::Running),
        ];
        let told: Vec<_> = latest(&all, at(hour)).iter().map(|execution| execution.id).collect();
        assert_eq!(told, [all[0].id, all[1].id]);
    }

    #[tokio::test]
    async fn each_change_is_told_once_and_all_of_it_again_after_a_crash() {
        let reporter = MemoryChangeReporter::default();
        let mut told = Told::default();
        let mut one = of("dev", "ab", ExecutionStatus::Running);
        for _ in 0..3 {
            tell(&mut told, &reporter, std::slice::from_ref(&one)).await;
        }
        assert_eq!(reporter.commits().len(), 1);
        assert_eq!(reporter.plans().len(), 0);

        one.status = ExecutionStatus::AwaitingApproval;
        one.plan = Some("ab".repeat(32).parse().unwrap());
        for _ in 0..3 {
            tell(&mut told, &reporter, std::slice::from_ref(&one)).await;
        }
        let summaries: Vec<_> =
            reporter.commits().into_iter().map(|report| report.summary).collect();
        assert_eq!(summaries, ["is under way", "waits for approval"]);
        assert_eq!(reporter.plans().len(), 1);
        assert!(reporter.plans()[0].markdown.contains(&format!("{}/plan", one.id)));

        one.plan = Some("cd".repeat(32).parse().unwrap());
        tell(&mut told, &reporter, std::slice::from_ref(&one)).await;
        assert_eq!(reporter.plans().len(), 2, "a new plan is told");
        tell(&mut Told::default(), &reporter, std::slice::from_ref(&one)).await;
        assert_eq!((reporter.commits().len(), reporter.plans().len()), (3, 3));
    }

    #[tokio::test]
    async fn what_passes_is_tried_again_and_what_is_refused_is_said_once() {
        let reporter = MemoryChangeReporter::default();
        let mut told = Told::default();
        let one = of("dev", "ab", ExecutionStatus::Running);
        let other = of("test", "ab", ExecutionStatus::Running);
        let both = [one.clone(), other.clone()];
        reporter.refuse(ErrorKind::Throttled);
        let error = told.tell(&reporter, &Same, &both, at(10)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled);
        assert_eq!(reporter.commits().len(), 0);

        reporter.refuse(ErrorKind::Denied);
        let refused = tell(&mut told, &reporter, &both).await;
        assert_eq!(refused.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [one.id]);
        assert_eq!(reporter.commits().len(), 1, "the other one is told all the same");
        assert_eq!(tell(&mut told, &reporter, &both).await.len(), 0);
        assert_eq!(reporter.commits().len(), 1);
    }

    #[tokio::test]
    async fn what_nobody_looks_at_any_more_is_forgotten() {
        let reporter = MemoryChangeReporter::default();
        let mut told = Told::default();
        let one = of("dev", "ab", ExecutionStatus::Succeeded);
        tell(&mut told, &reporter, std::slice::from_ref(&one)).await;
        assert_eq!(told.0.len(), 1);
        told.tell(&reporter, &Same, &[one], at(4_000)).await.unwrap();
        assert_eq!(told.0.len(), 0);
    }
}
