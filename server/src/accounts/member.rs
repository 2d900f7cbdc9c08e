//! The people of the lake, as the settings show them.

use std::collections::{BTreeMap, BTreeSet};

use database::{columns, failed};
use domain::{Error, Result};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use super::{Accounts, HeldGrant, User, grant, session};

const USERS: &str = "SELECT id AS user_id, subject, login, full_name, signed_in_at FROM users \
     WHERE provider = $1 ORDER BY id";
const GRANTS: &str = "SELECT g.user_id AS user_id, g.role AS role, g.environment AS environment, \
     g.origin AS origin, g.granted_by AS granted_by, g.granted_at AS granted_at, \
     g.valid_until AS valid_until FROM role_grants g JOIN users u ON u.id = g.user_id \
     WHERE u.provider = $1 AND (g.valid_until IS NULL OR g.valid_until > $2) \
     ORDER BY g.user_id, g.environment, g.role, g.origin";
const SESSIONS: &str = "SELECT s.user_id AS user_id, s.created_at AS created_at, \
     s.seen_at AS seen_at, s.expires_at AS expires_at FROM sessions s \
     JOIN users u ON u.id = s.user_id WHERE u.provider = $1 AND s.expires_at > $2 \
     AND s.seen_at > $3 ORDER BY s.seen_at DESC";

/// A person with their roles and sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: User,
    /// Their roles that hold now.
    pub grants: Vec<HeldGrant>,
    /// Teams they are in, as `org/team` in lower case, as their last sign-in said.
    pub teams: BTreeSet<String>,
    /// When they signed in last.
    pub signed_in_at: Option<Timestamp>,
    /// Their sessions, the one used last first.
    pub sessions: Vec<SessionInfo>,
}

/// A session as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionInfo {
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was used last, within a minute.
    pub seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Accounts {
    /// Everybody whom the provider in use knows, by login.
    pub async fn members(&self, now: Timestamp) -> Result<Vec<Member>> {
        let provider = || self.settings.provider.clone();
        let reader = self.database.reader()?;
        let idle_since = now - self.settings.session_idle;
        let users = sqlx::query(USERS).bind(provider()).fetch_all(reader).await;
        let grants = sqlx::query(GRANTS).bind(provider()).bind(now.as_microsecond());
        let grants = grants.fetch_all(reader).await.map_err(failed("list the roles"))?;
        let sessions = sqlx::query(SESSIONS)
            .bind(provider())
            .bind(now.as_microsecond())
            .bind(idle_since.as_microsecond())
            .fetch_all(reader)
            .await
            .map_err(failed("list the sessions"))?;
        let mut grants = grouped(&grants, held)?;
        let mut sessions = grouped(&sessions, session_info)?;
        let mut teams = self.teams(now).await?;
        let mut members = Vec::new();
        for row in &users.map_err(failed("list the people"))? {
            let user = session::user(row)?;
            members.push(Member {
                grants: grants.remove(&user.id).unwrap_or_default(),
                teams: teams.remove(&user.id).unwrap_or_default(),
                sessions: sessions.remove(&user.id).unwrap_or_default(),
                signed_in_at: columns::optional_time(row, "signed_in_at")?,
                user,
            });
        }
        members.sort_by(|one, other| one.user.login.cmp(&other.user.login));
        Ok(members)
    }

    /// One person. [`domain::ErrorKind::NotFound`] when nobody has this id.
    pub async fn member(&self, id: &str, now: Timestamp) -> Result<Member> {
        let members = self.members(now).await?;
        let found = members.into_iter().find(|member| member.user.id == id);
        found.ok_or_else(|| Error::not_found(format!("there is no member {id:?}")))
    }
}

fn grouped<T>(
    rows: &[AnyRow],
    decode: impl Fn(&AnyRow) -> Result<T>,
) -> Result<BTreeMap<String, Vec<T>>> {
    let mut groups: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for row in rows {
        groups.entry(columns::text(row, "user_id")?).or_default().push(decode(row)?);
    }
    Ok(groups)
}

fn held(row: &AnyRow) -> Result<HeldGrant> {
    Ok(HeldGrant {
        grant: grant::decode(columns::text(row, "role")?, columns::text(row, "environment")?)?,
        origin: columns::word("origin", &columns::text(row, "origin")?)?,
        granted_by: columns::text(row, "granted_by")?,
        granted_at: columns::from_micros(columns::integer(row, "granted_at")?)?,
        valid_until: columns::optional_time(row, "valid_until")?,
    })
}

fn session_info(row: &AnyRow) -> Result<SessionInfo> {
    Ok(SessionInfo {
        created_at: columns::from_micros(columns::integer(row, "created_at")?)?,
        seen_at: columns::from_micros(columns::integer(row, "seen_at")?)?,
        expires_at: columns::from_micros(columns::integer(row, "expires_at")?)?,
    })
}
