//! SQL that reads changed tables: planned over them as they are and as they would be.

use std::fmt;

use domain::table::CatalogTable;
use domain::{Error, ErrorKind, Result};

use super::Effect;
use super::tables::ChangedTable;
use crate::lake::Lake;
use crate::query::deep_stack::on_deep_stack;
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::statement::QueryStatement;
use crate::transformation::check::{Checked, Finding, OutputField, Severity, check, fields};
use crate::transformation::subject::Subject;

/// Why SQL would not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, and what to write instead.
    pub message: String,
    /// The line of the SQL, from 1, where it is known.
    pub line: Option<u64>,
}

/// An output column that would get another type or vanish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// Its type.
    pub before: String,
    /// The type it would get; `None`: it would vanish.
    pub after: Option<String>,
}

/// `name: before -> after`.
impl fmt::Display for OutputChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.after.as_deref().unwrap_or("gone");
        write!(f, "{}: {} -> {after}", self.name, self.before)
    }
}

/// Some SQL.
pub(super) struct Reading<'a> {
    pub(super) lake: &'a Lake,
    pub(super) sql: &'a str,
    /// The dataset whose transformation it is; `None`: a query.
    pub(super) subject: Option<&'a Subject>,
}

/// What becomes of SQL when tables change.
#[derive(Default)]
struct Verdict {
    problem: Option<Problem>,
    changes: Vec<OutputChange>,
}

impl Verdict {
    fn says_something(&self) -> bool {
        self.problem.is_some() || !self.changes.is_empty()
    }

    fn of_outputs(before: &[OutputField], after: &[OutputField]) -> Self {
        let change = |field: &OutputField| {
            let now = after.iter().find(|other| other.name == field.name);
            let now = now.map(|other| other.column_type.clone());
            (now.as_ref() != Some(&field.column_type)).then(|| OutputChange {
                name: field.name.clone(),
                before: field.column_type.clone(),
                after: now,
            })
        };
        Self { problem: None, changes: before.iter().filter_map(change).collect() }
    }
}

impl Reading<'_> {
    /// What the change of some tables would do to it, with the tables by which it does so. `None`
    /// when it reads none of them, goes on as before, or does not run today either.
    pub(super) async fn effect(&self, tables: &[&ChangedTable]) -> Result<Option<Effect>> {
        let named = QueryStatement::parse(self.sql).map(|parsed| parsed.tables().to_vec());
        let named = named.unwrap_or_default();
        let read = tables.iter().copied().filter(|table| named.contains(table.name()));
        let read: Vec<&ChangedTable> = read.collect();
        if read.is_empty() {
            return Ok(None);
        }
        let Some(verdict) = self.verdict(&read).await? else { return Ok(None) };
        let mut ways = Vec::new();
        for table in &read {
            let reaches = match (table.stops(), read.len()) {
                (true, _) => true,
                (false, 1) => verdict.says_something(),
                _ => self.verdict(&[*table]).await?.is_some_and(|alone| alone.says_something()),
            };
            ways.extend(reaches.then(|| table.way()));
        }
        if ways.is_empty() && verdict.says_something() {
            // None of them does it alone.
            ways = read.iter().map(|table| table.way()).collect();
        }
        let effect = Effect { problem: verdict.problem, output_changes: verdict.changes, ways };
        Ok((!effect.ways.is_empty()).then_some(effect))
    }

    /// `None` when it does not run today either.
    async fn verdict(&self, tables: &[&ChangedTable]) -> Result<Option<Verdict>> {
        let before: Vec<CatalogTable> = tables.iter().map(|table| table.before.clone()).collect();
        let after: Vec<CatalogTable> = tables.iter().map(|table| table.after().clone()).collect();
        match self.subject {
            Some(subject) => self.of_transformation(subject, before, after).await.map(Some),
            None => self.of_query(&before, &after).await,
        }
    }

    /// What is wrong with a transformation already is not the change's doing.
    async fn of_transformation(
        &self,
        subject: &Subject,
        before: Vec<CatalogTable>,
        after: Vec<CatalogTable>,
    ) -> Result<Verdict> {
        let known = subject.known_tables(self.lake, self.sql).await?;
        let before = self.checked(subject, &known, before).await?;
        let after = self.checked(subject, &known, after).await?;
        Ok(match new_problem(&before, &after) {
            Some(problem) => Verdict { problem: Some(problem), changes: Vec::new() },
            None => Verdict::of_outputs(&before.output, &after.output),
        })
    }

    async fn checked(
        &self,
        subject: &Subject,
        known: &[CatalogTable],
        mut tables: Vec<CatalogTable>,
    ) -> Result<Checked> {
        let others = known.iter().filter(|known| tables.iter().all(|t| t.name != known.name));
        let others: Vec<_> = others.cloned().collect();
        tables.extend(others);
        check(self.sql, self.lake.catalog.as_ref(), &tables, &subject.own.name).await
    }

    async fn of_query(
        &self,
        before: &[CatalogTable],
        after: &[CatalogTable],
    ) -> Result<Option<Verdict>> {
        let invalid = |error: &Error| error.kind() == ErrorKind::Invalid;
        let output = match self.output(before).await {
            Err(error) if invalid(&error) => return Ok(None),
            outcome => outcome?,
        };
        match self.output(after).await {
            Ok(now) => Ok(Some(Verdict::of_outputs(&output, &now))),
            Err(error) if invalid(&error) => {
                let problem = self.query_problem(before, after, &error).await?;
                Ok(Some(Verdict { problem: Some(problem), changes: Vec::new() }))
            }
            Err(error) => Err(error),
        }
    }

    /// What a check says of a query over the changed tables and not over those before, which is
    /// shorter than what the planner says.
    async fn query_problem(
        &self,
        before: &[CatalogTable],
        after: &[CatalogTable],
        error: &Error,
    ) -> Result<Problem> {
        let catalog = self.lake.catalog.as_ref();
        let own = &before[0].name;
        let before = check(self.sql, catalog, before, own).await?;
        let after = check(self.sql, catalog, after, own).await?;
        let from_planner = || Problem { message: error.message().to_owned(), line: None };
        Ok(new_problem(&before, &after).unwrap_or_else(from_planner))
    }

    /// The columns that a query returns over `known` as given and all other tables as catalogued.
    async fn output(&self, known: &[CatalogTable]) -> Result<Vec<OutputField>> {
        let statement = QueryStatement::parse(self.sql)?;
        let tables = tables_named(statement.tables(), self.lake.catalog.as_ref(), known).await?;
        on_deep_stack(async move {
            let plan = plan(&planning_session(&tables)?, statement).await?;
            Ok(fields(plan.schema().as_arrow()))
        })
        .await
    }
}

fn new_problem(before: &Checked, after: &Checked) -> Option<Problem> {
    let is_new = |finding: &&Finding| {
        finding.severity == Severity::Error && !before.findings.contains(finding)
    };
    let found = after.findings.iter().find(is_new)?;
    Some(Problem { message: found.message.clone(), line: Some(found.place.line) })
}
