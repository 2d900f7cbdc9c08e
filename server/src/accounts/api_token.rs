//! API tokens: scoped, expiring, stored as a hash.

use std::collections::BTreeSet;

use database::{columns, failed};
use domain::access::{Permission, Rights};
use domain::{Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::{Accounts, Caller, Secret, User, Via, grant, hash, session};

/// The beginning of every token, so that scanners of leaked secrets recognise one.
const PREFIX: &str = "sluice_";
/// Characters of a token that may be shown: enough to tell tokens apart, far too few to guess.
const SHOWN: usize = PREFIX.len() + 5;
/// The longest life of a token.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);
/// How many tokens one person may have.
const MOST: i64 = 50;
/// How much later than the truth "last used" may be.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(1);

const TOKEN: &str = "SELECT t.id AS token_id, t.scopes AS scopes, t.last_used_at AS last_used_at, \
     u.id AS user_id, u.subject AS subject, u.login AS login, u.full_name AS full_name, g.role AS role, \
     g.environment AS environment FROM api_tokens t JOIN users u ON u.id = t.user_id \
     LEFT JOIN role_grants g ON g.user_id = u.id \
     AND (g.valid_until IS NULL OR g.valid_until > $2) \
     WHERE t.secret_hash = $1 AND t.expires_at > $2 AND u.provider = $3 \
     ORDER BY g.environment, g.role";
const INSERT: &str = "INSERT INTO api_tokens (id, secret_hash, prefix, token_name, user_id, scopes, \
     created_at, expires_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8 \
     WHERE (SELECT COUNT(*) FROM api_tokens WHERE user_id = $5) < $9";
const LIST: &str = "SELECT t.id AS id, t.prefix AS prefix, t.token_name AS token_name, \
     t.scopes AS scopes, t.created_at AS created_at, t.expires_at AS expires_at, \
     t.last_used_at AS last_used_at, u.id AS user_id, u.subject AS subject, u.login AS login, u.full_name AS full_name \
     FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE u.provider = $1 ORDER BY t.id DESC";

/// A token as it is listed; its secret is not known any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: String,
    /// How the secret begins.
    pub prefix: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub owner: User,
    /// What it may be used for, as far as the owner may.
    pub scopes: BTreeSet<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used last, within a minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// To be shown once.
    pub secret: Secret,
    /// The token.
    pub token: ApiToken,
}

