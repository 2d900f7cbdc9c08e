//! Who is asking: read from session cookie or bearer token, before every request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Result;
use jiff::Timestamp;

use super::problem::Refusal;
use super::trace;
use crate::accounts::Caller;
use crate::console::Console;

/// Puts the [`Caller`] into the request, if there is one. A bearer token that is not valid is an
/// error and not nobody: automation must notice.
pub(super) async fn caller(
    State(console): State<Arc<Console>>,
    mut request: Request,
    next: Next,
) -> Response {
    // A page that is rendered asks the API in-process and has its caller already. From outside
    // nobody can put one there.
    if request.extensions().get::<Caller>().is_none() {
        match found(&console, request.headers()).await {
            Ok(Found::Caller(caller)) => {
                trace::note_caller(caller.login());
                request.extensions_mut().insert(caller);
            }
            Ok(Found::Nobody) => {}
            Ok(Found::BadToken) => return Refusal::bad_token().into_response(),
            Err(error) => return Refusal::from(error).into_response(),
        }
    }
    next.run(request).await
}

/// The caller of a request that goes on for long, if they still are one.
pub(super) async fn again(console: &Console, headers: &HeaderMap) -> Option<Caller> {
    match found(console, headers).await {
        Ok(Found::Caller(caller)) => Some(caller),
        _ => None,
    }
}

enum Found {
    Caller(Caller),
    Nobody,
    BadToken,
}

async fn found(console: &Console, headers: &HeaderMap) -> Result<Found> {
    let now = Timestamp::now();
    if let Some(token) = bearer(headers) {
        let caller = console.accounts.token(token, now).await?;
        return Ok(caller.map_or(Found::BadToken, Found::Caller));
    }
    let Some(secret) = console.sign_in.session_cookie.read(headers) else {
        return Ok(Found::Nobody);
    };
    let caller = console.accounts.session(&secret, now).await?;
    Ok(caller.map_or(Found::Nobody, Found::Caller))
}

/// The token of a request. A request that has one acts through it alone, never through a cookie.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
