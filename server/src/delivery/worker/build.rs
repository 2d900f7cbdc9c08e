//! From the commit to its release: source, build, self-mutate, assets.

use domain::pipeline::{Cause, Execution, Stage};
use domain::run_log::LogLevel;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::Content;
use jiff::Timestamp;

use super::Next;
use super::held::Held;
use crate::delivery::Delivery;
use crate::delivery::checks::{Checked, check_release};
use crate::delivery::databases::without_database;
use crate::delivery::dialect_checks::check_dialects;
use crate::delivery::release::{LoadedRelease, in_words};
use crate::open_lake::OpenLake;

/// Commits whose messages are read for what they accept.
const MOST_COMMITS: usize = 500;

impl Delivery {
    /// The exact commit. A promotion moves its branch here, so that Git says what runs where.
    pub(super) async fn source(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let commit = self.repository.commit(&execution.commit).await?;
        if matches!(execution.cause, Cause::Promotion { .. }) {
            let head = self.repository.head(&execution.branch).await?;
            let behind = match &head {
                Some(head) => !self.repository.is_ancestor(&commit.id, head).await?,
                None => true,
            };
            if behind {
                let moved =
                    self.repository.advance(&execution.branch, head.as_ref(), &commit.id).await;
                moved.map_err(|error| error.context(format!("branch {}", execution.branch)))?;
            }
        }
        let note = format!("{} {} ({})", commit.id.short(), commit.summary(), commit.author.name);
        held.end(Stage::Source, &note).await?;
        Ok(Next::GoOn)
    }

    /// The release, checked. What was built before is taken as it is: a promotion and a rollback move
    /// the bytes that ran (C11).
    pub(super) async fn build(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        if let Some(given) = &execution.release {
            let loaded = LoadedRelease::load(&self.releases, given).await?;
            let note = format!("release {} was built before", loaded.release.id.short());
            held.write(|job| job.built(loaded.release.id.clone())).await?;
            held.end(Stage::Build, &note).await?;
            return Ok(Next::GoOn);
        }
        let content = Content::at(self.repository.as_ref(), &execution.commit).await?;
        let content = content.map_err(|problems| in_words(&problems))?;
        let (loaded, built) = LoadedRelease::build(content, execution.commit.clone())?;
        let environment = loaded.environment(&execution.environment)?;
        self.check_order(execution, &loaded).await?;
        let prefix = &loaded.content.lake.lake.logical_id_prefix;
        let lake = self.lake_now(environment, prefix).await?;
        let log = self.repository.log(&execution.commit, None, MOST_COMMITS).await?;
        let messages: Vec<_> = log.into_iter().map(|commit| commit.message).collect();
        let mut checked = check_release(&lake, &loaded, &messages).await?;
        for problem in &checked.accepted {
            let line = format!("accepted by its commit: {problem}");
            held.note(Stage::Build, LogLevel::Warning, &line).await?;
        }
        let rules = self.check_rules(&loaded.content.lake).await?;
        for problem in &rules.doubtful {
            held.note(Stage::Build, LogLevel::Warning, &problem.to_string()).await?;
        }
        checked.problems.extend(rules.refused);
        if let Some(made) = self.places.databases() {
            checked.problems.extend(without_database(&loaded.content, &made));
        }
        let compared = self.check_dialects(held, &lake, &loaded, &mut checked).await?;
        for problem in &checked.problems {
            held.note(Stage::Build, LogLevel::Error, &problem.to_string()).await?;
        }
        if !checked.problems.is_empty() {
            return Err(in_words(&checked.problems));
        }
        let stored = self.releases.put(&built).await?;
        let id = loaded.release.id.clone();
        held.write(|job| job.built(id.clone())).await?;
        let note = format!(
            "release {}: {} sources, {} transformations, quality rules of {} tables, {} fixture tests, \
             {} stacks checked{compared}; {} of {} files are new",
            id.short(),
            checked.sources,
            checked.transformations,
            checked.quality,
            checked.tests,
            checked.stacks,
            stored.new_assets,
            stored.assets
        );
        held.end(Stage::Build, &note).await?;
        Ok(Next::GoOn)
    }

    /// SQL in the engine that people query with, if the lake asks for that. What to say of it.
    async fn check_dialects(
        &self,
        held: &Held<'_>,
        lake: &OpenLake,
        loaded: &LoadedRelease,
        checked: &mut Checked,
    ) -> Result<String> {
        // Wrong SQL need not be shown to another engine.
        if !loaded.content.lake.pipeline.dialect_check || !checked.problems.is_empty() {
            return Ok(String::new());
        }
        let dialects = check_dialects(lake, &loaded.content).await?;
        for problem in &dialects.differing {
            held.note(Stage::Build, LogLevel::Warning, &problem.to_string()).await?;
        }
        checked.problems.extend(dialects.refused);
        Ok(match dialects.compared {
            0 => String::new(),
            compared => format!(", {compared} transformations compared in both engines"),
        })
    }

    /// No environment is skipped: what is pushed to a later one has passed the one before (C11).
    async fn check_order(&self, execution: &Execution, loaded: &LoadedRelease) -> Result<()> {
        let Some(before) = loaded.content.lake.before(&execution.environment) else {
            return Ok(());
        };
        let release = &loaded.release.id;
        if self.pipelines.passed(&before.name, release).await? {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "release {} did not pass {}: deploy it there, then promote it to {}",
            release.short(),
            before.name,
            execution.environment
        )))
    }

    /// The pipeline changes itself first, and begins again once on the same commit.
    pub(super) async fn self_mutate(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let loaded = self.loaded(execution).await?;
        let definition = &loaded.release.definition;
        let running = self.pipelines.environment(&execution.environment).await?.running;
        let before = match running {
            Some(running) => Some(self.releases.get(&running.release).await?.definition),
            None => None,
        };
        let changed = before.is_some_and(|before| before != *definition);
        if changed && execution.restarts == 0 {
            let note = format!("the pipeline is {} now: it begins again", definition.short());
            held.note(Stage::SelfMutate, LogLevel::Info, &note).await?;
            held.write(|job| job.restart(Timestamp::now())).await?;
            return Ok(Next::Leave);
        }
        let note = match changed {
            true => "the pipeline changed itself",
            false => "what defines the pipeline did not change",
        };
        held.end(Stage::SelfMutate, note).await?;
        Ok(Next::GoOn)
    }

    /// Every file is there, byte for byte, before anything is planned with it.
    pub(super) async fn assets(&self, held: &Held<'_>, execution: &Execution) -> Result<Next> {
        let loaded = self.loaded(execution).await?;
        let bytes: u64 = loaded.release.files.iter().map(|file| file.bytes).sum();
        let note =
            format!("{} files with {bytes} bytes are kept by content", loaded.release.files.len());
        held.end(Stage::Assets, &note).await?;
        Ok(Next::GoOn)
    }

    /// The release of an execution that was built.
    pub(super) async fn loaded(&self, execution: &Execution) -> Result<LoadedRelease> {
        let release = execution.release.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Internal, "an execution without a release is past its build")
        })?;
        LoadedRelease::load(&self.releases, release).await
    }
}
