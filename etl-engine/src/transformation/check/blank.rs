//! Expressions of a syntax tree by number, and trees in which one of them is NULL.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Select, SelectItem, Spanned, Statement, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::tokenizer::Span;

/// An expression of a tree, in the order in which they are visited.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    /// Its number, which [`without`] takes.
    pub(super) number: usize,
    /// How many expressions it lies in.
    pub(super) depth: usize,
    /// Its place.
    pub(super) span: Span,
    /// For a column: the parts of its name.
    pub(super) column: Option<Vec<String>>,
    /// For a call: the name of the function.
    pub(super) function: Option<String>,
}

/// All expressions of a tree.
pub(super) fn expressions(statement: &Statement) -> Vec<Numbered> {
    #[derive(Default)]
    struct Collect {
        found: Vec<Numbered>,
        depth: usize,
    }
    impl Visitor for Collect {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let column = match expr {
                Expr::Identifier(name) => Some(vec![name.value.clone()]),
                Expr::CompoundIdentifier(names) => {
                    Some(names.iter().map(|name| name.value.clone()).collect())
                }
                _ => None,
            };
            let function = match expr {
                Expr::Function(call) => Some(call.name.to_string()),
                _ => None,
            };
            let (number, depth) = (self.found.len(), self.depth);
            self.found.push(Numbered { number, depth, span: expr.span(), column, function });
            self.depth += 1;
            ControlFlow::Continue(())
        }

        fn post_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }
    }
    let mut collect = Collect::default();
    let _ = Visit::visit(statement, &mut collect);
    collect.found
}

/// The innermost expression that covers a place.
pub(super) fn innermost(expressions: &[Numbered], place: Span) -> Option<&Numbered> {
    let covers = |found: &&Numbered| found.span.start <= place.start && place.end <= found.span.end;
    expressions.iter().filter(covers).max_by_key(|found| found.depth)
}

/// The expression that an expression is a part of.
pub(super) fn around<'a>(expressions: &'a [Numbered], part: &Numbered) -> Option<&'a Numbered> {
    let before = expressions.iter().take(part.number);
    before.rev().find(|other| other.depth + 1 == part.depth)
}

/// The tree with one expression replaced by NULL. A column of a select list keeps its name.
pub(super) fn without(statement: &Statement, number: usize) -> Statement {
    struct Blank {
        next: usize,
        number: usize,
    }
    impl VisitorMut for Blank {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            let number = self.next;
            self.next += 1;
            if number != self.number {
                return ControlFlow::Continue(());
            }
            *expr = Expr::Value(Value::Null.with_span(expr.span()));
            ControlFlow::Break(())
        }
    }
    let mut tree = statement.clone();
    let _ = VisitMut::visit(&mut tree, &mut Names);
    let _ = VisitMut::visit(&mut tree, &mut Blank { next: 0, number });
    tree
}

/// Gives columns in select lists the alias that they have anyway.
struct Names;

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            let alias = match expr {
                Expr::Identifier(name) => name.clone(),
                Expr::CompoundIdentifier(names) => match names.last() {
                    Some(name) => name.clone(),
                    None => continue,
                },
                _ => continue,
            };
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        ControlFlow::Continue(())
    }
}
