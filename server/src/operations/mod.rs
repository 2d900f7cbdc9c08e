//! What operators see of the server: numbers, and how it is set up.

mod metrics;

use std::sync::Arc;

use crate::config::{Config, ServerConfig};

pub use metrics::Metrics;

/// What operators see, made once at start.
#[derive(Debug)]
pub struct Operations {
    /// Counters of this process.
    pub metrics: Arc<Metrics>,
    /// How the web server is set up.
    pub server: ServerConfig,
    /// Whether this process carries out runs too.
    pub has_workers: bool,
}

impl Operations {
    /// Of a server that is about to start.
    pub fn new(config: &Config, has_workers: bool) -> Self {
        Self { metrics: Arc::default(), server: config.server.clone(), has_workers }
    }
}
