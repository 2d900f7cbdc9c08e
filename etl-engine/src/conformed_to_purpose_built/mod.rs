//! The second hop: run the transformation over the touched partitions, write.
