//! Checking SQL while it is typed: everything that is wrong, each at its place in the text.
//!
//! Architecture invariant: SQL without an error here passes
//! [`validate`](crate::conformed_to_purpose_built::validate::validate), and the other way round.
//! What cannot be located by a span is located by trying: the innermost expression that the error
//! goes away without.

mod blank;
mod output;
mod place;
mod recovery;

#[cfg(test)]
mod tests;

use domain::table::{CatalogTable, TableName};
use domain::{ErrorKind, Result};

use crate::catalog::Catalog;
use crate::conformed_to_purpose_built::locality::{Locality, locality};
use crate::query::deep_stack::on_deep_stack;
use crate::query::lookup::unknown_table;
use crate::query::planning::planning_session;
use crate::query::statement::QueryStatement;

pub use output::OutputField;
pub use place::Place;
use place::Text;
use recovery::Recovery;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It cannot be saved.
    Error,
    /// It can be saved, but is likely not what was meant.
    Warning,
}

/// Something about a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What, and what to write instead.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Text that would be right in its place.
    pub suggestion: Option<String>,
}

/// What is known about SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// By their place in the text.
    pub findings: Vec<Finding>,
    /// The output's columns with year, month and day, in the order of the SELECT; empty when the
    /// SQL cannot be planned as it is.
    pub output: Vec<OutputField>,
    /// The tables that it reads, each once.
    pub inputs: Vec<TableName>,
    /// Whether an output partition depends on the same input partition alone; `None` when the SQL
    /// cannot be planned as it is.
    pub locality: Option<Locality>,
}

impl Checked {
    /// Whether it may be saved.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }
}

impl Finding {
    fn error(message: impl Into<String>, place: Place) -> Self {
        Self { severity: Severity::Error, message: message.into(), place, suggestion: None }
    }
}

/// Checks SQL that builds the purpose-built table of the dataset whose conformed table is `own`.
/// `known` are tables that go before the catalog's, as in
/// [`validate`](crate::conformed_to_purpose_built::validate::validate). Errors only for a catalog
/// that cannot be read and for faults of the planner itself.
pub async fn check(
    sql: &str,
    catalog: &dyn Catalog,
    known: &[CatalogTable],
    own: &TableName,
) -> Result<Checked> {
    let text = Text::new(sql);
    let statement = match QueryStatement::parse(sql) {
        Ok(statement) => statement,
        Err(error) if error.kind() == ErrorKind::Invalid => {
            let finding = text.unreadable(error.message());
            return Ok(Checked { findings: vec![finding], ..Checked::default() });
        }
        Err(error) => return Err(error),
    };
    let inputs = statement.tables().to_vec();
    if !statement.is_select() {
        let finding = Finding::error("a transformation is exactly one SELECT", text.first());
        return Ok(Checked { findings: vec![finding], inputs, ..Checked::default() });
    }
    let (tables, findings) = tables_of(&statement, catalog, known).await?;
    if !findings.is_empty() {
        return Ok(Checked { findings, inputs, ..Checked::default() });
    }
    let own = own.clone();
    let mut checked =
        on_deep_stack(async move { planned(text, statement, &tables, &own).await }).await?;
    checked.inputs = inputs;
    checked.findings.sort_by_key(|finding| (finding.place, finding.severity));
    checked.findings.dedup();
    Ok(checked)
}

/// The tables that the statement names, and findings for those that do not exist.
async fn tables_of(
    statement: &QueryStatement,
    catalog: &dyn Catalog,
    known: &[CatalogTable],
) -> Result<(Vec<CatalogTable>, Vec<Finding>)> {
    let (mut tables, mut findings) = (Vec::new(), Vec::new());
    for name in statement.tables() {
        let table = match known.iter().find(|table| table.name == *name) {
            Some(table) => Some(table.clone()),
            None => catalog.table(name).await?,
        };
        if let Some(table) = table {
            tables.push(table);
            continue;
        }
        let unknown = unknown_table(name, catalog, known).await?;
        let suggestion = unknown.instead.map(|instead| instead.to_string());
        for place in place::of_table(statement.ast(), name) {
            let finding = Finding::error(unknown.message.clone(), place);
            findings.push(Finding { suggestion: suggestion.clone(), ..finding });
        }
    }
    Ok((tables, findings))
}

async fn planned(
    text: Text,
    statement: QueryStatement,
    tables: &[CatalogTable],
    own: &TableName,
) -> Result<Checked> {
    let state = planning_session(tables)?;
    let outer = output::Outer::of(statement.ast());
    let repeated = outer.repeated(&text);
    if !repeated.is_empty() {
        return Ok(Checked { findings: repeated, ..Checked::default() });
    }
    let mut recovery = Recovery::new(&state, &text, statement.into_ast());
    let plan = recovery.plan().await;
    let planned_as_it_is = recovery.findings.is_empty();
    let mut checked = Checked { findings: recovery.findings, ..Checked::default() };
    let Some(plan) = plan else { return Ok(checked) };
    let schema = plan.schema().as_arrow();
    checked.findings.extend(outer.findings(&text, schema, planned_as_it_is));
    if planned_as_it_is {
        checked.output = output::fields(schema);
        checked.locality = Some(locality(&plan, own));
    }
    // What only the physical planner refuses must not wait for the first run.
    if checked.is_sound()
        && let Err(error) = state.create_physical_plan(&plan).await
    {
        let message = crate::query::failure::failure(error);
        checked.findings.push(Finding::error(message.message(), text.place(outer.select())));
    }
    Ok(checked)
}
