//! The delivery flow of this server: what pipelines do, and what people see and decide of it.

pub mod checks;
pub mod data;
pub mod rehearse;
pub mod release;
pub mod stages;
pub mod webhook;
