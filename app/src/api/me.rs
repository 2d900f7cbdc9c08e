//! Who is signed in.

use domain::access::Rights;
use domain::environment::EnvironmentName;
use serde::{Deserialize, Serialize};

/// The reader, and what the console must know to show itself to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Me {
    /// Their name with the sign-in provider; empty before sign-in.
    pub login: String,
    /// Their full name, if known.
    pub name: Option<String>,
    /// Roles, and the scopes of the token in use.
    #[cfg_attr(feature = "ssr", schema(value_type = Object))]
    pub rights: Rights,
    /// All environments, in the order in which changes move.
    #[cfg_attr(feature = "ssr", schema(value_type = Vec<String>))]
    pub environments: Vec<EnvironmentName>,
    /// Plans that wait for a decision which the reader could make now.
    #[serde(default)]
    pub waiting: u32,
    /// `embedded` or `aws`.
    pub mode: String,
    /// Version of the server.
    pub version: String,
}
