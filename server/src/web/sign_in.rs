//! The ways in and out of the console: plain requests of a browser, which work without JavaScript.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;

use super::problem::Refusal;
use crate::accounts::Caller;
use crate::console::Console;
use crate::sign_in::{Callback, Outcome};

/// Where the sign-in is to lead.
#[derive(Debug, Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

/// The form of the page that a one-time link opens.
#[derive(Debug, Deserialize)]
pub(super) struct LinkForm {
    code: String,
}

/// Whether all sessions of the person are to end.
#[derive(Debug, Deserialize)]
pub(super) struct SignOut {
    #[serde(default)]
    everywhere: bool,
}

/// Sends the browser to GitHub. Leaves nothing behind but a row that expires.
pub(super) async fn to_github(
    State(console): State<Arc<Console>>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Refusal> {
    let begun = console.sign_in.begin(next.as_deref(), Timestamp::now()).await?;
    let cookie = console.sign_in.attempt_cookie.set(begun.browser.reveal(), begun.life)?;
    Ok(redirect(begun.location.as_str(), [cookie]))
}

/// The browser comes back from GitHub.
pub(super) async fn from_github(
    State(console): State<Arc<Console>>,
    Query(callback): Query<Callback>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let sign_in = &console.sign_in;
    let browser = sign_in.attempt_cookie.read(&headers);
    let old = sign_in.session_cookie.read(&headers);
    let (browser, old) = (browser.as_deref(), old.as_deref());
    let outcome = sign_in.complete(&callback, browser, old, Timestamp::now()).await?;
    finish(&console, outcome, "session.start_by_github").await
}

/// The button on the page of a one-time link.
pub(super) async fn by_link(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    Form(form): Form<LinkForm>,
) -> Result<Response, Refusal> {
    let old = console.sign_in.session_cookie.read(&headers);
    let outcome = console.sign_in.by_link(&form.code, old.as_deref(), Timestamp::now()).await?;
    finish(&console, outcome, "session.start_by_link").await
}

/// Ends the session of this browser, or with `?everywhere=true` all sessions of its person.
pub(super) async fn sign_out(
    State(console): State<Arc<Console>>,
    Query(SignOut { everywhere }): Query<SignOut>,
    caller: Option<axum::Extension<Caller>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(secret) = console.sign_in.session_cookie.read(&headers) {
        console.accounts.end_session(&secret).await?;
    }
    if let Some(axum::Extension(caller)) = caller {
        if everywhere {
            console.accounts.end_sessions(&caller.user.id).await?;
        }
        let action = if everywhere { "session.end_all" } else { "session.end" };
        let nothing = None::<&()>;
        console.audit.record(&caller, action, None, caller.login(), nothing, nothing).await?;
    }
    Ok(redirect("/sign-in", [console.sign_in.session_cookie.clear()?]))
}

async fn finish(console: &Console, outcome: Outcome, action: &str) -> Result<Response, Refusal> {
    let sign_in = &console.sign_in;
    let over = sign_in.attempt_cookie.clear()?;
    match outcome {
        Outcome::SignedIn { session, next } => {
            let (caller, nothing) = (&session.caller, None::<&()>);
            console.audit.record(caller, action, None, caller.login(), nothing, nothing).await?;
            let life = sign_in.session_life();
            let cookie = sign_in.session_cookie.set(session.secret.reveal(), life)?;
            Ok(redirect(&next, [cookie, over]))
        }
        Outcome::Refused(refusal) => {
            Ok(redirect(&format!("/sign-in?problem={}", refusal.as_str()), [over]))
        }
    }
}

fn redirect<const N: usize>(to: &str, cookies: [HeaderValue; N]) -> Response {
    let mut response = Redirect::to(to).into_response();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
