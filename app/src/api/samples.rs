//! Samples: where they come from, what they are proposed to be, what a run would make of them.

use domain::column::Column;
use domain::dataset::DatasetId;
use domain::source::{Format, Source};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most bytes of a sample that are looked at; of a larger file, its beginning.
pub const MAX_SAMPLE_BYTES: u64 = 64 * 1024 * 1024;

/// A sample that was uploaded, kept for an hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UploadedSample {
    /// Names it in proposals and previews.
    pub id: String,
    /// Bytes that were kept.
    pub bytes: u64,
    /// Whether the file was longer than that.
    pub is_cut: bool,
}

/// Where a sample comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// An uploaded file.
    Upload {
        /// Its id.
        id: String,
        /// What the file is called, which decides where its bytes leave a doubt.
        name: String,
    },
    /// The raw object at this key.
    Key(String),
}

impl Sample {
    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Upload { name, .. } => name,
            Self::Key(key) => key,
        }
    }
}

/// Asks what a sample looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ProposalRequest {
    /// The sample.
    pub sample: Sample,
    /// How it is written; guessed when absent.
    #[serde(default)]
    pub format: Option<Format>,
}

/// What a sample looks like, for a person to edit and register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourceProposal {
    /// The dataset that a raw object belongs to.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub dataset: Option<DatasetId>,
    /// How it is written.
    pub format: Format,
    /// Its columns, in its order.
    pub columns: Vec<ProposedColumn>,
    /// Rows read, malformed ones included.
    pub rows: u64,
    /// Rows that are malformed whatever their types.
    pub rows_rejected: u64,
    /// Whether all of the file was read; if not, all that is said holds for the rows read.
    pub is_whole: bool,
}

/// A column as proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ProposedColumn {
    /// Name, type and format.
    pub column: Column,
    /// Up to five distinct values, cut when long.
    pub examples: Vec<String>,
    /// Rows without a value.
    pub nulls: u64,
    /// Distinct values, 1,000 meaning as many or more.
    pub distinct: Option<u64>,
    /// Why this type, in words.
    pub why: String,
}

/// Asks what a run of a sample would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PreviewRequest {
    /// The sample.
    pub sample: Sample,
    /// The registration, which need not be saved.
    pub source: Source,
}

/// What a run of a sample would do. Nothing is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SourcePreview {
    /// The first rows that fit, one text for each pinned column.
    pub rows: Vec<Vec<Option<String>>>,
    /// The first rows that do not.
    pub rejected: Vec<PreviewReject>,
    /// Why rows were rejected, most frequent first.
    pub reasons: Vec<RejectCount>,
    /// Rows read, rejected ones included.
    pub rows_read: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Whether all of the sample was read.
    pub is_whole: bool,
    /// Number of days that the rows would lie in.
    pub partition_count: u64,
    /// The first days and their rows.
    pub partitions: Vec<(String, u64)>,
    /// Columns of the file that no pinned one reads.
    pub extra: Vec<String>,
    /// Why a run would fail, if it would.
    pub would_fail: Option<String>,
}

/// A row that would be rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PreviewReject {
    /// Line of the file, from 1.
    pub line: u64,
    /// The column that did not fit, where one can be named.
    pub column: Option<String>,
    /// Why.
    pub reason: String,
    /// Why, for people.
    pub detail: String,
    /// The record, cut when long.
    pub raw: String,
}

/// How many rows were rejected for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RejectCount {
    /// Why.
    pub reason: String,
    /// In which column, where one can be named.
    pub column: Option<String>,
    /// How many.
    pub rows: u64,
}

/// Which raw objects to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[serde(default)]
pub struct RawObjectQuery {
    /// The folder, as `tlc/yellow`; the root when absent.
    pub prefix: Option<String>,
    /// Continue behind this name, the `next` of the page before.
    pub after: Option<String>,
    /// At most so many, 1 to 500; 100 when absent.
    pub limit: Option<u32>,
}

/// Something in a folder of the raw zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RawObject {
    /// Its name in the folder.
    pub name: String,
    /// Its key; of a folder, the prefix.
    pub key: String,
    /// A folder.
    pub is_folder: bool,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// When it was written; not for a folder.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub modified_at: Option<Timestamp>,
}
