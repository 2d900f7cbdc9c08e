//! The web: what listens, and what every request passes through.

mod connections;
mod pace;
mod patient_io;
pub mod serve;
