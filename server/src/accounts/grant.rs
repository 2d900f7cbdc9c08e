//! Roles of people: those that their teams give, and those that an admin gave by hand.

use database::{columns, damaged, failed, retrying};
use domain::access::Grant;
use domain::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, Transaction};

use super::{Accounts, Caller};

const OF_USER: &str = "SELECT role, environment FROM role_grants WHERE user_id = $1 \
     AND (valid_until IS NULL OR valid_until > $2) ORDER BY environment, role";
const INSERT: &str = "INSERT INTO role_grants (user_id, role, environment, origin, granted_by, \
     granted_at, valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
const DELETE: &str = "DELETE FROM role_grants WHERE user_id = $1 AND role = $2 \
     AND environment = $3 AND origin = 'manual'";
/// In one order, so that nobody waits for somebody who waits for them.
const ADMIN_ROWS: &str = "SELECT user_id FROM role_grants WHERE role = 'admin' \
     AND environment = '' ORDER BY user_id, origin";

/// Where a role comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A team of the organisation gives it, as configured; read again at each sign-in.
    Team,
    /// Somebody gave it by hand.
    Manual,
}

impl Origin {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Manual => "manual",
        }
    }
}

/// A role that somebody holds, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldGrant {
    /// The role and where.
    pub grant: Grant,
    /// Team or by hand.
    pub origin: Origin,
    /// Who gave it.
    pub granted_by: String,
    /// When.
    pub granted_at: Timestamp,
    /// When it lapses; `None`: when somebody takes it away.
    pub valid_until: Option<Timestamp>,
}

impl Accounts {
    /// Gives a role by hand; false when the person has it by hand already.
    /// [`domain::ErrorKind::NotFound`] when nobody has this id.
    pub async fn give(
        &self,
        user_id: &str,
        grant: &Grant,
        by: &Caller,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.database.begin().await?;
        let given =
            insert(&mut transaction, user_id, grant, Origin::Manual, by.login(), now, None).await?;
        transaction.commit().await.map_err(failed("give a role"))?;
        Ok(given)
    }

    /// Takes away a role that was given by hand. [`domain::ErrorKind::NotFound`] when the person
    /// has no such role by hand; [`domain::ErrorKind::Conflict`] when nobody could manage settings
    /// any more.
    pub async fn take_away(&self, user_id: &str, grant: &Grant, now: Timestamp) -> Result<()> {
        retrying(|| self.take_away_once(user_id, grant, now)).await
    }

    async fn take_away_once(&self, user_id: &str, grant: &Grant, now: Timestamp) -> Result<()> {
        const DOING: &str = "take a role away";
        let mut transaction = self.database.begin().await?;
        // Two admins who remove each other take turns; else each would still see the other.
        sqlx::query(self.database.locking(ADMIN_ROWS))
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        let done = sqlx::query(DELETE)
            .bind(user_id.to_owned())
            .bind(grant.role.as_str())
            .bind(place(grant))
            .execute(&mut *transaction)
            .await
            .map_err(failed(DOING))?;
        if done.rows_affected() == 0 {
            return Err(Error::not_found(format!(
                "{user_id} was not given the role {} there by hand; roles that a team gives are \
                 changed in the configuration or on GitHub",
                grant.role
            )));
        }
        if !self.somebody_is_admin(&mut transaction, now).await? {
            return Err(Error::conflict(
                "this is the last admin of the whole lake: make somebody else admin first",
            ));
        }
        transaction.commit().await.map_err(failed(DOING))
    }

    async fn somebody_is_admin(
        &self,
        transaction: &mut Transaction<'_, Any>,
        now: Timestamp,
    ) -> Result<bool> {
        const ADMINS: &str = "SELECT COUNT(*) AS admins FROM role_grants g JOIN users u \
             ON u.id = g.user_id WHERE g.role = 'admin' AND g.environment = '' \
             AND (g.valid_until IS NULL OR g.valid_until > $1) AND u.provider = $2";
        let row = sqlx::query(ADMINS)
            .bind(now.as_microsecond())
            .bind(self.settings.provider.clone())
            .fetch_one(&mut **transaction)
            .await
            .map_err(failed("count the admins"))?;
        Ok(columns::integer(&row, "admins")? > 0)
    }
}

/// Makes the roles that teams give exactly these.
pub(super) async fn replace_team(
    transaction: &mut Transaction<'_, Any>,
    user_id: &str,
    grants: &[Grant],
    now: Timestamp,
    until: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM role_grants WHERE user_id = $1 AND origin = 'team'")
        .bind(user_id.to_owned())
        .execute(&mut **transaction)
        .await
        .map_err(failed("replace the roles of a person"))?;
    for grant in grants {
        insert(transaction, user_id, grant, Origin::Team, "team", now, Some(until)).await?;
    }
    Ok(())
}

/// The roles of a person that hold now.
pub(super) async fn of_user(
    transaction: &mut Transaction<'_, Any>,
    user_id: &str,
    now: Timestamp,
) -> Result<Vec<Grant>> {
    let rows = sqlx::query(OF_USER)
        .bind(user_id.to_owned())
        .bind(now.as_microsecond())
        .fetch_all(&mut **transaction)
        .await
        .map_err(failed("read the roles of a person"))?;
    of_rows(&rows)
}

/// The roles in rows with `role` and `environment`, each once. Rows without a role are skipped.
pub(super) fn of_rows(rows: &[AnyRow]) -> Result<Vec<Grant>> {
    let mut grants = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(role) = columns::optional_text(row, "role")? else { continue };
        grants.push(decode(role, columns::text(row, "environment")?)?);
    }
    grants.dedup();
    Ok(grants)
}

/// The role of two columns.
pub(super) fn decode(role: String, environment: String) -> Result<Grant> {
    let role = columns::parsed(("role", role))?;
    let environment = match environment.as_str() {
        "" => None,
        name => Some(name.parse().map_err(|error| damaged("environment", error))?),
    };
    Ok(Grant { role, environment })
}

pub(super) async fn insert(
    transaction: &mut Transaction<'_, Any>,
    user_id: &str,
    grant: &Grant,
    origin: Origin,
    by: &str,
    now: Timestamp,
    until: Option<Timestamp>,
) -> Result<bool> {
    let done = sqlx::query(INSERT)
        .bind(user_id.to_owned())
        .bind(grant.role.as_str())
        .bind(place(grant))
        .bind(origin.as_str())
        .bind(by.to_owned())
        .bind(now.as_microsecond())
        .bind(until.map(|time| time.as_microsecond()))
        .execute(&mut **transaction)
        .await
        .map_err(failed("give a role"))?;
    Ok(done.rows_affected() == 1)
}

fn place(grant: &Grant) -> String {
    grant.environment.as_ref().map(ToString::to_string).unwrap_or_default()
}
