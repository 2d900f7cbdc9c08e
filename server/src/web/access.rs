//! What a route asks of its caller, and the check of it before anything else happens.
//!
//! Architecture invariant: every route of the API carries an [`Access`]; there is no way to add one
//! without (promise D9).

use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::access::Permission;
use domain::environment::EnvironmentName;

use super::problem::Refusal;
use crate::accounts::Caller;
use crate::console::Console;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Everybody who is signed in, whatever their roles.
    SignedIn,
    /// Who holds this permission: in the environment of the path, or in the lake as a whole when the
    /// path names none.
    Needs(Permission),
}

/// Refuses who may not. An environment that does not exist is refused like one without a role in
/// it, except to those who may see the lake as a whole: names of environments are not told.
pub(super) async fn check(
    State((access, console)): State<(Access, Arc<Console>)>,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    let environment = path.iter().find(|(name, _)| *name == "environment").map(|(_, value)| value);
    match allowed(access, caller, environment, &console) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn allowed(
    access: Access,
    caller: Option<&Caller>,
    environment: Option<&str>,
    console: &Console,
) -> Result<(), Refusal> {
    if access == Access::Public {
        return Ok(());
    }
    let caller = caller.ok_or_else(Refusal::not_signed_in)?;
    let Access::Needs(permission) = access else { return Ok(()) };
    let unknown = |name: &str| {
        Refusal::not_found(format!("there is no environment {name:?} that you may see"))
    };
    let environment: Option<EnvironmentName> = match environment {
        Some(name) => Some(name.parse().map_err(|_| unknown(name))?),
        None => None,
    };
    let environment = environment.as_ref();
    if let Some(name) = environment {
        let seen =
            caller.rights.grants.iter().any(|grant| {
                grant.environment.is_none() || grant.environment.as_ref() == Some(name)
            });
        if !seen || console.lake(name.as_str()).is_none() {
            return Err(unknown(name.as_str()));
        }
    }
    match caller.rights.allow(permission, environment) {
        true => Ok(()),
        false => Err(Refusal::lacks(permission, environment)),
    }
}
