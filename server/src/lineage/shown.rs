//! The engine's lineage in the types of the API.

use app::api::lineage::{
    ColumnRef, EarlierVersion, EdgeKind, LineageColumn, LineageEdge, LineageGraph, LineageTable,
    VersionQuery,
};
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use domain::{Error, Result};
use etl_engine::lineage::lake::{Edge, TableNode, lake_lineage};
use etl_engine::lineage::{Kind, Origin};

use crate::open_lake::OpenLake;

/// The graph of a lake, one table of it as an earlier version of its SQL builds it if that is asked
/// for. [`domain::ErrorKind::NotFound`] for a version that there is not,
/// [`domain::ErrorKind::Invalid`] for half a question.
pub async fn graph(at: &OpenLake, query: &VersionQuery) -> Result<LineageGraph> {
    let asked = asked(at, query).await?;
    let found = lake_lineage(&at.lake, &at.lineage, asked.as_ref()).await?;
    Ok(LineageGraph {
        tables: found.tables.into_iter().map(|node| table(node, asked.as_ref())).collect(),
        edges: found.edges.into_iter().map(edge).collect(),
    })
}

async fn asked(at: &OpenLake, query: &VersionQuery) -> Result<Option<Transformation>> {
    let (dataset, version) = match (&query.transformation, query.version) {
        (None, None) => return Ok(None),
        (Some(dataset), Some(version)) => (dataset.parse::<DatasetId>()?, version),
        _ => {
            return Err(Error::invalid(
                "an earlier version is named by transformation=<system>/<table> and version=<number>: \
                 give both, or neither for what runs",
            ));
        }
    };
    let found = at.lake.transformations.version(&dataset, version).await?;
    let missing =
        || Error::not_found(format!("the transformation of {dataset} has no version {version}"));
    found.map(Some).ok_or_else(missing)
}

fn table(table: TableNode, asked: Option<&Transformation>) -> LineageTable {
    let (dataset, owner) = table.dataset.unzip();
    let earlier = table.runs.zip(asked).map(|(runs, asked)| EarlierVersion {
        runs,
        author: asked.author.clone(),
        message: asked.message.clone(),
        saved_at: asked.saved_at,
    });
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
        earlier,
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
