//! Whether a transformation can run partition by partition.
//!
//! Architecture invariant: [`Locality::PartitionLocal`] is only said of a plan for which computing
//! each partition alone and putting the results together equals computing over the whole table.
//! Where the rules below do not know, the answer is [`Locality::WholeTable`].

use std::collections::BTreeSet;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, TableScan, Unnest};
use domain::partition::PARTITION_KEYS;
use domain::table::TableName;

use super::locality_join::join;

/// What an output partition depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locality {
    /// On the partition of the same day of the dataset's own conformed table (and on other tables).
    PartitionLocal,
    /// On more than that.
    WholeTable {
        /// The reason, as a sentence for the person who wrote the SQL.
        why: String,
    },
}

/// The locality of a transformation's analysed plan, for the dataset whose conformed table is `own`.
pub fn locality(plan: &LogicalPlan, own: &TableName) -> Locality {
    let analysis = Analysis { own };
    match analysis.root(plan) {
        Ok(()) => Locality::PartitionLocal,
        Err(why) => Locality::WholeTable { why },
    }
}

/// For year, month and day: the positions of the output columns that carry the scan's value.
pub(super) type Keys = [BTreeSet<usize>; 3];

/// What a part of the plan computes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// Reads nothing of the own table.
    Free,
    /// Can be computed per partition of the own table.
    Local(Keys),
}

pub(super) type Found = Result<Side, String>;

/// The walk over one plan.
pub(super) struct Analysis<'a> {
    own: &'a TableName,
}

