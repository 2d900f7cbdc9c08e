//! What the build stage checks of a release with the engine: sources, SQL, fixture tests, quality
//! rules, stacks.

use std::collections::BTreeMap;

use domain::Result;
use domain::dataset::DatasetId;
use etl_engine::source::check;
use etl_engine::transformation::check::{OutputField, Severity};
use etl_engine::transformation::fixtures::Fixture;
use etl_engine::transformation::subject::Subject;
use infra::lake_repository::{Problem, TransformationFile};

use super::edit::accepted_line;
use super::quality_checks::check_quality;
use super::release::LoadedRelease;
use crate::open_lake::OpenLake;
use crate::transformations::fixtures::{Case, report_of};

/// What the checks looked at, and everything they found wrong.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// Registrations.
    pub sources: usize,
    /// SQL files.
    pub transformations: usize,
    /// Tables with quality rules.
    pub quality: usize,
    /// Fixture tests that ran.
    pub tests: usize,
    /// Stacks of all environments.
    pub stacks: usize,
    /// By file.
    pub problems: Vec<Problem>,
    /// Fixture tests that fail and were accepted, by file.
    pub accepted: Vec<Problem>,
}

/// Checks a release against the catalog of an environment. `messages` are those of the commits that
/// led to it: they may accept that fixture tests fail.
pub async fn check_release(
    at: &OpenLake,
    loaded: &LoadedRelease,
    messages: &[String],
) -> Result<Checked> {
    let content = &loaded.content;
    let mut checked = Checked::default();
    for file in content.sources.values() {
        checked.sources += 1;
        if let Err(error) = check(&file.source) {
            checked.problems.push(Problem::of_file(&file.path, error.message()));
        }
    }
    let mut outputs = BTreeMap::new();
    for (dataset, file) in &content.transformations {
        checked.transformations += 1;
        let output = check_sql(at, loaded, messages, (dataset, file), &mut checked).await?;
        outputs.insert(dataset.clone(), output);
    }
    checked.quality = content.quality.len();
    checked.problems.extend(check_quality(&at.lake, content, &outputs).await?);
    for environment in &content.lake.environments {
        match loaded.stacks(environment) {
            Ok(stacks) => checked.stacks += stacks.len(),
            Err(error) => {
                let message = format!("in {}: {}", environment.name, error.message());
                checked.problems.push(Problem::of_file("sluice.toml", message));
            }
        }
    }
    Ok(checked)
}

/// The columns that the SQL returns; none when it is wrong.
async fn check_sql(
    at: &OpenLake,
    loaded: &LoadedRelease,
    messages: &[String],
    (dataset, file): (&DatasetId, &TransformationFile),
    checked: &mut Checked,
) -> Result<Vec<OutputField>> {
    // The source as the release has it: what is registered may be older.
    let Some(source) = loaded.content.sources.get(dataset) else {
        return Ok(Vec::new());
    };
    let subject = Subject::from(source.source.clone());
    let found = subject.check(&at.lake, &file.sql).await?;
    let errors = found.findings.iter().filter(|finding| finding.severity == Severity::Error);
    checked.problems.extend(errors.map(|finding| Problem {
        path: file.path.clone(),
        line: u32::try_from(finding.place.line).ok(),
        column: u32::try_from(finding.place.column).ok(),
        message: finding.message.clone(),
    }));
    if !found.is_sound() {
        return Ok(Vec::new());
    }
    if !loaded.content.lake.pipeline.fixture_tests {
        return Ok(found.output);
    }
    checked.tests += file.tests.len();
    let report = report_of(&at.lake, &subject, &file.sql, cases(file)).await?;
    let line = accepted_line(dataset, &file.sql);
    let accepted = messages.iter().any(|message| message.contains(&line));
    for case in report.cases.iter().filter(|case| !case.passed) {
        let why = case.problem.clone().unwrap_or_else(|| {
            format!(
                "{} rows are missing, {} are unexpected, {} cells differ",
                case.missing.len(),
                case.unexpected.len(),
                case.changed.len()
            )
        });
        let message = format!("fixture test {} fails: {why}", case.name);
        let problem = Problem::of_file(&file.path, message);
        let list = if accepted { &mut checked.accepted } else { &mut checked.problems };
        list.push(problem);
    }
    Ok(found.output)
}

fn cases(file: &TransformationFile) -> Vec<Case> {
    let case = |test: &infra::lake_repository::FixtureTest| {
        let fixture = Fixture {
            name: test.name.clone(),
            inputs: test.inputs.clone(),
            expected: test.expected.clone(),
        };
        (test.name.clone(), Ok(fixture))
    };
    file.tests.iter().map(case).collect()
}
