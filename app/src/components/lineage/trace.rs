//! What a column depends on and what depends on it, over the whole graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::api::lineage::{ColumnRef, EdgeKind, LineageEdge, LineageGraph};

/// A table: database and name.
pub(super) type Table = (String, String);

/// What a reader looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Focus {
    pub(super) table: Table,
    /// `None`: the table as a whole.
    pub(super) column: Option<String>,
}

impl Focus {
    /// From an address: `database.table` or `database.table.column`; columns may hold dots.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let table = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { table, column: parts.next().map(ToOwned::to_owned) })
    }

    /// As it stands in an address.
    pub(super) fn write(table: &Table, column: Option<&str>) -> String {
        let column = column.map(|column| format!(".{column}")).unwrap_or_default();
        format!("{}.{}{column}", table.0, table.1)
    }
}

/// How a column is connected with the one in focus: by values, or only by deciding about rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    Value,
    Rows,
}

/// A column on the way, with what becomes of it or how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) table: Table,
    /// `None`: all rows of the table.
    pub(super) column: Option<String>,
    pub(super) tie: Tie,
    pub(super) kind: EdgeKind,
}

/// Everything connected with a focus.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) upstream: Vec<Step>,
    pub(super) downstream: Vec<Step>,
    /// Edges on the way, by their place in the graph.
    pub(super) edges: BTreeSet<usize>,
}

impl Trace {
    /// Follows the edges from a focus in both directions.
    pub(super) fn of(graph: &LineageGraph, focus: &Focus) -> Self {
        let mut found = Self::default();
        found.upstream = walk(graph, focus, &mut found.edges, up);
        found.downstream = walk(graph, focus, &mut found.edges, down);
        found
    }

    /// The columns on the way, by table; the tie is the stronger one when there are two.
    pub(super) fn columns(&self) -> BTreeMap<(Table, String), Tie> {
        let mut columns = BTreeMap::new();
        for step in self.upstream.iter().chain(&self.downstream) {
            let Some(column) = &step.column else { continue };
            let key = (step.table.clone(), column.clone());
            let tie = columns.entry(key).or_insert(step.tie);
            *tie = (*tie).min(step.tie);
        }
        columns
    }

    /// The tables on the way.
    pub(super) fn tables(&self) -> BTreeSet<Table> {
        self.upstream.iter().chain(&self.downstream).map(|step| step.table.clone()).collect()
    }
}

/// A place in the walk: a column, or with `None` all columns of a table.
type Place = (Table, Option<String>);
/// The place that an edge leads to from a place, if it does.
type Way = fn(&LineageEdge, &Place) -> Option<Place>;

fn walk(graph: &LineageGraph, focus: &Focus, edges: &mut BTreeSet<usize>, way: Way) -> Vec<Step> {
    let begin: Place = (focus.table.clone(), focus.column.clone());
    let mut best: BTreeMap<Place, Tie> = BTreeMap::from([(begin.clone(), Tie::Value)]);
    let mut order: Vec<Step> = Vec::new();
    let mut queue = VecDeque::from([(begin.clone(), Tie::Value)]);
    while let Some((place, tie)) = queue.pop_front() {
        for (at, edge) in graph.edges.iter().enumerate() {
            let Some(next) = way(edge, &place) else { continue };
            edges.insert(at);
            let tie = if edge.kind.is_indirect() { Tie::Rows } else { tie };
            if best.get(&next).is_some_and(|known| *known <= tie) {
                continue;
            }
            best.insert(next.clone(), tie);
            match order.iter_mut().find(|step| step.table == next.0 && step.column == next.1) {
                Some(step) => (step.tie, step.kind) = (tie, edge.kind),
                None => order.push(Step {
                    table: next.0.clone(),
                    column: next.1.clone(),
                    tie,
                    kind: edge.kind,
                }),
            }
            queue.push_back((next, tie));
        }
    }
    order
}

fn table_of(column: &ColumnRef) -> Table {
    (column.database.clone(), column.table.clone())
}

fn up(edge: &LineageEdge, (table, column): &Place) -> Option<Place> {
    let here = (&edge.to_database, &edge.to_table) == (&table.0, &table.1);
    let meets = match (column, &edge.to_column) {
        (Some(column), Some(to)) => column == to,
        // What decides about rows reaches every column.
        (None, _) | (_, None) => true,
    };
    (here && meets).then(|| (table_of(&edge.from), Some(edge.from.column.clone())))
}

fn down(edge: &LineageEdge, (table, column): &Place) -> Option<Place> {
    let here = table_of(&edge.from) == *table;
    let meets = column.as_ref().is_none_or(|column| *column == edge.from.column);
    let to = (edge.to_database.clone(), edge.to_table.clone());
    (here && meets).then(|| (to, edge.to_column.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str, kind: EdgeKind) -> LineageEdge {
        let part = |text: &str, at: usize| text.split('.').nth(at).map(ToOwned::to_owned);
        let from = ColumnRef {
            database: part(from, 0).unwrap(),
            table: part(from, 1).unwrap(),
            column: part(from, 2).unwrap(),
        };
        LineageEdge {
            from,
            to_database: part(to, 0).unwrap(),
            to_table: part(to, 1).unwrap(),
            to_column: part(to, 2),
            kind,
        }
    }

    fn taxi() -> LineageGraph {
        let edges = vec![
            edge("raw.y.Total", "c.y.total", EdgeKind::Copied),
            edge("raw.y.Vendor", "c.y.vendor", EdgeKind::Copied),
            edge("c.y.total", "p.y.sum_total", EdgeKind::Aggregated),
            edge("c.y.vendor", "p.y.vendor", EdgeKind::Copied),
            edge("c.y.vendor", "p.y", EdgeKind::Groups),
            edge("p.y.sum_total", "q.all.total", EdgeKind::Computed),
        ];
        LineageGraph { tables: Vec::new(), edges }
    }

    fn told(steps: &[Step]) -> Vec<(String, Tie)> {
        let name = |step: &Step| Focus::write(&step.table, step.column.as_deref());
        steps.iter().map(|step| (name(step), step.tie)).collect()
    }

    #[test]
    fn values_and_what_decides_about_rows_are_told_apart() {
        let trace = Trace::of(&taxi(), &Focus::parse("p.y.sum_total").unwrap());
        let up = [
            ("c.y.total".to_owned(), Tie::Value),
            ("c.y.vendor".to_owned(), Tie::Rows),
            ("raw.y.Total".to_owned(), Tie::Value),
            ("raw.y.Vendor".to_owned(), Tie::Rows),
        ];
        assert_eq!(told(&trace.upstream), up);
        assert_eq!(told(&trace.downstream), [("q.all.total".to_owned(), Tie::Value)]);
        assert!(!trace.edges.contains(&3), "the vendor column is another column");
    }

    #[test]
    fn what_groups_a_table_reaches_all_that_is_built_from_it() {
        let trace = Trace::of(&taxi(), &Focus::parse("raw.y.Vendor").unwrap());
        let down = told(&trace.downstream);
        assert!(down.contains(&("p.y".to_owned(), Tie::Rows)));
        assert!(down.contains(&("p.y.vendor".to_owned(), Tie::Value)));
        assert!(down.contains(&("q.all.total".to_owned(), Tie::Rows)));
    }

    #[test]
    fn a_focus_survives_the_address() {
        let focus = Focus::parse("raw:tlc.yellow.Fare.Amount").unwrap();
        assert_eq!(focus.column.as_deref(), Some("Fare.Amount"));
        let text = Focus::write(&focus.table, focus.column.as_deref());
        assert_eq!(text, "raw:tlc.yellow.Fare.Amount");
    }
}
