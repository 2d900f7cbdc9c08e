//! Saving rules, once nothing is wrong with them.

use domain::quality::{Check, QualityRules, RuleFault, SavedRules};
use domain::table::{CatalogTable, TableName};
use domain::{ErrorKind, Result};
use etl_engine::lake::Lake;
use etl_engine::quality::check_sql;

use super::find_table;
use crate::delivery::Delivery;
use crate::delivery::edit::Edit;

/// What became of rules that were to be saved.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// They are the newest version; what was before them.
    Done(Box<(SavedRules, Option<SavedRules>)>),
    /// Something is wrong with them; nothing was saved.
    Wrong(Vec<RuleFault>),
}

/// Rules to save.
#[derive(Debug, Clone, Copy)]
pub struct ToSave<'a> {
    /// All rules of the table.
    pub rules: &'a QualityRules,
    /// Who saves them.
    pub author: &'a str,
    /// Why.
    pub message: &'a str,
    /// The version that they were made from; 0: there was none.
    pub base: u64,
}

/// Saves the version after `base`, and commits it to the lake repository before that, if there is one:
/// what is killed in between is brought by the pipeline. [`ErrorKind::Conflict`] when `base` is not the
/// current version, and in environments that change by promotion alone.
pub async fn save(
    lake: &Lake,
    delivery: &Delivery,
    edit: &Edit,
    name: &TableName,
    ToSave { rules, author, message, base }: ToSave<'_>,
) -> Result<Saved> {
    let table = find_table(lake, name).await?;
    let wrong = faults(lake, &table, rules).await?;
    if !wrong.is_empty() {
        return Ok(Saved::Wrong(wrong));
    }
    let before = lake.quality.current(name).await?;
    if before.as_ref().map_or(0, |saved| saved.version) == base {
        let current = before.as_ref().map(|saved| &saved.rules);
        delivery.commit_rules(&lake.environment, name, (current, rules), edit).await?;
    }
    let saved = lake.quality.save(name, rules, author, message, base).await?;
    Ok(Saved::Done(Box::new((saved, before))))
}

/// All that is wrong with rules, their SQL included.
pub async fn faults(
    lake: &Lake,
    table: &CatalogTable,
    rules: &QualityRules,
) -> Result<Vec<RuleFault>> {
    let mut faults = rules.faults(&table.columns);
    for (at, rule) in rules.rules.iter().enumerate() {
        let Check::Sql { sql } = &rule.check else { continue };
        let field = format!("rules.{at}.sql");
        if faults.iter().any(|fault| fault.field == field) {
            continue;
        }
        match check_sql(sql, &lake.into(), table).await {
            Err(error) if error.kind() == ErrorKind::Invalid => {
                faults.push(RuleFault { field, message: error.message().to_owned() });
            }
            checked => checked?,
        }
    }
    Ok(faults)
}
