//! Why a run does not go on.

use domain::Error;

/// Why a hop stopped before its end.
#[derive(Debug, Clone)]
pub enum Stop {
    /// An error; its kind says whether a repeat may help.
    Failed(Error),
    /// Newer bytes of the same key came first; the message says which.
    Superseded(String),
    /// Somebody asked, or the worker shuts down, or the claim is void: the worker knows.
    Cancelled,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
