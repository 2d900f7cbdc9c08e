//! What an expression over the columns of a plan comes from.

use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Case, Expr, SortExpr, Subquery};
use domain::{Error, Result};

use super::flow::{Inputs, Kind, deciding, raised, strongest};
use super::plan::{Node, Outer, node};

/// Expressions over one plan.
pub(super) struct Values<'a> {
    schema: &'a DFSchema,
    node: &'a Node,
    outer: &'a Outer<'a>,
}

impl<'a> Values<'a> {
    pub(super) fn of(schema: &'a DFSchema, node: &'a Node, outer: &'a Outer<'a>) -> Self {
        Self { schema, node, outer }
    }

    /// The origins of each expression, every origin once.
    pub(super) fn all(&self, exprs: &[Expr]) -> Result<Vec<Inputs>> {
        exprs.iter().map(|expr| self.one(expr)).collect()
    }

    /// The origins of an expression, every origin once.
    pub(super) fn one(&self, expr: &Expr) -> Result<Inputs> {
        Ok(strongest(self.inputs(expr)?))
    }

    fn inputs(&self, expr: &Expr) -> Result<Inputs> {
        match expr {
            Expr::Alias(alias) => self.inputs(&alias.expr),
            Expr::Column(column) => {
                let index = self.schema.maybe_index_of_column(column);
                let found = index.and_then(|index| self.node.columns.get(index));
                found.cloned().ok_or_else(|| {
                    Error::internal(format!("the origin of {column} was lost in the plan"))
                })
            }
            Expr::OuterReferenceColumn(_, column) => {
                let mut outer = self.outer.iter();
                let found = outer.find_map(|(schema, node)| {
                    node.columns.get(schema.maybe_index_of_column(column)?)
                });
                found.cloned().ok_or_else(|| {
                    Error::internal(format!("the origin of the outer {column} was lost"))
                })
            }
            Expr::Case(case) => self.case(case),
            Expr::AggregateFunction(function) => {
                let params = &function.params;
                let filter = params.filter.as_deref();
                self.over_rows(&params.args, filter, &params.order_by, &[])
            }
            Expr::WindowFunction(function) => {
                let params = &function.params;
                let filter = params.filter.as_deref();
                self.over_rows(&params.args, filter, &params.order_by, &params.partition_by)
            }
            Expr::ScalarSubquery(subquery) => self.subquery(subquery, true),
            Expr::Exists(exists) => self.subquery(&exists.subquery, false),
            Expr::InSubquery(inside) => {
                let mut inputs = raised(self.inputs(&inside.expr)?, Kind::Computed);
                inputs.extend(self.subquery(&inside.subquery, true)?);
                Ok(inputs)
            }
            Expr::SetComparison(comparison) => {
                let mut inputs = raised(self.inputs(&comparison.expr)?, Kind::Computed);
                inputs.extend(self.subquery(&comparison.subquery, true)?);
                Ok(inputs)
            }
            other => self.computed(other),
        }
    }

    /// Whatever is computed, from all that it is computed from.
    fn computed(&self, expr: &Expr) -> Result<Inputs> {
        let mut inputs = Inputs::new();
        let mut failed = None;
        let walked = expr.apply_children(|child| {
            Ok(match self.inputs(child) {
                Ok(found) => {
                    inputs.extend(raised(found, Kind::Computed));
                    TreeNodeRecursion::Continue
                }
                Err(error) => {
                    failed = Some(error);
                    TreeNodeRecursion::Stop
                }
            })
        });
        debug_assert!(walked.is_ok(), "the visitor never fails");
        failed.map_or(Ok(inputs), Err)
    }

    fn case(&self, case: &Case) -> Result<Inputs> {
        let mut inputs = Inputs::new();
        let results = case.when_then_expr.iter().map(|(_, then)| then);
        for result in results.chain(&case.else_expr) {
            inputs.extend(raised(self.inputs(result)?, Kind::Computed));
        }
        let conditions = case.when_then_expr.iter().map(|(when, _)| when);
        for condition in conditions.chain(&case.expr) {
            inputs.extend(deciding(self.inputs(condition)?, Kind::Steers));
        }
        Ok(inputs)
    }

    fn over_rows(
        &self,
        args: &[Expr],
        filter: Option<&Expr>,
        order_by: &[SortExpr],
        partition_by: &[Expr],
    ) -> Result<Inputs> {
        let mut inputs = Inputs::new();
        for arg in args {
            inputs.extend(raised(self.inputs(arg)?, Kind::Aggregated));
        }
        let order_by = order_by.iter().map(|sort| &sort.expr);
        for steering in filter.into_iter().chain(order_by).chain(partition_by) {
            inputs.extend(deciding(self.inputs(steering)?, Kind::Steers));
        }
        Ok(inputs)
    }

    /// The value of a subquery; what decides about its rows steers it. Without its value, as for
    /// EXISTS, only the latter.
    fn subquery(&self, subquery: &Subquery, valued: bool) -> Result<Inputs> {
        let here = [(self.schema, self.node)];
        let outer: Vec<_> = here.into_iter().chain(self.outer.iter().copied()).collect();
        let inner = node(&subquery.subquery, &outer)?;
        let mut inputs = deciding(inner.rows, Kind::Steers);
        if valued {
            for column in inner.columns {
                inputs.extend(raised(column, Kind::Computed));
            }
        }
        Ok(inputs)
    }
}
