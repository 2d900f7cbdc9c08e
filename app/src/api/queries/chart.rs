//! A chart of a result: what to draw, and its points.

use serde::{Deserialize, Serialize};

/// How points are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChartKind {
    /// Joined by lines.
    Line,
    /// A length for each.
    Bar,
    /// A dot for each pair of numbers.
    Scatter,
    /// Joined by lines, at their times.
    Time,
}

/// What becomes of the values that stand at the same place along the chart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// Each row is a point.
    #[default]
    None,
    /// Their sum.
    Sum,
    /// Their average.
    Average,
    /// The smallest.
    Least,
    /// The greatest.
    Greatest,
    /// How many there are.
    Count,
}

/// What to draw of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct ChartQuery {
    /// How points are drawn.
    #[cfg_attr(feature = "ssr", param(inline))]
    pub kind: ChartKind,
    /// The column along the chart, counted from 0.
    pub x: u32,
    /// The column of the values.
    pub y: u32,
    /// What becomes of values at the same place.
    #[serde(default)]
    #[cfg_attr(feature = "ssr", param(inline))]
    pub aggregate: Aggregate,
}

/// The points of a chart over all rows that are kept of a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChartPoints {
    /// In the order in which they are drawn.
    pub points: Vec<ChartPoint>,
    /// Points that there are; more than `points` when they are too many to be told apart.
    pub total: u64,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows without a value here.
    pub without: u64,
}

/// A point of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChartPoint {
    /// Its place along the chart: a number, seconds since 1970, or its number in the order.
    pub x: f64,
    /// What stands there.
    pub label: String,
    /// Its value.
    pub y: f64,
}
