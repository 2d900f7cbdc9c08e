//! Where each table of the graph stands: layers from left to right, few crossings, the same for the
//! same graph. Lengths are units of the drawing.

use std::collections::{BTreeMap, BTreeSet};

use super::trace::{Focus, Table, Trace};
use crate::api::lineage::LineageGraph;

/// Width of a table.
pub(super) const WIDTH: f64 = 250.0;
/// Height of a table's head.
pub(super) const HEAD: f64 = 40.0;
/// Height of a column.
pub(super) const ROW: f64 = 24.0;
const GAP: f64 = 16.0;
const BETWEEN: f64 = 110.0;
/// Times that each layer is put in order by its neighbours.
const SWEEPS: usize = 4;

/// A table of the drawing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) table: Table,
    /// Its place in the graph.
    pub(super) at: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) height: f64,
    /// Columns that are shown, by their place in the table.
    pub(super) columns: Vec<usize>,
}

impl Placed {
    /// The height at which an edge of a column meets the table.
    pub(super) fn port(&self, column: Option<usize>) -> f64 {
        let shown =
            column.and_then(|column| self.columns.iter().position(|shown| *shown == column));
        shown.map_or(self.y + HEAD / 2.0, |row| self.y + HEAD + (row as f64 + 0.5) * ROW)
    }
}

/// The drawing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) tables: Vec<Placed>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places the tables of `shown`. The one in focus shows all its columns, others those on the way.
pub(super) fn layout(
    graph: &LineageGraph,
    shown: &BTreeSet<Table>,
    focus: Option<&Focus>,
    trace: &Trace,
) -> Layout {
    let links = links(graph, shown);
    let layers = layers(graph, shown, &links);
    let ties = trace.columns();
    let columns = |at: usize, table: &Table| -> Vec<usize> {
        let all = graph.tables[at].columns.iter().enumerate();
        let whole = focus.is_some_and(|focus| focus.table == *table);
        let narrow = focus.is_some_and(|focus| focus.column.is_some());
        let on_way = |name: &str| ties.contains_key(&(table.clone(), name.to_owned()));
        let kept = all.filter(|(_, column)| whole || (narrow && on_way(&column.name)));
        kept.map(|(column, _)| column).collect()
    };
    let mut tables = Vec::new();
    let (mut width, mut height) = (0.0_f64, 0.0_f64);
    let heights: Vec<f64> = layers
        .iter()
        .map(|layer| {
            let each = layer.iter().map(|at| {
                let table = name(graph, *at);
                HEAD + columns(*at, &table).len() as f64 * ROW + GAP
            });
            each.sum::<f64>() - GAP
        })
        .collect();
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    for (number, layer) in layers.iter().enumerate() {
        let x = number as f64 * (WIDTH + BETWEEN);
        let mut y = (tallest - heights[number]) / 2.0;
        for at in layer {
            let table = name(graph, *at);
            let columns = columns(*at, &table);
            let tall = HEAD + columns.len() as f64 * ROW;
            tables.push(Placed { table, at: *at, x, y, height: tall, columns });
            y += tall + GAP;
            height = height.max(y - GAP);
        }
        width = width.max(x + WIDTH);
    }
    Layout { tables, width, height }
}

fn name(graph: &LineageGraph, at: usize) -> Table {
    (graph.tables[at].database.clone(), graph.tables[at].table.clone())
}

/// Which tables are built from which, by their places.
fn links(graph: &LineageGraph, shown: &BTreeSet<Table>) -> BTreeSet<(usize, usize)> {
    let places: BTreeMap<Table, usize> = (0..graph.tables.len())
        .map(|at| (name(graph, at), at))
        .filter(|(table, _)| shown.contains(table))
        .collect();
    let place =
        |database: &str, table: &str| places.get(&(database.to_owned(), table.to_owned())).copied();
    let ends = graph.edges.iter().filter_map(|edge| {
        let from = place(&edge.from.database, &edge.from.table)?;
        Some((from, place(&edge.to_database, &edge.to_table)?))
    });
    ends.filter(|(from, to)| from != to).collect()
}

