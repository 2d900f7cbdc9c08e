//! The second hop: run the transformation over the touched partitions, write.

pub mod execute;
pub mod locality;
mod locality_join;
pub mod validate;

#[cfg(test)]
mod tests;
