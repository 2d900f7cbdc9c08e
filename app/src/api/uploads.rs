//! Uploads: files sent in pieces into the raw zone.

use domain::dataset::DatasetId;
use domain::run::RunId;
use domain::upload::UploadId;
use serde::{Deserialize, Serialize};

/// The header that says where a piece begins, and where an upload stands.
pub const OFFSET_HEADER: &str = "upload-offset";

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct BeginUpload {
    /// The dataset it belongs to.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub dataset: DatasetId,
    /// Its name. The same name again is a new version of the same object.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UploadProgress {
    /// Its id.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: UploadId,
    /// Where it lands in the raw zone.
    pub key: String,
    /// Bytes of the whole file.
    pub size: u64,
    /// Bytes that are on the server's disk; the next piece begins here.
    pub offset: u64,
    /// How many bytes a piece should have.
    pub chunk_bytes: u64,
    /// Whether an object lies at the key, whose rows this one will replace.
    pub replaces: bool,
    /// The run that it became, once it has landed.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub run: Option<RunId>,
}
