//! `/tokens`: API tokens of the caller, and of everybody for admins.

use std::sync::Arc;

use app::api::Page;
use app::api::tokens::{CreatedToken, NewToken, Token, TokenQuery};
use axum::Extension;
use axum::extract::{Path, Query, State};
use domain::access::Permission;
use domain::{Error, ErrorKind};
use jiff::{SignedDuration, Timestamp};

use crate::accounts::{ApiToken, Caller, Via};
use crate::console::Console;
use crate::web::idempotency::NotKept;
use crate::web::{Answer, Json, Refusal};

/// The caller's tokens, newest first; with `all`, those of everybody. A token sees itself alone,
/// unless it may manage settings.
#[utoipa::path(get, path = "/tokens", params(TokenQuery),
    responses((status = 200, body = Page<Token>)), tag = "tokens")]
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Query(query): Query<TokenQuery>,
) -> Answer<Page<Token>> {
    if query.all && !manages(&caller) {
        return Err(Refusal::lacks(Permission::ManageSettings, None));
    }
    let owner = (!query.all).then_some(caller.user.id.as_str());
    let now = Timestamp::now();
    let mut tokens = console.accounts.tokens(owner).await?;
    tokens.retain(|token| may_touch(&caller, &token.id));
    let items = tokens.into_iter().map(|found| token(found, now)).collect();
    Ok(Json(Page { items, next: None }))
}

/// Makes a token for the caller. The answer alone holds its secret. Only a browser session may.
#[utoipa::path(post, path = "/tokens", request_body = NewToken,
    responses((status = 200, body = CreatedToken)), tag = "tokens")]
pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Json(new): Json<NewToken>,
) -> Result<(Extension<NotKept>, Json<CreatedToken>), Refusal> {
    let now = Timestamp::now();
    let expires_at = now + SignedDuration::from_hours(i64::from(new.days.min(1_000)) * 24);
    let scopes = new.scopes.into_iter().collect();
    let made = console.accounts.new_token(&caller, &new.name, scopes, expires_at, now).await;
    let made = made.map_err(at_field)?;
    let made =
        CreatedToken { secret: made.secret.reveal().to_owned(), token: token(made.token, now) };
    let name = &made.token.name;
    console.audit.record(&caller, "token.make", None, name, None::<&()>, Some(&made.token)).await?;
    Ok((Extension(NotKept), Json(made)))
}

/// Ends a token at once: one's own, or anybody's for admins. A token ends itself alone, unless it
/// may manage settings.
#[utoipa::path(delete, path = "/tokens/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Token)), tag = "tokens")]
pub(crate) async fn revoke(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Token> {
    if !may_touch(&caller, &id) {
        let message = "a token ends itself alone: use one with the scope manage_settings";
        return Err(Error::new(ErrorKind::Denied, message).into());
    }
    let owner = (!manages(&caller)).then_some(caller.user.id.as_str());
    let revoked = console.accounts.revoke_token(&id, owner).await?;
    let revoked = token(revoked, Timestamp::now());
    let name = &revoked.name;
    console.audit.record(&caller, "token.revoke", None, name, Some(&revoked), None::<&()>).await?;
    Ok(Json(revoked))
}

fn manages(caller: &Caller) -> bool {
    caller.rights.allow(Permission::ManageSettings, None)
}

/// What a token may do to other tokens of its owner is bounded by its scopes, as all else.
fn may_touch(caller: &Caller, token: &str) -> bool {
    match &caller.via {
        Via::Session(_) | Via::CommandLine => true,
        Via::Token(own) => own == token || manages(caller),
    }
}

/// The error names the field before its colon.
fn at_field(error: Error) -> Refusal {
    let message = error.message().to_owned();
    let refusal = Refusal::from(error);
    match message.split_once(": ") {
        Some((field @ ("name" | "scopes"), what)) => refusal.with_field(field, what),
        Some(("expires", what)) => refusal.with_field("days", what),
        _ => refusal,
    }
}

fn token(token: ApiToken, now: Timestamp) -> Token {
    Token {
        id: token.id,
        prefix: token.prefix,
        name: token.name,
        owner: token.owner.login,
        scopes: token.scopes.into_iter().collect(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        expired: token.expires_at <= now,
        last_used_at: token.last_used_at,
    }
}
