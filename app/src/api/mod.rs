//! The types of `/api/v1`, by noun, and how to ask for them. The server answers with the same types.

pub mod me;
mod page;
mod problem;
pub mod quarantine;
pub mod reference;
pub mod runs;
pub mod uploads;

pub use crate::client::{get, send};
pub use page::Page;
pub use problem::{FieldProblem, Problem};
