//! Saving SQL as the next version, once it is known to be sound.

use app::api::transformations::FixtureReport;
use domain::Result;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use etl_engine::transformation::check::{Checked, Finding};
use etl_engine::transformation::subject::Subject;

use super::fixtures;
use crate::delivery::Delivery;
use crate::delivery::edit::Edit;
use crate::open_lake::OpenLake;

/// SQL to save.
#[derive(Debug, Clone, Copy)]
pub struct ToSave<'a> {
    /// The SQL.
    pub sql: &'a str,
    /// Who saves it.
    pub author: &'a str,
    /// Why.
    pub message: &'a str,
    /// The version that it was made from; 0: there was none.
    pub base: u64,
    /// Whether it is saved although fixture tests fail.
    pub accept_failing_tests: bool,
}

/// What became of SQL that was to be saved.
#[derive(Debug)]
pub enum Outcome {
    /// It is the newest version.
    Saved(Box<Saved>),
    /// Another version was saved since `base`; nothing was saved.
    Stale(Transformation),
    /// It is wrong; nothing was saved.
    Unsound(Vec<Finding>),
    /// Fixture tests fail, and nobody accepted that; nothing was saved.
    FailsTests(FixtureReport),
}

/// The newest version.
#[derive(Debug)]
pub struct Saved {
    /// The version.
    pub saved: Transformation,
    /// The version before it.
    pub before: Option<Transformation>,
    /// What is known about it.
    pub checked: Checked,
    /// What its fixture tests said.
    pub tests: FixtureReport,
}

/// Saves SQL, and commits it to the lake repository before that, if there is one: what is killed in
/// between is brought by the pipeline. A conflict that arises meanwhile is an error of its own kind.
pub async fn save(
    at: &OpenLake,
    delivery: &Delivery,
    edit: &Edit,
    dataset: &DatasetId,
    new: ToSave<'_>,
) -> Result<Outcome> {
    let lake = &at.lake;
    let subject = Subject::of(lake, dataset).await?;
    let before = lake.transformations.current(dataset).await?;
    if let Some(current) = before.as_ref().filter(|current| current.version != new.base) {
        return Ok(Outcome::Stale(current.clone()));
    }
    let ToSave { sql, author, message, base, accept_failing_tests } = new;
    let checked = subject.check(lake, sql).await?;
    if !checked.is_sound() {
        return Ok(Outcome::Unsound(checked.findings));
    }
    let tests = fixtures::report(lake, &at.data_dir, dataset, sql).await?;
    if tests.failures() > 0 && !accept_failing_tests {
        return Ok(Outcome::FailsTests(tests));
    }
    let current = before.as_ref().map(|saved| saved.sql.as_str());
    delivery.commit_sql(&lake.environment, dataset, (current, sql), edit).await?;
    let saved = lake.transformations.save(dataset, sql, author, message, base).await?;
    Ok(Outcome::Saved(Box::new(Saved { saved, before, checked, tests })))
}
