//! Fixture tests: small input tables and the rows that are expected of them.

use serde::{Deserialize, Serialize};

/// What the fixture tests of a transformation say. No cases: it has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FixtureReport {
    /// By name.
    pub cases: Vec<FixtureCase>,
}

impl FixtureReport {
    /// Number of cases that did not pass.
    pub fn failures(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed).count()
    }
}

/// What one fixture test says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FixtureCase {
    /// The name of its folder.
    pub name: String,
    /// Whether the SQL returned just the expected rows, in any order.
    pub passed: bool,
    /// Why it could not be carried out, if it could not.
    pub problem: Option<String>,
    /// The columns of `expected.csv`, in its order.
    pub columns: Vec<String>,
    /// Expected rows that were not returned.
    pub missing: Vec<FixtureRow>,
    /// Returned rows that were not expected.
    pub unexpected: Vec<FixtureRow>,
    /// Cells that differ in rows that can be told apart by the SQL's keys.
    pub changed: Vec<ChangedCell>,
    /// Expected rows that were returned.
    pub matching: u64,
    /// What it took.
    pub seconds: f64,
}

/// A row, one text for each column of the case; `None` is NULL.
pub type FixtureRow = Vec<Option<String>>;

/// A cell that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ChangedCell {
    /// The key of its row, as `column=value` pairs.
    pub key: Vec<(String, Option<String>)>,
    /// The column.
    pub column: String,
    /// What was expected; `None` is NULL.
    pub expected: Option<String>,
    /// What the SQL returned; `None` is NULL.
    pub actual: Option<String>,
}
