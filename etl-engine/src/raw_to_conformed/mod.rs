//! The first hop: decode, check, quarantine, partition, write.
