//! Plans: what a release would change in one environment, and the digest that names it.

mod differences;
mod digest;
#[cfg(any(test, feature = "test-support"))]
pub mod sample;

pub use differences::differences;
pub use digest::digest;
