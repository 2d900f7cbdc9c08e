//! The engine's lineage in the types of the API.

use app::api::lineage::{
    ColumnRef, EdgeKind, LineageColumn, LineageEdge, LineageGraph, LineageTable,
};
use domain::Result;
use etl_engine::lineage::lake::{Edge, TableNode, lake_lineage};
use etl_engine::lineage::{Kind, Origin};

use crate::compose::embedded::Embedded;

/// The graph of a lake.
pub async fn graph(at: &Embedded) -> Result<LineageGraph> {
    let found = lake_lineage(&at.lake, &at.lineage).await?;
    Ok(LineageGraph {
        tables: found.tables.into_iter().map(table).collect(),
        edges: found.edges.into_iter().map(edge).collect(),
    })
}

fn table(table: TableNode) -> LineageTable {
    let (dataset, owner) = table.dataset.unzip();
    let columns = table.columns.into_iter().map(|column| LineageColumn {
        name: column.name,
        column_type: column.column_type,
        expression: column.expression,
    });
    LineageTable {
        database: table.name.database,
        table: table.name.table,
        zone: table.zone.to_string(),
        dataset,
        owner,
        version: table.version,
        columns: columns.collect(),
        problem: table.problem,
    }
}

fn edge(edge: Edge) -> LineageEdge {
    LineageEdge {
        from: reference(edge.from),
        to_database: edge.to.database,
        to_table: edge.to.table,
        to_column: edge.column,
        kind: match edge.kind {
            Kind::Copied => EdgeKind::Copied,
            Kind::Computed => EdgeKind::Computed,
            Kind::Aggregated => EdgeKind::Aggregated,
            Kind::Steers => EdgeKind::Steers,
            Kind::Filters => EdgeKind::Filters,
            Kind::Joins => EdgeKind::Joins,
            Kind::Groups => EdgeKind::Groups,
        },
    }
}

fn reference(origin: Origin) -> ColumnRef {
    ColumnRef { database: origin.table.database, table: origin.table.table, column: origin.column }
}
