//! The pipelines on SQLite.
