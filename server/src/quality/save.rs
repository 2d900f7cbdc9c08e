//! Saving rules, once nothing is wrong with them.

use domain::quality::{Check, QualityRules, RuleFault, SavedRules};
use domain::table::{CatalogTable, TableName};
use domain::{ErrorKind, Result};
use etl_engine::lake::Lake;
use etl_engine::quality::check_sql;

use super::find_table;

/// What became of rules that were to be saved.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// They are the newest version; what was before them.
    Done(Box<(SavedRules, Option<SavedRules>)>),
    /// Something is wrong with them; nothing was saved.
    Wrong(Vec<RuleFault>),
}

/// Saves the version after `base`. [`ErrorKind::Conflict`] when that is not the current one.
pub async fn save(
    lake: &Lake,
    name: &TableName,
    rules: &QualityRules,
    author: &str,
    message: &str,
    base: u64,
) -> Result<Saved> {
    let table = find_table(lake, name).await?;
    let wrong = faults(lake, &table, rules).await?;
    if !wrong.is_empty() {
        return Ok(Saved::Wrong(wrong));
    }
    let before = lake.quality.current(name).await?;
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
