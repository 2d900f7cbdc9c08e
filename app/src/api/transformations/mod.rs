//! Transformations: list, versions, save and restore, merge of two edits, format.
//!
//! All routes lie under `/environments/{environment}/transformations`; `{dataset}` is
//! `{system}/{table}`. Reading asks for `view_lake`, everything that tries or changes SQL for
//! `edit_transformations`.
//!
//! | route | request | answer |
//! |---|---|---|
//! | `GET ?search=&after=&limit=` | | [`Page`](crate::api::Page) of [`TransformationSummary`] |
//! | `GET {dataset}` | | [`TransformationDetail`] |
//! | `GET {dataset}/versions` | | [`VersionSummary`] list, newest first |
//! | `GET {dataset}/versions/{version}` | | [`SavedTransformation`] |
//! | `PUT {dataset}` | [`TransformationToSave`] | [`TransformationSaved`]; 409 and 422 see there |
//! | `POST {dataset}/restore` | [`VersionToRestore`] | [`TransformationSaved`] |
//! | `POST {dataset}/merge` | [`MergeRequest`] | [`Merged`] |
//! | `POST {dataset}/check` | [`SqlText`] | [`Checked`] |
//! | `POST {dataset}/dry-run` | [`SqlText`] | [`DryRun`] |
//! | `POST {dataset}/preview` | [`SqlText`] | [`Preview`] |
//! | `POST {dataset}/impact` | [`ImpactRequest`] | [`Impact`] |
//! | `POST {dataset}/tests` | [`SqlText`] | [`FixtureReport`] |
//!
//! Beside them: `POST /environments/{environment}/sql/format` takes and answers [`SqlText`];
//! `GET /environments/{environment}/sql/catalog` answers [`SqlCatalog`] with an `ETag`.

mod catalog;
mod fixtures;
mod impact;
mod tried;

use domain::dataset::DatasetId;
use domain::run::{RunId, RunStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use catalog::{SqlCatalog, SqlColumn, SqlDatabase, SqlFunction, SqlTable};
pub use fixtures::{ChangedCell, FixtureCase, FixtureReport, FixtureRow};
pub use impact::{
    ColumnImpact, ColumnPresence, DuplicateKeys, ExampleCell, ExampleRow, Impact, ImpactRequest,
    KeySource, RowChange, RowImpact,
};
pub use tried::{
    Checked, ColumnChange, DryRun, Finding, OutputColumn, Preview, Sampled, Severity, TypeChange,
};

/// Which transformations to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct TransformationQuery {
    /// Only those whose dataset, owner, tables or SQL hold this text.
    pub search: Option<String>,
    /// Continue behind this dataset, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// A dataset with its transformation, if it has one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TransformationSummary {
    /// Whose purpose-built table it builds.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Who answers for the dataset.
    pub owner: String,
    /// The table that it builds, as `database.table`.
    pub purpose_built_table: String,
    /// The version that runs; `None`: no SQL is set yet.
    pub current: Option<VersionSummary>,
    /// What its SQL reads and how.
    pub standing: Standing,
    /// What its fixture tests say.
    pub tests: TestStanding,
    /// The newest run of its dataset.
    pub last_run: Option<LatestRun>,
}

/// What the fixture tests of the version that runs say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TestStanding {
    /// How many there are.
    pub cases: u64,
    /// How many of them fail; `None`: they were not run over this version yet.
    pub failed: Option<u64>,
}

/// The newest run of a transformation's dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LatestRun {
    /// Which run.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: RunId,
    /// Where it stands.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub status: RunStatus,
    /// When it ended; while it has not, when it was recorded.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
    /// The version of the SQL that it used, once it came so far.
    pub version: Option<u64>,
}

/// What the engine knows about a transformation's SQL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Standing {
    /// The tables that it reads, as `database.table`.
    pub reads: Vec<String>,
    /// Why each run reads the whole table; `None`: it reads only the partitions it touches.
    pub whole_table_because: Option<String>,
    /// Why it would not run today, if it would not.
    pub problem: Option<String>,
}

/// A version without its SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct VersionSummary {
    /// From 1.
    pub version: u64,
    /// Who saved it.
    pub author: String,
    /// Why.
    pub message: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub saved_at: Timestamp,
}

/// A version with its SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SavedTransformation {
    /// From 1.
    pub version: u64,
    /// Who saved it.
    pub author: String,
    /// Why.
    pub message: String,
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub saved_at: Timestamp,
    /// The SQL.
    pub sql: String,
}

/// A dataset's transformation as it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TransformationDetail {
    /// Whose purpose-built table it builds.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Who answers for the dataset.
    pub owner: String,
    /// What the source says about the dataset.
    pub description: Option<String>,
    /// The dataset's conformed table, as `database.table`.
    pub conformed_table: String,
    /// The table that it builds, as `database.table`.
    pub purpose_built_table: String,
    /// The version that runs; `None`: no SQL is set yet.
    pub current: Option<SavedTransformation>,
    /// What its SQL reads and how.
    pub standing: Standing,
    /// Names of its fixture tests.
    pub tests: Vec<String>,
}

/// SQL that is tried or formatted, not saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SqlText {
    /// The SQL.
    pub sql: String,
}

/// SQL to save as the next version.
///
/// Refused with 409 when another version was saved meanwhile (ask for a merge, then save on top of
/// that version), with 422 when the SQL is wrong (see `check`) or when its fixture tests fail (see
/// `tests`; `problem.fields` then names `accept_failing_tests`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TransformationToSave {
    /// The SQL.
    pub sql: String,
    /// Why, for the history.
    pub message: String,
    /// The version that it was made from; 0: there was none.
    pub base: u64,
    /// Why it is saved although fixture tests fail. It goes into the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_failing_tests: Option<String>,
}

/// What saving did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TransformationSaved {
    /// The version that runs from now on.
    pub saved: SavedTransformation,
    /// What its SQL reads and how.
    pub standing: Standing,
    /// What its fixture tests said.
    pub tests: FixtureReport,
}

/// An earlier version to save again as the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct VersionToRestore {
    /// The version to restore.
    pub version: u64,
    /// The version that runs now, as the caller saw it; another one is a conflict.
    pub base: u64,
    /// Why; `restore version N` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Why it is restored although fixture tests fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_failing_tests: Option<String>,
}

/// An edit of a version that is not the newest any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MergeRequest {
    /// The version that the edit was made from; 0: there was none.
    pub base: u64,
    /// The edited SQL.
    pub mine: String,
}

/// Two edits of one version, put together. Nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Merged {
    /// The version that both were made from; `None`: there was none.
    pub base: Option<SavedTransformation>,
    /// The newest version, with who saved it; save the merged text on top of it.
    pub current: SavedTransformation,
    /// Both edits; where they meet, both stand between `<<<<<<<` and `>>>>>>>`, mine first.
    pub merged: String,
    /// The places where they meet, top to bottom. None: the merged text can be saved as it is.
    pub conflicts: Vec<MergeConflict>,
}

/// A place where two edits meet. Lines count from 1, in the merged text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MergeConflict {
    /// The line of `<<<<<<<`.
    pub line: u64,
    /// The line of `>>>>>>>`.
    pub end_line: u64,
    /// What the edit of the request has there.
    pub mine: String,
    /// What the version that both were made from has there.
    pub base: String,
    /// What the newest version has there.
    pub theirs: String,
}
