//! Column lineage: which columns a query's output comes from, read from its logical plan.
//!
//! Architecture invariant: lineage is what the planner understood, never a search in text. Names in
//! CTEs, aliases, `*`, USING and subqueries are resolved before anything is looked at.

mod expr;
mod flow;
pub mod lake;
mod plan;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::{SelectItem, SetExpr, Statement};
use domain::Result;
use domain::table::{CatalogTable, TableName};

use crate::query::deep_stack::on_deep_stack;
use crate::query::failure::failure;
use crate::query::planning::{plan_tree, planning_session};
use crate::query::statement::QueryStatement;

pub use flow::{Kind, Origin};

/// What a query's output comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The output's columns, in order.
    pub columns: Vec<ColumnLineage>,
    /// What decides which rows there are: filters, joins, groups.
    pub rows: BTreeSet<(Origin, Kind)>,
}

/// What one output column comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLineage {
    /// Its name.
    pub name: String,
    /// Its expression as it is written; `None` where `*` brought it.
    pub expression: Option<String>,
    /// The columns that flow into it or steer it.
    pub inputs: BTreeSet<(Origin, Kind)>,
}

/// The lineage of a query over tables. [`domain::ErrorKind::Invalid`] when it cannot be planned.
pub async fn lineage(sql: &str, tables: Vec<CatalogTable>) -> Result<Lineage> {
    let statement = QueryStatement::parse(sql)?;
    on_deep_stack(async move {
        let state = planning_session(&tables)?;
        let items = items(statement.ast());
        let plan = plan_tree(&state, statement.into_ast()).await.map_err(failure)?;
        let node = plan::node(&plan, &[])?;
        let names = plan.schema().fields().iter().map(|field| field.name().clone());
        let columns = names.zip(node.columns).enumerate().map(|(index, (name, inputs))| {
            let expression = match &items {
                Items::InOrder(texts) => texts.get(index).cloned(),
                Items::ByName(texts) => {
                    texts.iter().find(|(item, _)| *item == name).map(|(_, text)| text.clone())
                }
            };
            ColumnLineage { name, expression, inputs }
        });
        Ok(Lineage { columns: columns.collect(), rows: node.rows })
    })
    .await
}

/// The items of the SELECT that names the output.
enum Items {
    /// One for each column.
    InOrder(Vec<String>),
    /// With `*` among them: those that have a name of their own.
    ByName(Vec<(String, String)>),
}

fn items(statement: &Statement) -> Items {
    let Statement::Query(query) = statement else { return Items::ByName(Vec::new()) };
    let mut body = query.body.as_ref();
    let select = loop {
        match body {
            SetExpr::Select(select) => break select,
            SetExpr::Query(query) => body = query.body.as_ref(),
            SetExpr::SetOperation { left, .. } => body = left.as_ref(),
            _ => return Items::ByName(Vec::new()),
        }
    };
    let text = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => Some((expr.to_string(), expr.to_string())),
        SelectItem::ExprWithAlias { expr, alias } => Some((alias.value.clone(), expr.to_string())),
        _ => None,
    };
    let texts: Vec<_> = select.projection.iter().filter_map(text).collect();
    match texts.len() == select.projection.len() {
        true => Items::InOrder(texts.into_iter().map(|(_, text)| text).collect()),
        false => Items::ByName(texts),
    }
}

/// Names a column of a catalog table.
impl Origin {
    /// A column of a table.
    pub fn new(table: &TableName, column: &str) -> Self {
        Self { table: table.clone(), column: column.to_owned() }
    }
}
