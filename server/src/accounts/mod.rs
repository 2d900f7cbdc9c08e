//! Accounts: people, the roles they have, and the sessions and tokens they act through.
//!
//! Architecture invariant: nothing about a caller is kept between requests. Each one reads session
//! or token, person and roles in one statement, so that a sign-out, a revoked token or a role taken
//! away is effective on the next request (promise D5).
//!
//! No token of the provider is kept, so teams are read at sign-in alone: a session ends after
//! [`AccountSettings::session_life`] however busy it is, and roles that a team gave lapse after
//! [`AccountSettings::team_role_life`], which ends API tokens of people who never come back.

mod api_token;
mod caller;
mod grant;
mod link;
mod member;
mod secret;
mod session;
mod team;

use database::{Database, columns, failed};
use domain::Result;
use jiff::{SignedDuration, Timestamp};

pub use api_token::{ApiToken, NewApiToken};
pub use caller::{Caller, User, Via};
pub use grant::{HeldGrant, Origin};
pub use link::{LinkRefusal, LinkState, Visitor};
pub use member::{Member, SessionInfo};
pub use secret::{Secret, hash};
pub use session::{FromTeams, Identity, NewSession};

/// The provider of the person who signs in by a one-time link.
pub const LOCAL_PROVIDER: &str = "local";

/// How long things hold, and whose word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// The sign-in provider in use, as `local` or `github:github.com`. Sessions and tokens of people
    /// of another one are void: a lake that moved to GitHub knows no visitor by link any more.
    pub provider: String,
    /// A session ends so long after sign-in.
    pub session_life: SignedDuration,
    /// A session ends when it was not used for so long.
    pub session_idle: SignedDuration,
    /// Roles that a team gave lapse so long after the last sign-in.
    pub team_role_life: SignedDuration,
    /// A one-time link may be used for so long.
    pub link_life: SignedDuration,
}

impl AccountSettings {
    /// The usual times.
    pub fn of_provider(provider: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            session_life: SignedDuration::from_hours(12),
            session_idle: SignedDuration::from_hours(4),
            team_role_life: SignedDuration::from_hours(24 * 30),
            link_life: SignedDuration::from_hours(1),
        }
    }
}

/// The store of accounts in the [`Database`]. Clones share it.
#[derive(Debug, Clone)]
pub struct Accounts {
    database: Database,
    settings: AccountSettings,
}

impl Accounts {
    /// The accounts of a database.
    pub fn new(database: Database, settings: AccountSettings) -> Self {
        Self { database, settings }
    }

    /// How long things hold.
    pub fn settings(&self) -> &AccountSettings {
        &self.settings
    }

    /// The database, for the stores beside this one.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How many sessions may be used.
    pub async fn open_sessions(&self, now: Timestamp) -> Result<u64> {
        const DOING: &str = "count the sessions";
        let query = sqlx::query("SELECT COUNT(*) AS open FROM sessions WHERE expires_at > $1");
        let row = query.bind(now.as_microsecond()).fetch_one(self.database.reader()?).await;
        Ok(columns::integer(&row.map_err(failed(DOING))?, "open")?.unsigned_abs())
    }
}
