//! The types of `/api/v1`, by noun, and how to ask for them. The server answers with the same types.

pub mod audit;
pub mod catalog;
pub mod delivery;
pub mod drafts;
pub mod lineage;
pub mod me;
pub mod members;
pub(crate) mod moment;
pub mod overview;
mod page;
mod problem;
pub mod quality;
pub mod quarantine;
pub mod queries;
pub mod reference;
pub mod runs;
pub mod samples;
pub mod settings;
pub mod sign_in;
pub mod sources;
pub mod tokens;
pub mod transformations;
pub mod uploads;

pub use crate::client::{get, get_some, send};
pub use page::Page;
pub use problem::{FieldProblem, Problem};
