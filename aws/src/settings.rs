//! Where AWS is, and how long an answer may take.

use std::fmt;
use std::time::Duration;

/// Keys of an account, given in the configuration. Usually none are: the SDK finds the role of the task
/// or the instance, or what the person signed in with.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticCredentials {
    /// The access key. An emulator takes the twelve digits of an account.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// How AWS is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSettings {
    /// The region.
    pub region: String,
    /// Another address for all services: an emulator, or a private endpoint. `None`: AWS itself.
    pub endpoint: Option<String>,
    /// Keys; `None`: the SDK's usual chain.
    pub credentials: Option<StaticCredentials>,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long one attempt at a call may take, with its answer's head and body.
    pub attempt: Duration,
    /// How long a call may take with all its attempts.
    pub operation: Duration,
    /// Attempts at a call that may be repeated.
    pub attempts: u32,
}

impl AwsSettings {
    /// AWS itself in a region, with the usual patience.
    pub fn in_region(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            endpoint: None,
            credentials: None,
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
            operation: Duration::from_secs(120),
            attempts: 4,
        }
    }
}
