//! One-time sign-in links, for lakes without a GitHub app: as the one Jupyter prints at its start.

use database::{columns, failed};
use domain::access::{Grant, Rights, Role};
use domain::{Error, Result};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sqlx::{Any, Transaction};

use super::grant::{self, Origin};
use super::{Accounts, Caller, Identity, LOCAL_PROVIDER, NewSession, Secret, User, Via, hash};

/// How long a link is known after it can be used no more.
const EXPLAINED: SignedDuration = SignedDuration::from_hours(24 * 7);

/// What a link is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// It can be used, once.
    Usable,
    /// It cannot.
    Refused(LinkRefusal),
}

/// Why a link cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRefusal {
    /// Nobody made it, or it was forgotten since.
    Unknown,
    /// Somebody used it.
    Used,
    /// It is too old.
    Expired,
}

impl Accounts {
    /// A new link, as path and query below the address of the console.
    pub async fn new_sign_in_link(&self, whose: &Visitor, now: Timestamp) -> Result<String> {
        const DOING: &str = "store a sign-in link";
        let code = Secret::random()?;
        let mut transaction = self.database.begin().await?;
        // One that cannot be used any more is explained for another while.
        sqlx::query("DELETE FROM sign_in_links WHERE expires_at <= $1")
            .bind((now - EXPLAINED).as_microsecond())
            .execute(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        let insert = "INSERT INTO sign_in_links (code_hash, created_at, expires_at, login, role) \
             VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(insert)
            .bind(code.hash())
            .bind(now.as_microsecond())
            .bind((now + self.settings.link_life).as_microsecond())
            .bind(whose.login.clone())
            .bind(whose.role.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        transaction.commit().await.map_err(failed(DOING))?;
        Ok(format!("/sign-in?code={}", code.reveal()))
    }

    /// The person `local`, who is admin everywhere: whoever runs the lake and uses its command line.
    pub async fn whoever_runs_the_lake(&self, now: Timestamp) -> Result<User> {
        const DOING: &str = "record whoever runs the lake";
        let mut transaction = self.database.begin().await?;
        let user = self.admitted(&mut transaction, &Visitor::default(), now).await?;
        transaction.commit().await.map_err(failed(DOING))?;
        Ok(user)
    }

    /// Records a visitor with their role.
    async fn admitted(
        &self,
        transaction: &mut Transaction<'_, Any>,
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<User> {
        let user = self.record_user(transaction, &visitor.identity(), now).await?;
        let role = Grant::everywhere(visitor.role);
        grant::insert(transaction, &user.id, &role, Origin::Manual, "sluice", now, None).await?;
        Ok(user)
    }

    /// What a link is worth, without using it.
    pub async fn sign_in_link(&self, code: &str, now: Timestamp) -> Result<LinkState> {
        let select = "SELECT expires_at, used_at FROM sign_in_links WHERE code_hash = $1";
        let query = sqlx::query(select).bind(hash(code));
        let row = query.fetch_optional(self.database.reader()?).await;
        let Some(row) = row.map_err(failed("read a sign-in link"))? else {
            return Ok(LinkState::Refused(LinkRefusal::Unknown));
        };
        Ok(if columns::optional_time(&row, "used_at")?.is_some() {
            LinkState::Refused(LinkRefusal::Used)
        } else if columns::integer(&row, "expires_at")? <= now.as_microsecond() {
            LinkState::Refused(LinkRefusal::Expired)
        } else {
            LinkState::Usable
        })
    }

    /// Uses a link up and starts a session of the visitor it was made for, who has its role
    /// everywhere. However many try at once, one of them gets in.
    pub async fn use_sign_in_link(
        &self,
        code: &str,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<std::result::Result<NewSession, LinkRefusal>> {
        if let LinkState::Refused(why) = self.sign_in_link(code, now).await? {
            return Ok(Err(why));
        }
        const TAKE: &str = "UPDATE sign_in_links SET used_at = $1 WHERE code_hash = $2 \
             AND used_at IS NULL AND expires_at > $1";
        let mut transaction = self.database.begin().await?;
        let query = sqlx::query(TAKE).bind(now.as_microsecond()).bind(hash(code));
        let done = query.execute(&mut *transaction).await.map_err(failed("use a sign-in link"))?;
        if done.rows_affected() == 0 {
            return Ok(Err(LinkRefusal::Used));
        }
        let visitor = visitor(&mut transaction, code).await?;
        let identity = visitor.identity();
        self.admitted(&mut transaction, &visitor, now).await?;
        transaction.commit().await.map_err(failed("use a sign-in link"))?;
        let session = self.sign_in(&identity, &[], replaces, now).await?;
        session.map(Ok).ok_or_else(|| Error::internal("who signed in by a link has no role"))
    }

    /// Whoever uses the command line: who can write the database runs the lake, and is admin of all
    /// of it, as the visitor of a link without a name.
    pub async fn on_this_machine(&self, now: Timestamp) -> Result<Caller> {
        let visitor = Visitor::default();
        let mut transaction = self.database.begin().await?;
        let user = self.record_user(&mut transaction, &visitor.identity(), now).await?;
        let role = Grant::everywhere(visitor.role);
        grant::insert(&mut transaction, &user.id, &role, Origin::Manual, "sluice", now, None)
            .await?;
        transaction.commit().await.map_err(failed("say who uses the command line"))?;
        let rights = Rights { grants: vec![role], scopes: None };
        Ok(Caller { user, rights, via: Via::CommandLine })
    }
}

/// Who signs in by a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Their login: one login is one person.
    pub login: String,
    /// What they are, everywhere.
    pub role: Role,
}

impl Default for Visitor {
    /// Whoever runs the lake.
    fn default() -> Self {
        Self { login: "local".to_owned(), role: Role::Admin }
    }
}

impl Visitor {
    /// A visitor of this login, `[a-z0-9][a-z0-9-]{0,38}` as GitHub has them.
    pub fn new(login: &str, role: Role) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let taken = login == Self::default().login;
        if (1..=39).contains(&login.len())
            && !taken
            && login.bytes().all(allowed)
            && !login.starts_with('-')
        {
            return Ok(Self { login: login.to_owned(), role });
        }
        Err(Error::invalid(format!(
            "login {login:?} is not valid: use lower-case letters, digits and hyphens, for example \
             `anna`; `local` is whoever runs the lake"
        )))
    }

    fn identity(&self) -> Identity {
        let local = *self == Self::default();
        Identity {
            provider: LOCAL_PROVIDER.to_owned(),
            subject: if local { "0".to_owned() } else { number_of(&self.login).to_string() },
            login: self.login.clone(),
            name: local.then(|| "Whoever runs this lake".to_owned()),
        }
    }
}

/// A number for a login that no provider counts: people are told apart by numbers.
fn number_of(login: &str) -> u64 {
    let digest = Sha256::digest(login.as_bytes());
    digest.iter().take(6).fold(1, |number, byte| (number << 8) | u64::from(*byte))
}

async fn visitor(transaction: &mut Transaction<'_, Any>, code: &str) -> Result<Visitor> {
    const DOING: &str = "read a sign-in link";
    let query = sqlx::query("SELECT login, role FROM sign_in_links WHERE code_hash = $1");
    let row = query.bind(hash(code)).fetch_one(&mut **transaction).await.map_err(failed(DOING))?;
    let role = columns::parsed(("role", columns::text(&row, "role")?))?;
    Ok(Visitor { login: columns::text(&row, "login")?, role })
}
