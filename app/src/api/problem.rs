//! Errors of the API (RFC 9457, `application/problem+json`).

use serde::{Deserialize, Serialize};

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The kind of problem in a few words; the same for all of a kind.
    pub title: String,
    /// What, where, and what to do next.
    pub detail: String,
    /// Names the request in the log of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The fields of the request that are wrong, if it is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    /// Path of the field, for example `columns.3.name`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    /// A problem without fields.
    pub fn new(status: u16, title: impl Into<String>, detail: impl Into<String>) -> Self {
        let (title, detail) = (title.into(), detail.into());
        Self { status, title, detail, request_id: None, fields: Vec::new() }
    }

    /// No answer came, or none that could be read.
    pub fn unreachable(detail: impl Into<String>) -> Self {
        Self::new(0, "no answer from the server", detail)
    }
}
