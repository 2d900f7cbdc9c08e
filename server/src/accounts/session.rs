//! Sessions of browsers: started at sign-in, ended by sign-out, age or idleness.

use database::{columns, failed};
use domain::Result;
use domain::access::{Grant, Rights};
use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};
use uuid::Uuid;

use super::{Accounts, Caller, Secret, User, Via, hash};
use super::{grant, team};

/// The session, the person, and a row for each role.
const SESSION: &str = "SELECT s.seen_at AS seen_at, u.id AS user_id, u.subject AS subject, u.login AS login, \
     u.full_name AS full_name, g.role AS role, g.environment AS environment FROM sessions s \
     JOIN users u ON u.id = s.user_id LEFT JOIN role_grants g ON g.user_id = u.id \
     AND (g.valid_until IS NULL OR g.valid_until > $2) \
     WHERE s.secret_hash = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND u.provider = $4 \
     ORDER BY g.environment, g.role";
const UPSERT_USER: &str = "INSERT INTO users (id, provider, subject, login, full_name, created_at, \
     signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (provider, subject) \
     DO UPDATE SET login = excluded.login, full_name = excluded.full_name, \
     signed_in_at = excluded.signed_in_at";
const USER: &str = "SELECT id AS user_id, subject, login, full_name FROM users WHERE provider = $1 AND subject = $2";

/// How much later than the truth "last seen" may be: not every request writes.
const SEEN_EVERY_MICROS: i64 = 60 * 1_000_000;

/// A person, as the provider tells at sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `local`, or `github:` and the host.
    pub provider: String,
    /// The provider's number for the person; logins are given up and taken by others (promise D3).
    pub subject: String,
    /// The login of today.
    pub login: String,
    /// The full name, if known.
    pub name: Option<String>,
}

/// What the teams of a person give them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FromTeams {
    /// Roles.
    pub grants: Vec<Grant>,
    /// The teams themselves, as `org/team`: approvals may ask for them.
    pub teams: Vec<String>,
}

/// A session that was just started.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What the cookie holds. Always new: the secret of an earlier session never lives on (D6).
    pub secret: Secret,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Whose it is, and what they may do.
    pub caller: Caller,
}

impl Accounts {
    /// Who acts through a session. `None` when it is unknown, too old, idle for too long, or of
    /// another provider than the one in use.
    pub async fn session(&self, secret: &str, now: Timestamp) -> Result<Option<Caller>> {
        let key = hash(secret);
        let idle_since = now - self.settings.session_idle;
        let rows = sqlx::query(SESSION)
            .bind(key.clone())
            .bind(now.as_microsecond())
            .bind(idle_since.as_microsecond())
            .bind(self.settings.provider.clone())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a session"))?;
        let Some(first) = rows.first() else { return Ok(None) };
        let seen_at = columns::integer(first, "seen_at")?;
        if now.as_microsecond() - seen_at >= SEEN_EVERY_MICROS {
            self.note_seen(&key, now).await;
        }
        let rights = Rights { grants: grant::of_rows(&rows)?, scopes: None };
        Ok(Some(Caller { user: user(first)?, rights, via: Via::Session(key) }))
    }