impl Analysis<'_> {
    fn root(&self, plan: &LogicalPlan) -> Result<(), String> {
        let Side::Local(keys) = self.side(plan)? else {
            return Err(format!("it does not read {}", self.own));
        };
        for (key, carriers) in PARTITION_KEYS.iter().zip(&keys) {
            let position = plan.schema().index_of_column_by_name(None, key);
            if !position.is_some_and(|position| carriers.contains(&position)) {
                return Err(format!("its {key} is not the {key} of {}", self.own));
            }
        }
        Ok(())
    }

    /// What a part of the plan computes, or why it cannot be computed per partition.
    pub(super) fn side(&self, plan: &LogicalPlan) -> Found {
        if !self.reads_own(plan) {
            return Ok(Side::Free);
        }
        self.check_subqueries(plan)?;
        match plan {
            LogicalPlan::TableScan(scan) => Ok(self.scan(scan)),
            LogicalPlan::Filter(filter) => self.side(&filter.input),
            LogicalPlan::SubqueryAlias(alias) => self.side(&alias.input),
            LogicalPlan::Projection(projection) => {
                self.projected(&projection.input, &projection.expr)
            }
            LogicalPlan::Aggregate(aggregate) => {
                self.grouped(&aggregate.input, &aggregate.group_expr)
            }
            LogicalPlan::Window(window) => self.windows(&window.input, &window.window_expr),
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => self.side(&sort.input),
            LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => {
                Err("LIMIT chooses among the rows of all partitions".to_owned())
            }
            LogicalPlan::Distinct(distinct) => self.distinct(distinct),
            LogicalPlan::Union(union) => self.union(union.inputs.iter().map(AsRef::as_ref)),
            LogicalPlan::Join(node) => join(self, node),
            LogicalPlan::Unnest(unnest) => self.unnest(unnest),
            other => Err(format!("{} may mix the rows of several partitions", other.display())),
        }
    }

    fn scan(&self, scan: &TableScan) -> Side {
        let position = |key: &str| {
            scan.projected_schema.index_of_column_by_name(None, key).into_iter().collect()
        };
        Side::Local(PARTITION_KEYS.map(position))
    }

    fn projected(&self, input: &LogicalPlan, output: &[Expr]) -> Found {
        let Side::Local(keys) = self.side(input)? else { return Ok(Side::Free) };
        Ok(Side::Local(carried(&keys, input, output)))
    }

    fn grouped(&self, input: &LogicalPlan, group: &[Expr]) -> Found {
        let Side::Local(keys) = self.side(input)? else { return Ok(Side::Free) };
        if group.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
            return Err("ROLLUP, CUBE and GROUPING SETS total several partitions".to_owned());
        }
        // An expression that is named twice is one column of what comes out.
        let group = grouping_set_to_exprlist(group).map_err(|error| error.to_string())?;
        let group: Vec<Expr> = group.into_iter().cloned().collect();
        let carried = carried(&keys, input, &group);
        complete(&carried, "GROUP BY does not name").map(|()| Side::Local(carried))
    }

    fn windows(&self, input: &LogicalPlan, windows: &[Expr]) -> Found {
        let Side::Local(keys) = self.side(input)? else { return Ok(Side::Free) };
        for window in windows {
            let Expr::WindowFunction(function) = unaliased(window) else {
                return Err(format!("{window} is a window that is not understood"));
            };
            let partition_by = carried(&keys, input, &function.params.partition_by);
            complete(&partition_by, "a window's PARTITION BY does not name")?;
        }
        Ok(Side::Local(keys))
    }

    fn distinct(&self, distinct: &Distinct) -> Found {
        match distinct {
            Distinct::All(input) => {
                let Side::Local(keys) = self.side(input)? else { return Ok(Side::Free) };
                complete(&keys, "DISTINCT does not hold").map(|()| Side::Local(keys))
            }
            Distinct::On(on) => {
                let Side::Local(keys) = self.side(&on.input)? else { return Ok(Side::Free) };
                let named = carried(&keys, &on.input, &on.on_expr);
                complete(&named, "DISTINCT ON does not name")?;
                Ok(Side::Local(carried(&keys, &on.input, &on.select_expr)))
            }
        }
    }

    fn union<'p>(&self, inputs: impl Iterator<Item = &'p LogicalPlan>) -> Found {
        let sides: Vec<Side> = inputs.map(|input| self.side(input)).collect::<Result<_, _>>()?;
        let mut common: Option<Keys> = None;
        for side in sides {
            let Side::Local(keys) = side else {
                return Err(format!("a part of UNION does not read {}", self.own));
            };
            common = Some(match common {
                None => keys,
                Some(known) => std::array::from_fn(|key| &known[key] & &keys[key]),
            });
        }
        Ok(common.map_or(Side::Free, Side::Local))
    }

    fn unnest(&self, unnest: &Unnest) -> Found {
        let Side::Local(keys) = self.side(&unnest.input)? else { return Ok(Side::Free) };
        let outputs = |carriers: &BTreeSet<usize>| {
            let inputs = unnest.dependency_indices.iter().enumerate();
            inputs.filter(|(_, input)| carriers.contains(input)).map(|(output, _)| output).collect()
        };
        Ok(Side::Local(keys.each_ref().map(outputs)))
    }

    /// Whether the own table is read anywhere below, subqueries included.
    fn reads_own(&self, plan: &LogicalPlan) -> bool {
        let mut reads = false;
        let walked = plan.apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                reads |= self.is_own(scan);
            }
            Ok(if reads { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        // A plan that could not be walked is taken to read it.
        reads || walked.is_err()
    }

    fn is_own(&self, scan: &TableScan) -> bool {
        scan.table_name.schema() == Some(self.own.database.as_str())
            && scan.table_name.table() == self.own.table
    }

    /// A subquery inside an expression sees all partitions, whatever its surroundings do.
    fn check_subqueries(&self, plan: &LogicalPlan) -> Result<(), String> {
        let mut reads = false;
        let walked = plan.apply_expressions(|expr| {
            expr.apply(|part| {
                let subquery = match part {
                    Expr::ScalarSubquery(subquery) => Some(subquery),
                    Expr::InSubquery(inner) => Some(&inner.subquery),
                    Expr::Exists(inner) => Some(&inner.subquery),
                    Expr::SetComparison(inner) => Some(&inner.subquery),
                    _ => None,
                };
                reads |= subquery.is_some_and(|subquery| self.reads_own(&subquery.subquery));
                Ok(TreeNodeRecursion::Continue)
            })
        });
        if reads || walked.is_err() {
            return Err(format!("a subquery reads all partitions of {}", self.own));
        }
        Ok(())
    }
}

/// The positions in `output` (expressions over `input`) that are nothing but a key of `input`.
pub(super) fn carried(keys: &Keys, input: &LogicalPlan, output: &[Expr]) -> Keys {
    let mut carried = Keys::default();
    for (position, expr) in output.iter().enumerate() {
        let Expr::Column(column) = unaliased(expr) else { continue };
        let Some(source) = input.schema().maybe_index_of_column(column) else { continue };
        for (key, carriers) in keys.iter().enumerate() {
            if carriers.contains(&source) {
                carried[key].insert(position);
            }
        }
    }
    carried
}

/// An error that names the keys without a carrier.
pub(super) fn complete(keys: &Keys, what: &str) -> Result<(), String> {
    let missing = PARTITION_KEYS.iter().zip(keys).filter(|(_, carriers)| carriers.is_empty());
    let missing: Vec<_> = missing.map(|(key, _)| *key).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("{what} {}", missing.join(", ")))
}

fn unaliased(expr: &Expr) -> &Expr {
    let mut inner = expr;
    while let Expr::Alias(alias) = inner {
        inner = &alias.expr;
    }
    inner
}
