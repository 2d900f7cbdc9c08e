//! Infer.
