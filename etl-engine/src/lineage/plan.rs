//! The walk over a logical plan: what each of its columns comes from.

use datafusion::common::DFSchema;
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, JoinType, LogicalPlan, SortExpr, TableScan, Union, Unnest,
    Window,
};
use domain::table::TableName;
use domain::{Error, Result};

use super::expr::Values;
use super::flow::{Inputs, Kind, Origin, deciding, raised, strongest};

/// What a part of a plan returns.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// The origins of each column.
    pub(super) columns: Vec<Inputs>,
    /// What decides which rows there are.
    pub(super) rows: Inputs,
}

/// The surroundings of a subquery, innermost first: what outer references refer to.
pub(super) type Outer<'a> = [(&'a DFSchema, &'a Node)];

pub(super) fn node(plan: &LogicalPlan, outer: &Outer<'_>) -> Result<Node> {
    match plan {
        LogicalPlan::TableScan(scan) => Ok(table_scan(scan)),
        LogicalPlan::Projection(projection) => {
            let input = node(&projection.input, outer)?;
            let values = Values::of(projection.input.schema(), &input, outer);
            let columns = values.all(&projection.expr)?;
            Ok(Node { columns, rows: input.rows })
        }
        LogicalPlan::Filter(filter) => {
            let mut input = node(&filter.input, outer)?;
            let values = Values::of(filter.input.schema(), &input, outer);
            let decides = deciding(values.one(&filter.predicate)?, Kind::Filters);
            input.rows.extend(decides);
            Ok(input)
        }
        LogicalPlan::SubqueryAlias(alias) => node(&alias.input, outer),
        LogicalPlan::Repartition(repartition) => node(&repartition.input, outer),
        LogicalPlan::Subquery(subquery) => node(&subquery.subquery, outer),
        LogicalPlan::Sort(sort) => {
            let input = node(&sort.input, outer)?;
            match sort.fetch {
                Some(_) => chosen_by(input, sort.input.schema(), &sort.expr, outer),
                None => Ok(input),
            }
        }
        LogicalPlan::Limit(limit) => {
            let input = node(&limit.input, outer)?;
            match &*limit.input {
                LogicalPlan::Sort(sort) => chosen_by(input, sort.input.schema(), &sort.expr, outer),
                _ => Ok(input),
            }
        }
        LogicalPlan::Aggregate(aggregate) => aggregated(aggregate, outer),
        LogicalPlan::Window(window) => windowed(window, outer),
        LogicalPlan::Join(join) => joined(join, outer),
        LogicalPlan::Union(union) => united(union, outer),
        LogicalPlan::Distinct(Distinct::All(input)) => node(input, outer),
        LogicalPlan::Distinct(Distinct::On(on)) => {
            let input = node(&on.input, outer)?;
            let values = Values::of(on.input.schema(), &input, outer);
            let columns = values.all(&on.select_expr)?;
            let mut rows = input.rows.clone();
            for decides in values.all(&on.on_expr)? {
                rows.extend(deciding(decides, Kind::Filters));
            }
            for sort in on.sort_expr.iter().flatten() {
                rows.extend(deciding(values.one(&sort.expr)?, Kind::Filters));
            }
            Ok(Node { columns, rows })
        }
        LogicalPlan::Unnest(unnest) => unnested(unnest, outer),
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
            let columns = vec![Inputs::new(); plan.schema().fields().len()];
            Ok(Node { columns, rows: Inputs::new() })
        }
        other => Err(Error::invalid(format!(
            "the lineage of {} is not known",
            other.display().to_string().split(':').next().unwrap_or_default()
        ))),
    }
}

fn table_scan(scan: &TableScan) -> Node {
    let table =
        TableName::new(scan.table_name.schema().unwrap_or_default(), scan.table_name.table());
    let fields = scan.projected_schema.fields().iter();
    let column = |name: &String| Inputs::from([(Origin::new(&table, name), Kind::Copied)]);
    Node { columns: fields.map(|field| column(field.name())).collect(), rows: Inputs::new() }
}

