//! Composition: which adapters stand behind the ports.

pub mod delivery_github;
pub mod embedded;
pub mod embedded_delivery;
