//! API tokens.

use domain::access::Permission;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A token; its secret is not known any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Token {
    /// Its id.
    pub id: String,
    /// How the secret begins.
    pub prefix: String,
    /// What its owner calls it.
    pub name: String,
    /// The login of its owner.
    pub owner: String,
    /// What it may be used for, as far as its owner may.
    pub scopes: Vec<Permission>,
    /// When it was made.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub created_at: Timestamp,
    /// When it ends.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub expires_at: Timestamp,
    /// Whether it has ended.
    pub expired: bool,
    /// When it was used last, within a minute.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub last_used_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewToken {
    /// What to call it: 1 to 80 characters.
    pub name: String,
    /// What it may be used for; at least one.
    pub scopes: Vec<Permission>,
    /// Days from now on after which it ends, 1 to 366.
    pub days: u32,
}

/// A token that was just made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The secret, told this once: send it as `Authorization: Bearer …`.
    pub secret: String,
    /// The token.
    pub token: Token,
}

/// Which tokens are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
pub struct TokenQuery {
    /// Those of everybody, which needs `manage_settings`; else one's own.
    #[serde(default)]
    pub all: bool,
}