    /// Records a person who proved who they are, with the roles that their teams give, and starts a
    /// session. `None`, and no session, when they have no role at all: they are known from now on,
    /// so that an admin can give them one. `replaces`, the secret of the session that the browser
    /// had before, ends.
    pub async fn sign_in(
        &self,
        identity: &Identity,
        team_grants: &[Grant],
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<NewSession>> {
        let given = FromTeams { grants: team_grants.to_vec(), teams: Vec::new() };
        self.sign_in_from_teams(identity, &given, replaces, now).await
    }

    /// The same for a person whose teams are known: they take the place of those of the sign-in before.
    pub async fn sign_in_from_teams(
        &self,
        identity: &Identity,
        given: &FromTeams,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<NewSession>> {
        const DOING: &str = "start a session";
        let mut transaction = self.database.begin().await?;
        forget_old(&mut transaction, now).await?;
        let user = self.record_user(&mut transaction, identity, now).await?;
        let until = now + self.settings.team_role_life;
        grant::replace_team(&mut transaction, &user.id, &given.grants, now, until).await?;
        team::replace(&mut transaction, &user.id, &given.teams, until).await?;
        if let Some(old) = replaces {
            end(&mut transaction, &hash(old)).await?;
        }
        let grants = grant::of_user(&mut transaction, &user.id, now).await?;
        let mut started = None;
        if !grants.is_empty() {
            let secret = Secret::random()?;
            let expires_at = now + self.settings.session_life;
            insert(&mut transaction, &secret.hash(), &user.id, now, expires_at).await?;
            let rights = Rights { grants, scopes: None };
            let caller = Caller { user, rights, via: Via::Session(secret.hash()) };
            started = Some(NewSession { secret, expires_at, caller });
        }
        transaction.commit().await.map_err(failed(DOING))?;
        Ok(started)
    }

    /// What follows when the provider says that a person does not belong (any more): the roles their
    /// teams gave and their sessions end. Nothing happens to people never seen.
    pub async fn refused(&self, identity: &Identity, now: Timestamp) -> Result<()> {
        const DOING: &str = "end the sessions of a person";
        let mut transaction = self.database.begin().await?;
        let row = find(&mut transaction, identity).await?;
        if let Some(row) = row {
            let id = user(&row)?.id;
            grant::replace_team(&mut transaction, &id, &[], now, now).await?;
            team::replace(&mut transaction, &id, &[], now).await?;
            end_all(&mut transaction, &id).await?;
        }
        transaction.commit().await.map_err(failed(DOING))
    }

    /// Ends the session with this secret; that none has it is fine.
    pub async fn end_session(&self, secret: &str) -> Result<()> {
        let mut transaction = self.database.begin().await?;
        end(&mut transaction, &hash(secret)).await?;
        transaction.commit().await.map_err(failed("end a session"))
    }

    /// Ends all sessions of a person; how many they were.
    pub async fn end_sessions(&self, user_id: &str) -> Result<u64> {
        let mut transaction = self.database.begin().await?;
        let ended = end_all(&mut transaction, user_id).await?;
        transaction.commit().await.map_err(failed("end the sessions of a person"))?;
        Ok(ended)
    }

    /// Stores who a person is today, and returns them with our id.
    pub(super) async fn record_user(
        &self,
        transaction: &mut Transaction<'_, Any>,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<User> {
        sqlx::query(UPSERT_USER)
            .bind(Uuid::now_v7().to_string())
            .bind(identity.provider.clone())
            .bind(identity.subject.clone())
            .bind(identity.login.clone())
            .bind(identity.name.clone())
            .bind(now.as_microsecond())
            .execute(&mut **transaction)
            .await
            .map_err(failed("record a person"))?;
        let row = find(transaction, identity).await?;
        row.as_ref().map(user).unwrap_or_else(|| {
            Err(domain::Error::internal("a person vanished while they were recorded"))
        })
    }

    /// Best effort: a request must not fail because "last seen" could not be stored.
    async fn note_seen(&self, key: &str, now: Timestamp) {
        let query = sqlx::query("UPDATE sessions SET seen_at = $1 WHERE secret_hash = $2")
            .bind(now.as_microsecond())
            .bind(key.to_owned());
        if let Err(error) = self.database.change("note a session's use", query).await {
            tracing::warn!(%error, "the use of a session was not noted");
        }
    }
}

/// The person in a row with `user_id`, `subject`, `login` and `full_name`.
pub(super) fn user(row: &AnyRow) -> Result<User> {
    Ok(User {
        id: columns::text(row, "user_id")?,
        number: columns::text(row, "subject")?,
        login: columns::text(row, "login")?,
        name: columns::optional_text(row, "full_name")?,
    })
}

async fn find(
    transaction: &mut Transaction<'_, Any>,
    identity: &Identity,
) -> Result<Option<AnyRow>> {
    sqlx::query(USER)
        .bind(identity.provider.clone())
        .bind(identity.subject.clone())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed("read a person"))
}

async fn insert(
    transaction: &mut Transaction<'_, Any>,
    secret_hash: &str,
    user_id: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO sessions (secret_hash, user_id, created_at, seen_at, \
         expires_at) VALUES ($1, $2, $3, $3, $4)";
    sqlx::query(INSERT)
        .bind(secret_hash.to_owned())
        .bind(user_id.to_owned())
        .bind(now.as_microsecond())
        .bind(expires_at.as_microsecond())
        .execute(&mut **transaction)
        .await
        .map(drop)
        .map_err(failed("start a session"))
}

/// Sessions that ended by age are deleted when others begin.
async fn forget_old(transaction: &mut Transaction<'_, Any>, now: Timestamp) -> Result<()> {
    let delete = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1");
    let done = delete.bind(now.as_microsecond()).execute(&mut **transaction).await;
    done.map(drop).map_err(failed("delete old sessions"))
}

async fn end(transaction: &mut Transaction<'_, Any>, secret_hash: &str) -> Result<u64> {
    let delete = "DELETE FROM sessions WHERE secret_hash = $1";
    let done = sqlx::query(delete).bind(secret_hash.to_owned()).execute(&mut **transaction).await;
    Ok(done.map_err(failed("end a session"))?.rows_affected())
}

async fn end_all(transaction: &mut Transaction<'_, Any>, user_id: &str) -> Result<u64> {
    let delete = "DELETE FROM sessions WHERE user_id = $1";
    let done = sqlx::query(delete).bind(user_id.to_owned()).execute(&mut **transaction).await;
    Ok(done.map_err(failed("end the sessions of a person"))?.rows_affected())
}