impl Accounts {
    /// Who acts through a token, and what they may do through it. `None` when it is unknown,
    /// revoked, expired, or of another provider than the one in use.
    pub async fn token(&self, secret: &str, now: Timestamp) -> Result<Option<Caller>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let rows = sqlx::query(TOKEN)
            .bind(hash(secret))
            .bind(now.as_microsecond())
            .bind(self.settings.provider.clone())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("read a token"))?;
        let Some(first) = rows.first() else { return Ok(None) };
        let id = columns::text(first, "token_id")?;
        let used = columns::optional_time(first, "last_used_at")?;
        if used.is_none_or(|used| now.duration_since(used) >= USED_EVERY) {
            self.note_used(&id, now).await;
        }
        let rights = Rights { grants: grant::of_rows(&rows)?, scopes: Some(scopes(first)?) };
        Ok(Some(Caller { user: session::user(first)?, rights, via: Via::Token(id) }))
    }

    /// Makes a token for a person. [`ErrorKind::Denied`] when a token asks: what may mint tokens
    /// would outlive its own expiry and scopes. [`ErrorKind::Invalid`] when name, scopes or expiry
    /// are out of bounds.
    pub async fn new_token(
        &self,
        owner: &Caller,
        name: &str,
        scopes: BTreeSet<Permission>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<NewApiToken> {
        if matches!(owner.via, Via::Token(_)) {
            let message = "a token cannot make tokens: sign in with the browser";
            return Err(Error::new(ErrorKind::Denied, message));
        }
        let name = checked(name, &scopes, expires_at, now)?;
        let secret = Secret::with_prefix(PREFIX)?;
        let token = ApiToken {
            id: Uuid::now_v7().to_string(),
            prefix: secret.reveal().chars().take(SHOWN).collect(),
            name,
            owner: owner.user.clone(),
            scopes,
            created_at: columns::whole_micros(now)?,
            expires_at: columns::whole_micros(expires_at)?,
            last_used_at: None,
        };
        self.insert_token(&token, &secret).await?;
        Ok(NewApiToken { secret, token })
    }

    /// All tokens, newest first: of one person, or of all.
    pub async fn tokens(&self, owner: Option<&str>) -> Result<Vec<ApiToken>> {
        let rows = sqlx::query(LIST)
            .bind(self.settings.provider.clone())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list tokens"))?;
        let mut tokens = rows.iter().map(decode).collect::<Result<Vec<_>>>()?;
        tokens.retain(|token| owner.is_none_or(|owner| token.owner.id == owner));
        Ok(tokens)
    }

    /// Ends a token at once: of this owner, or of anybody. [`ErrorKind::NotFound`] when there is
    /// none, which is also what somebody else's looks like (promise D10).
    pub async fn revoke_token(&self, id: &str, owner: Option<&str>) -> Result<ApiToken> {
        let missing = || Error::not_found(format!("token {id:?} does not exist"));
        let tokens = self.tokens(owner).await?;
        let token = tokens.into_iter().find(|token| token.id == id).ok_or_else(missing)?;
        let delete = sqlx::query("DELETE FROM api_tokens WHERE id = $1").bind(id.to_owned());
        match self.database.change("revoke a token", delete).await? {
            0 => Err(missing()),
            _ => Ok(token),
        }
    }

    async fn insert_token(&self, token: &ApiToken, secret: &Secret) -> Result<()> {
        let query = sqlx::query(INSERT)
            .bind(token.id.clone())
            .bind(secret.hash())
            .bind(token.prefix.clone())
            .bind(token.name.clone())
            .bind(token.owner.id.clone())
            .bind(columns::to_json(&token.scopes)?)
            .bind(token.created_at.as_microsecond())
            .bind(token.expires_at.as_microsecond())
            .bind(MOST);
        match self.database.change("store a token", query).await? {
            0 => Err(Error::conflict(format!("you have {MOST} tokens: revoke one first"))),
            _ => Ok(()),
        }
    }

    /// Best effort: a request must not fail because "last used" could not be stored.
    async fn note_used(&self, id: &str, now: Timestamp) {
        let query = sqlx::query("UPDATE api_tokens SET last_used_at = $1 WHERE id = $2")
            .bind(now.as_microsecond())
            .bind(id.to_owned());
        if let Err(error) = self.database.change("note a token's use", query).await {
            tracing::warn!(%error, "the use of a token was not noted");
        }
    }
}

fn checked(
    name: &str,
    scopes: &BTreeSet<Permission>,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(Error::invalid("name: give the token a name of 1 to 80 characters"));
    }
    if scopes.is_empty() {
        return Err(Error::invalid("scopes: choose at least one, a token without can do nothing"));
    }
    if expires_at <= now || expires_at > now + LONGEST {
        return Err(Error::invalid("expires: choose a time within the next 366 days"));
    }
    Ok(name.to_owned())
}

fn decode(row: &AnyRow) -> Result<ApiToken> {
    Ok(ApiToken {
        id: columns::text(row, "id")?,
        prefix: columns::text(row, "prefix")?,
        name: columns::text(row, "token_name")?,
        owner: session::user(row)?,
        scopes: scopes(row)?,
        created_at: columns::from_micros(columns::integer(row, "created_at")?)?,
        expires_at: columns::from_micros(columns::integer(row, "expires_at")?)?,
        last_used_at: columns::optional_time(row, "last_used_at")?,
    })
}

fn scopes(row: &AnyRow) -> Result<BTreeSet<Permission>> {
    columns::from_json("scopes", &columns::text(row, "scopes")?)
}
