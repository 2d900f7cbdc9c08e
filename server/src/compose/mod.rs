//! Composition: which adapters stand behind the ports.

pub mod embedded;
pub mod embedded_delivery;
