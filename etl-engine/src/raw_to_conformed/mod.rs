//! The first hop: decode, check, quarantine, partition, write.

pub mod decode;
pub mod infer;