/// The rows that LIMIT chooses by their order.
fn chosen_by(
    mut input: Node,
    schema: &DFSchema,
    order: &[SortExpr],
    outer: &Outer<'_>,
) -> Result<Node> {
    let mut decides = Inputs::new();
    for sort in order {
        let values = Values::of(schema, &input, outer);
        decides.extend(deciding(values.one(&sort.expr)?, Kind::Filters));
    }
    input.rows.extend(decides);
    Ok(input)
}

fn aggregated(aggregate: &Aggregate, outer: &Outer<'_>) -> Result<Node> {
    let input = node(&aggregate.input, outer)?;
    let values = Values::of(aggregate.input.schema(), &input, outer);
    let mut rows = input.rows.clone();
    let sets = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
    let mut columns = Vec::new();
    for group in &aggregate.group_expr {
        let parts: Vec<&Expr> = match group {
            Expr::GroupingSet(set) => set.distinct_expr(),
            single => vec![single],
        };
        for part in parts {
            let inputs = values.one(part)?;
            rows.extend(deciding(inputs.clone(), Kind::Groups));
            columns.push(inputs);
        }
    }
    if sets {
        // The column that tells which set a row is of.
        columns.push(Inputs::new());
    }
    columns.extend(values.all(&aggregate.aggr_expr)?);
    Ok(Node { columns, rows })
}

fn windowed(window: &Window, outer: &Outer<'_>) -> Result<Node> {
    let input = node(&window.input, outer)?;
    let computed = Values::of(window.input.schema(), &input, outer).all(&window.window_expr)?;
    let mut columns = input.columns;
    columns.extend(computed);
    Ok(Node { columns, rows: input.rows })
}

fn joined(join: &Join, outer: &Outer<'_>) -> Result<Node> {
    let (left, right) = (node(&join.left, outer)?, node(&join.right, outer)?);
    let mut rows: Inputs = left.rows.union(&right.rows).cloned().collect();
    let left_values = Values::of(join.left.schema(), &left, outer);
    let right_values = Values::of(join.right.schema(), &right, outer);
    for (a, b) in &join.on {
        rows.extend(deciding(left_values.one(a)?, Kind::Joins));
        rows.extend(deciding(right_values.one(b)?, Kind::Joins));
    }
    let both = Node { columns: [&left.columns[..], &right.columns].concat(), rows: Inputs::new() };
    if let Some(filter) = &join.filter {
        let schema =
            join.left.schema().join(join.right.schema()).map_err(crate::query::failure::failure)?;
        rows.extend(deciding(Values::of(&schema, &both, outer).one(filter)?, Kind::Joins));
    }
    let columns = match join.join_type {
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => both.columns,
        JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
        JoinType::RightSemi | JoinType::RightAnti => right.columns,
        JoinType::LeftMark => [left.columns, vec![deciding(rows.clone(), Kind::Steers)]].concat(),
        JoinType::RightMark => [right.columns, vec![deciding(rows.clone(), Kind::Steers)]].concat(),
    };
    Ok(Node { columns, rows })
}

fn united(union: &Union, outer: &Outer<'_>) -> Result<Node> {
    let mut all =
        Node { columns: vec![Inputs::new(); union.schema.fields().len()], ..Node::default() };
    for input in &union.inputs {
        let input = node(input, outer)?;
        for (column, inputs) in all.columns.iter_mut().zip(input.columns) {
            column.extend(inputs);
        }
        all.rows.extend(input.rows);
    }
    all.columns = all.columns.into_iter().map(strongest).collect();
    Ok(all)
}

fn unnested(unnest: &Unnest, outer: &Outer<'_>) -> Result<Node> {
    let input = node(&unnest.input, outer)?;
    let column = |index: &usize| {
        let inputs = input.columns.get(*index).cloned().unwrap_or_default();
        let lists = unnest.list_type_columns.iter().map(|(list, _)| list);
        let is_unnested = lists.chain(&unnest.struct_type_columns).any(|other| other == index);
        if is_unnested { raised(inputs, Kind::Computed) } else { inputs }
    };
    let columns = unnest.dependency_indices.iter().map(column).collect();
    Ok(Node { columns, rows: input.rows.clone() })
}
