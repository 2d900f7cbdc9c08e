//! The delivery flow of this server: what pipelines do, and what people see and decide of it.

pub mod data;
pub mod rehearse;
pub mod webhook;