/// Tables by layer: none stands left of what it is built from, nor left of its zone.
fn layers(
    graph: &LineageGraph,
    shown: &BTreeSet<Table>,
    links: &BTreeSet<(usize, usize)>,
) -> Vec<Vec<usize>> {
    let places: Vec<usize> =
        (0..graph.tables.len()).filter(|at| shown.contains(&name(graph, *at))).collect();
    let zone = |at: usize| match graph.tables[at].zone.as_str() {
        "raw" => 0_usize,
        "conformed" => 1,
        _ => 2,
    };
    let mut layer: BTreeMap<usize, usize> = places.iter().map(|at| (*at, zone(*at))).collect();
    // Tables that are built from each other would move for ever: so many steps are enough for all
    // others.
    for _ in 0..places.len() {
        let mut moved = false;
        for (from, to) in links {
            let least = layer[from] + 1;
            if layer[to] < least && least <= places.len() + 2 {
                layer.insert(*to, least);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let used: BTreeSet<usize> = layer.values().copied().collect();
    let mut layers: Vec<Vec<usize>> = used
        .iter()
        .map(|wanted| places.iter().copied().filter(|at| layer[at] == *wanted).collect())
        .collect();
    for layer in &mut layers {
        layer.sort_by_key(|at| name(graph, *at));
    }
    for sweep in 0..SWEEPS {
        order(&mut layers, links, sweep % 2 == 0);
    }
    layers
}

/// Puts each layer in the order of its neighbours' middle: of those at its left when `forwards`.
fn order(layers: &mut [Vec<usize>], links: &BTreeSet<(usize, usize)>, forwards: bool) {
    let count = layers.len();
    let numbers: Vec<usize> =
        if forwards { (0..count).collect() } else { (0..count).rev().collect() };
    for number in numbers {
        let rank: BTreeMap<usize, f64> = layers
            .iter()
            .flat_map(|layer| {
                let last = layer.len().max(1) as f64;
                layer.iter().enumerate().map(move |(at, table)| (*table, at as f64 / last))
            })
            .collect();
        let middle = |table: usize| {
            let near: Vec<f64> = links
                .iter()
                .filter_map(|(from, to)| match forwards {
                    true => (*to == table).then_some(from),
                    false => (*from == table).then_some(to),
                })
                .filter_map(|other| rank.get(other).copied())
                .collect();
            if near.is_empty() {
                rank[&table]
            } else {
                near.iter().sum::<f64>() / near.len() as f64
            }
        };
        layers[number].sort_by(|a, b| middle(*a).total_cmp(&middle(*b)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::lineage::{ColumnRef, EdgeKind, LineageColumn, LineageEdge, LineageTable};

    fn table(database: &str, table: &str, zone: &str) -> LineageTable {
        let column = LineageColumn { name: "a".into(), column_type: None, expression: None };
        LineageTable {
            database: database.into(),
            table: table.into(),
            zone: zone.into(),
            dataset: None,
            owner: None,
            version: None,
            earlier: None,
            columns: vec![column],
            problem: None,
        }
    }

    fn edge(from: (&str, &str), to: (&str, &str)) -> LineageEdge {
        let from = ColumnRef { database: from.0.into(), table: from.1.into(), column: "a".into() };
        let (to_database, to_table) = (to.0.into(), to.1.into());
        LineageEdge {
            from,
            to_database,
            to_table,
            to_column: Some("a".into()),
            kind: EdgeKind::Copied,
        }
    }

    /// Twenty five datasets in two zones, the last purpose-built table built from another one.
    fn lake() -> LineageGraph {
        let mut graph = LineageGraph::default();
        for number in 0..25 {
            let name = format!("t{number:02}");
            graph.tables.push(table("c", &name, "conformed"));
            graph.tables.push(table("p", &name, "purpose-built"));
            graph.edges.push(edge(("c", &name), ("p", &name)));
        }
        graph.edges.push(edge(("p", "t00"), ("p", "t24")));
        graph
    }

    fn all(graph: &LineageGraph) -> BTreeSet<Table> {
        (0..graph.tables.len()).map(|at| name(graph, at)).collect()
    }

    #[test]
    fn fifty_tables_stand_apart_and_right_of_what_they_are_built_from() {
        let graph = lake();
        let drawn = layout(&graph, &all(&graph), None, &Trace::default());
        assert_eq!(drawn.tables.len(), 50);
        for (at, one) in drawn.tables.iter().enumerate() {
            for other in &drawn.tables[at + 1..] {
                let apart = one.x != other.x
                    || one.y + one.height <= other.y
                    || other.y + other.height <= one.y;
                assert!(apart, "{:?} covers {:?}", one.table, other.table);
            }
        }
        let x = |database: &str, table: &str| {
            let wanted = (database.to_owned(), table.to_owned());
            drawn.tables.iter().find(|placed| placed.table == wanted).unwrap().x
        };
        assert!(x("c", "t00") < x("p", "t00"));
        assert!(x("p", "t00") < x("p", "t24"));
        assert_eq!(drawn, layout(&graph, &all(&graph), None, &Trace::default()));
    }

    #[test]
    fn tables_built_from_each_other_end_too() {
        let mut graph = lake();
        graph.edges.push(edge(("p", "t24"), ("p", "t00")));
        assert_eq!(layout(&graph, &all(&graph), None, &Trace::default()).tables.len(), 50);
    }

    #[test]
    fn the_table_in_focus_shows_its_columns_and_others_those_on_the_way() {
        let graph = lake();
        let focus = Focus::parse("c.t03.a").unwrap();
        let trace = Trace::of(&graph, &focus);
        let drawn = layout(&graph, &all(&graph), Some(&focus), &trace);
        let open: Vec<_> =
            drawn.tables.iter().filter(|placed| !placed.columns.is_empty()).collect();
        assert_eq!(open.len(), 2);
        assert!(open.iter().all(|placed| placed.table.1 == "t03"));
    }
}
