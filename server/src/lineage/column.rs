//! Everything that one column depends on, and everything that depends on it.

use std::collections::BTreeSet;

use app::api::lineage::{ColumnLineage, ColumnRef, LineageEdge, LineageGraph, LineageTable};
use domain::{Error, Result};

/// The part of a graph that has to do with one column. [`domain::ErrorKind::NotFound`] when the graph
/// does not have it.
pub fn of_column(graph: &LineageGraph, column: ColumnRef) -> Result<ColumnLineage> {
    let known = graph.tables.iter().any(|table| {
        table.database == column.database
            && table.table == column.table
            && table.columns.iter().any(|other| other.name == column.column)
    });
    if !known {
        return Err(Error::not_found(format!(
            "the lineage knows no column {:?} of {}.{}",
            column.column, column.database, column.table
        )));
    }
    let upstream = reached(graph, &column, |edge, from| {
        let is_target = edge.to_database == from.database
            && edge.to_table == from.table
            && edge.to_column.as_ref().is_none_or(|to| *to == from.column);
        is_target.then(|| vec![edge.from.clone()])
    });
    let downstream =
        reached(graph, &column, |edge, from| (edge.from == *from).then(|| targets(graph, edge)));
    Ok(ColumnLineage { column, upstream, downstream })
}

/// The columns that an edge reaches: all of a table whose rows it decides about.
fn targets(graph: &LineageGraph, edge: &LineageEdge) -> Vec<ColumnRef> {
    let (database, table) = (&edge.to_database, &edge.to_table);
    let column = |column: &str| ColumnRef {
        database: database.clone(),
        table: table.clone(),
        column: column.to_owned(),
    };
    match &edge.to_column {
        Some(to) => vec![column(to)],
        None => {
            let of = |other: &&LineageTable| other.database == *database && other.table == *table;
            let columns = graph.tables.iter().find(of).into_iter().flat_map(|table| &table.columns);
            columns.map(|other| column(&other.name)).collect()
        }
    }
}

/// All that is reached from a column; `step` says whether an edge leads on from a column, and where.
fn reached(
    graph: &LineageGraph,
    start: &ColumnRef,
    step: impl Fn(&LineageEdge, &ColumnRef) -> Option<Vec<ColumnRef>>,
) -> LineageGraph {
    let mut seen = BTreeSet::from([start.clone()]);
    let mut edges = BTreeSet::new();
    let mut waiting = vec![start.clone()];
    while let Some(column) = waiting.pop() {
        for edge in &graph.edges {
            let Some(next) = step(edge, &column) else { continue };
            edges.insert(edge);
            waiting.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
        }
    }
    let tables = graph.tables.iter().filter_map(|table| {
        let involved = |name: &str| {
            seen.iter().any(|column| {
                column.database == table.database
                    && column.table == table.table
                    && column.column == name
            })
        };
        let columns = table.columns.iter().filter(|column| involved(&column.name));
        let columns: Vec<_> = columns.cloned().collect();
        (!columns.is_empty()).then(|| LineageTable { columns, ..table.clone() })
    });
    LineageGraph { tables: tables.collect(), edges: edges.into_iter().cloned().collect() }
}
