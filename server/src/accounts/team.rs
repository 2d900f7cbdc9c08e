//! Teams that people are in, as their provider said at sign-in.

use std::collections::{BTreeMap, BTreeSet};

use database::{columns, failed};
use domain::Result;
use jiff::Timestamp;
use sqlx::{Any, Transaction};

use super::Accounts;

const TEAMS: &str = "SELECT t.user_id AS user_id, t.team AS team FROM team_memberships t \
     JOIN users u ON u.id = t.user_id WHERE u.provider = $1 AND t.valid_until > $2";
const FORGET: &str = "DELETE FROM team_memberships WHERE user_id = $1";
const INSERT: &str = "INSERT INTO team_memberships (user_id, team, valid_until) VALUES ($1, $2, $3) \
     ON CONFLICT DO NOTHING";

impl Accounts {
    /// The teams of everybody, as `org/team` in lower case, by the id of the person.
    pub(super) async fn teams(&self, now: Timestamp) -> Result<BTreeMap<String, BTreeSet<String>>> {
        let rows = sqlx::query(TEAMS)
            .bind(self.settings.provider.clone())
            .bind(now.as_microsecond())
            .fetch_all(self.database.reader()?)
            .await
            .map_err(failed("list the teams"))?;
        let mut teams: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for row in &rows {
            let of = teams.entry(columns::text(row, "user_id")?).or_default();
            of.insert(columns::text(row, "team")?);
        }
        Ok(teams)
    }
}

/// Makes the teams of a person exactly these, until they lapse.
pub(super) async fn replace(
    transaction: &mut Transaction<'_, Any>,
    user_id: &str,
    teams: &[String],
    until: Timestamp,
) -> Result<()> {
    const DOING: &str = "replace the teams of a person";
    let forget = sqlx::query(FORGET).bind(user_id.to_owned());
    forget.execute(&mut **transaction).await.map_err(failed(DOING))?;
    for team in teams {
        sqlx::query(INSERT)
            .bind(user_id.to_owned())
            .bind(team.to_lowercase())
            .bind(until.as_microsecond())
            .execute(&mut **transaction)
            .await
            .map_err(failed(DOING))?;
    }
    Ok(())
}
