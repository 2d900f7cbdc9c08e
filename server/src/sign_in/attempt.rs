//! Sign-ins that are at the provider: each bound to one browser, and taken out once (promise D1).

use database::{Database, columns, failed};
use domain::Result;
use jiff::{SignedDuration, Timestamp};

use crate::accounts::{Secret, hash};

/// How long somebody may take at the provider.
pub(super) const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Anybody may begin a sign-in, so that their number is bounded: the oldest make room. Refusing new
/// ones would let a stranger who begins many keep everybody out.
const MOST: i64 = 10_000;

const FORGET: &str = "DELETE FROM sign_in_attempts WHERE expires_at <= $1 OR expires_at <= \
     (SELECT expires_at FROM sign_in_attempts ORDER BY expires_at DESC LIMIT 1 OFFSET $2)";
const INSERT: &str = "INSERT INTO sign_in_attempts (state_hash, browser_hash, verifier, next_path, \
     expires_at) VALUES ($1, $2, $3, $4, $5)";
const TAKE: &str = "DELETE FROM sign_in_attempts WHERE state_hash = $1 AND browser_hash = $2 \
     RETURNING verifier, next_path, expires_at";

/// What the way back needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The PKCE verifier.
    pub verifier: String,
    /// Where to go then; a local path.
    pub next: String,
}

/// Stores an attempt under the hashes of its state and of the browser's cookie.
pub(super) async fn store(
    database: &Database,
    state: &str,
    browser: &Secret,
    attempt: Attempt,
    now: Timestamp,
) -> Result<()> {
    const DOING: &str = "store a sign-in";
    let mut transaction = database.begin().await?;
    sqlx::query(FORGET)
        .bind(now.as_microsecond())
        .bind(MOST - 1)
        .execute(&mut *transaction)
        .await
        .map_err(failed(DOING))?;
    sqlx::query(INSERT)
        .bind(hash(state))
        .bind(browser.hash())
        .bind(attempt.verifier)
        .bind(attempt.next)
        .bind((now + LIFE).as_microsecond())
        .execute(&mut *transaction)
        .await
        .map_err(failed(DOING))?;
    transaction.commit().await.map_err(failed(DOING))
}

/// Takes an attempt out: state and browser must both be its own. However many ask, one gets it.
pub(super) async fn take(
    database: &Database,
    state: &str,
    browser: &str,
    now: Timestamp,
) -> Result<Option<Attempt>> {
    const DOING: &str = "take a sign-in out";
    let mut transaction = database.begin().await?;
    let query = sqlx::query(TAKE).bind(hash(state)).bind(hash(browser));
    let row = query.fetch_optional(&mut *transaction).await.map_err(failed(DOING))?;
    transaction.commit().await.map_err(failed(DOING))?;
    let Some(row) = row else { return Ok(None) };
    if columns::integer(&row, "expires_at")? <= now.as_microsecond() {
        return Ok(None);
    }
    Ok(Some(Attempt {
        verifier: columns::text(&row, "verifier")?,
        next: columns::text(&row, "next_path")?,
    }))
}
