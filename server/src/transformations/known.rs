//! What is known about the SQL that runs, found out once for each version: its standing, and what its
//! fixture tests say.

use std::path::Path;
use std::time::{Duration, Instant};

use app::api::transformations::{Standing, TestStanding};
use domain::Result;
use domain::transformation::Transformation;
use etl_engine::source::SourceVersion;
use etl_engine::transformation::kept::{Kept, TableStates};
use etl_engine::transformation::subject::Subject;

use super::{fixtures, standing};
use crate::open_lake::OpenLake;

/// A list runs tests for so long at most; the others are said not to have been run yet.
const MOST_TESTING: Duration = Duration::from_millis(200);

/// What was found out before.
#[derive(Debug, Default)]
pub struct KnownTransformations {
    standings: Kept<Standing>,
    /// Failing cases, by the state of the files that they were read from.
    tests: Kept<(u64, u64)>,
}

/// Looks at transformations one after another.
pub(super) struct Looking<'a> {
    at: &'a OpenLake,
    states: TableStates,
    testing: Duration,
}

impl<'a> Looking<'a> {
    /// `sources` are the lake's.
    pub(super) async fn begin(at: &'a OpenLake, sources: &[SourceVersion]) -> Result<Self> {
        let states = TableStates::of(&at.lake, sources).await?;
        Ok(Self { at, states, testing: Duration::ZERO })
    }

    /// What a version reads, and whether it would run.
    pub(super) async fn standing(
        &self,
        subject: &Subject,
        current: &Transformation,
    ) -> Result<Standing> {
        let (known, own) = (&self.at.known.standings, &subject.own.name);
        if let Some(found) = known.find(current, &self.states, own) {
            return Ok(found);
        }
        let found = standing(&subject.check(&self.at.lake, &current.sql).await?);
        known.keep(current, &self.states, own, found.clone());
        Ok(found)
    }

    /// What the fixture tests of a version say; they are run if there is time left.
    pub(super) async fn tests(
        &mut self,
        subject: &Subject,
        current: &Transformation,
    ) -> Result<TestStanding> {
        let (at, dataset, own) = (self.at, &current.dataset, &subject.own.name);
        let cases = fixtures::names(&at.data_dir, dataset)?.len() as u64;
        if cases == 0 {
            return Ok(TestStanding::default());
        }
        let files = state_of_files(&fixtures::folder(&at.data_dir, dataset));
        let known = at.known.tests.find(current, &self.states, own);
        if let Some((_, failed)) = known.filter(|(then, _)| *then == files) {
            return Ok(TestStanding { cases, failed: Some(failed) });
        }
        if self.testing > MOST_TESTING {
            return Ok(TestStanding { cases, failed: None });
        }
        let begin = Instant::now();
        let report = fixtures::report(&at.lake, &at.data_dir, dataset, &current.sql).await?;
        self.testing += begin.elapsed();
        let failed = report.failures() as u64;
        at.known.tests.keep(current, &self.states, own, (files, failed));
        Ok(TestStanding { cases, failed: Some(failed) })
    }
}

/// Changes with the names, sizes and times of the files below a folder of cases.
fn state_of_files(folder: &Path) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut files = Vec::new();
    for case in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(case.path()).into_iter().flatten().flatten() {
            let about = file.metadata().ok();
            let about = about.map(|about| (about.len(), about.modified().ok()));
            files.push((file.path(), about));
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}
