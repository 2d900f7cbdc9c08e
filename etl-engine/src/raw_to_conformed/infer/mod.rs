//! Proposing (to be completed).
use super::decode::RawBytes;
use domain::{Result, column::Column, rejected::RejectedRow, source::Format};
/// x
#[derive(Debug, Clone)]
pub struct ProposeOptions {
    /// x
    pub format: Option<Format>,
}
/// x
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProposedColumn {
    /// x
    pub column: Column,
    /// x
    pub examples: Vec<String>,
    /// x
    pub nulls: u64,
    /// x
    pub why: String,
}
/// x
#[derive(Debug, Clone, serde::Serialize)]
pub struct Proposal {
    /// x
    pub format: Format,
    /// x
    pub columns: Vec<ProposedColumn>,
    /// x
    pub rows: u64,
    /// x
    pub rejected: Vec<RejectedRow>,
}
/// x
pub async fn propose(_b: RawBytes, _n: &str, _o: &ProposeOptions) -> Result<Proposal> {
    Err(domain::Error::internal("x"))
}
