//! The output of SQL: its columns, and what about them no table can have.

use arrow::datatypes::Schema;
use datafusion::sql::sqlparser::ast::{Expr, Select, SelectItem, SetExpr, Spanned, Statement};
use datafusion::sql::sqlparser::tokenizer::Span;
use domain::partition::PARTITION_KEYS;

use super::Finding;
use super::place::Text;
use crate::column_types::column_type;
use crate::conformed_to_purpose_built::output::{OutputFault, output_faults};

/// A column that SQL returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputField {
    /// Its name.
    pub name: String,
    /// Its type in the catalog, or what stands in for it where the catalog has none.
    pub column_type: String,
    /// Whether it may hold NULL.
    pub nullable: bool,
}

impl OutputField {
    /// Whether it is year, month or day.
    pub fn is_partition_key(&self) -> bool {
        PARTITION_KEYS.contains(&self.name.as_str())
    }
}

pub(super) fn fields(schema: &Schema) -> Vec<OutputField> {
    let field = |field: &arrow::datatypes::FieldRef| OutputField {
        name: field.name().clone(),
        column_type: column_type(field.name(), field.data_type())
            .map_or_else(|_| field.data_type().to_string(), |known| known.to_string()),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(field).collect()
}

/// The SELECT whose items name the output's columns.
#[derive(Debug, Clone)]
pub(super) struct Outer {
    select: Span,
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    span: Span,
    expression: Span,
    /// A wildcard stands for any number of columns.
    name: Option<String>,
    wildcard: bool,
}

impl Outer {
    pub(super) fn of(statement: &Statement) -> Self {
        match outer_select(statement) {
            Some(select) => Self {
                select: select.select_token.0.span,
                items: select.projection.iter().map(item).collect(),
            },
            None => Self { select: Span::empty(), items: Vec::new() },
        }
    }

    /// The word SELECT, where nothing closer is known.
    pub(super) fn select(&self) -> Span {
        self.select
    }

    /// Items whose name another one before them has.
    pub(super) fn repeated(&self, text: &Text) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, item) in self.items.iter().enumerate() {
            let Some(name) = &item.name else { continue };
            if self.items[..index].iter().any(|other| other.name.as_ref() == Some(name)) {
                findings.push(Finding::error(
                    format!("the output has two columns {name:?}: give one another name with AS"),
                    text.place(item.span),
                ));
            }
        }
        findings
    }

    /// What is wrong with the output. Of SQL that was planned without some of its expressions, only
    /// what does not depend on them.
    pub(super) fn findings(&self, text: &Text, schema: &Schema, whole: bool) -> Vec<Finding> {
        let faults = output_faults(schema).into_iter();
        let kept = faults.filter(|fault| whole || fault.column.is_none());
        kept.map(|fault| self.finding(text, schema, fault)).collect()
    }

    fn finding(&self, text: &Text, schema: &Schema, fault: OutputFault) -> Finding {
        let item = fault.column.and_then(|index| self.item(schema, index));
        let Some(item) = item else {
            return Finding::error(fault.message, text.place(self.select));
        };
        let expression = text.at(text.place(item.expression));
        let suggestion =
            fault.wrapped.map(|(before, after)| format!("{before}{expression}{after}"));
        Finding { suggestion, ..Finding::error(fault.message, text.place(item.span)) }
    }

    /// The item that a column comes from; `None` when a wildcard may be it.
    fn item(&self, schema: &Schema, index: usize) -> Option<&Item> {
        if !self.items.iter().any(|item| item.wildcard) {
            return self.items.get(index);
        }
        let name = schema.field(index).name();
        self.items.iter().find(|item| item.name.as_deref() == Some(name))
    }
}

fn item(item: &SelectItem) -> Item {
    let span = item.span();
    let (expression, name, wildcard) = match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            (expr.span(), Some(alias.value.clone()), false)
        }
        SelectItem::UnnamedExpr(expr) => (span, Some(named(expr)), false),
        SelectItem::ExprWithAliases { expr, .. } => (expr.span(), None, true),
        _ => (span, None, true),
    };
    Item { span, expression, name, wildcard }
}

/// The name that a column has without an alias.
fn named(expr: &Expr) -> String {
    match expr {
        Expr::CompoundIdentifier(names) => {
            names.last().map(|name| name.value.clone()).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

fn outer_select(statement: &Statement) -> Option<&Select> {
    let Statement::Query(query) = statement else { return None };
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::Select(select) => return Some(select),
            SetExpr::Query(query) => body = query.body.as_ref(),
            SetExpr::SetOperation { left, .. } => body = left.as_ref(),
            _ => return None,
        }
    }
}
