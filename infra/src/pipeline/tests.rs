//! The rules of executions.
