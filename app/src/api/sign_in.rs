//! How people sign in.

use serde::{Deserialize, Serialize};

/// What the sign-in page must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum SignInWay {
    /// By a one-time link.
    Link {
        /// Minutes for which a link may be used.
        minutes: u32,
    },
    /// By GitHub.
    Github {
        /// The organisation whose members may.
        organisation: String,
    },
}
