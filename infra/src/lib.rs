//! The delivery flow: release, diff, plan, approval; pure.

pub mod lake_repository;
