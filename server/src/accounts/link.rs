//! One-time sign-in links, for lakes without a GitHub app: as the one Jupyter prints at its start.

use database::{columns, failed};
use domain::Result;
use domain::access::{Grant, Role};
use jiff::{SignedDuration, Timestamp};

use super::grant::{self, Origin};
use super::{Accounts, Identity, LOCAL_PROVIDER, NewSession, Secret, hash};

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
    pub async fn new_sign_in_link(&self, now: Timestamp) -> Result<String> {
        const DOING: &str = "store a sign-in link";
        let code = Secret::random()?;
        let mut transaction = self.database.begin().await?;
        // One that cannot be used any more is explained for another while.
        sqlx::query("DELETE FROM sign_in_links WHERE expires_at <= $1")
            .bind((now - EXPLAINED).as_microsecond())
            .execute(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        let insert =
            "INSERT INTO sign_in_links (code_hash, created_at, expires_at) VALUES ($1, $2, $3)";
        sqlx::query(insert)
            .bind(code.hash())
            .bind(now.as_microsecond())
            .bind((now + self.settings.link_life).as_microsecond())
            .execute(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        transaction.commit().await.map_err(failed(DOING))?;
        Ok(format!("/sign-in?code={}", code.reveal()))
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

    /// Uses a link up and starts a session of the person `local`, who is admin everywhere. However
    /// many try at once, one of them gets in.
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
        let identity = local();
        let user = self.record_user(&mut transaction, &identity, now).await?;
        let admin = Grant::everywhere(Role::Admin);
        grant::insert(&mut transaction, &user.id, &admin, Origin::Manual, "sluice", now, None)
            .await?;
        transaction.commit().await.map_err(failed("use a sign-in link"))?;
        let session = self.sign_in(&identity, &[], replaces, now).await?;
        session.map(Ok).ok_or_else(|| domain::Error::internal("the person `local` has no role"))
    }
}

fn local() -> Identity {
    Identity {
        provider: LOCAL_PROVIDER.to_owned(),
        subject: "0".to_owned(),
        login: "local".to_owned(),
        name: Some("Whoever runs this lake".to_owned()),
    }
}
