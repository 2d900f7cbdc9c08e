//! How people sign in: section `[sign_in]`.

use serde::{Deserialize, Serialize};

use super::check::Wrong;

/// How people sign in. Nothing is open without it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignInConfig {
    /// Must be chosen for `sluice serve`.
    pub mode: Option<SignInMode>,
}

/// The ways to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInMode {
    /// A one-time link, printed at start.
    Link,
}

impl SignInConfig {
    pub(super) fn check(&self, _wrong: &mut Vec<Wrong>) {}
}
