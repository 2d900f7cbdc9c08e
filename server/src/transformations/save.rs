//! Saving SQL as the next version, once it is known to be sound.

use domain::Result;
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use etl_engine::lake::Lake;
use etl_engine::transformation::check::{Checked, Finding};
use etl_engine::transformation::subject::Subject;

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
}

/// What became of SQL that was to be saved.
#[derive(Debug)]
pub enum Outcome {
    /// It is the newest version.
    Saved {
        /// The version.
        saved: Transformation,
        /// The version before it.
        before: Option<Transformation>,
        /// What is known about it.
        checked: Checked,
    },
    /// Another version was saved since `base`; nothing was saved.
    Stale(Transformation),
    /// It is wrong; nothing was saved.
    Unsound(Vec<Finding>),
}

/// Saves SQL. A conflict that arises meanwhile is an error of its own kind.
pub async fn save(lake: &Lake, dataset: &DatasetId, new: ToSave<'_>) -> Result<Outcome> {
    let subject = Subject::of(lake, dataset).await?;
    let before = lake.transformations.current(dataset).await?;
    if let Some(current) = before.as_ref().filter(|current| current.version != new.base) {
        return Ok(Outcome::Stale(current.clone()));
    }
    let checked = subject.check(lake, new.sql).await?;
    if !checked.is_sound() {
        return Ok(Outcome::Unsound(checked.findings));
    }
    let ToSave { sql, author, message, base } = new;
    let saved = lake.transformations.save(dataset, sql, author, message, base).await?;
    Ok(Outcome::Saved { saved, before, checked })
}
