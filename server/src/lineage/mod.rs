//! Lineage as the console shows it: the graph of the lake, one column's part of it, and what a
//! change of a source would break.

mod breaks;
mod column;
mod shown;

pub use breaks::{Reader, breaks};
pub use column::of_column;
pub use shown::graph;
