//! `/members`: people, their roles, their sessions.

use std::sync::Arc;

use app::api::Page;
use app::api::members::{EndedSessions, Member, MemberRole, MemberSession};
use axum::extract::{Path, Query, State};
use domain::access::{Grant, Role};
use domain::environment::EnvironmentName;
use domain::{Error, ErrorKind};
use jiff::Timestamp;
use serde::Deserialize;

use crate::accounts::{self, Caller, Origin, Via};
use crate::console::Console;
use crate::web::{Answer, Json, Refusal};

/// Everybody who may sign in, by login.
#[utoipa::path(get, path = "/members", responses((status = 200, body = Page<Member>)), tag = "members")]
pub(crate) async fn list(State(console): State<Arc<Console>>) -> Answer<Page<Member>> {
    let members = console.accounts.members(Timestamp::now()).await?;
    let items = members.into_iter().map(member).collect();
    Ok(Json(Page { items, next: None }))
}

/// Gives a person a role by hand, effective with their next request.
#[utoipa::path(post, path = "/members/{id}/grants", params(("id" = String, Path)), request_body = Grant,
    responses((status = 200, body = Member)), tag = "members")]
pub(crate) async fn give(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(grant): Json<Grant>,
) -> Answer<Member> {
    if let Some(name) = &grant.environment
        && console.lake(name.as_str()).is_none()
    {
        let message = format!("there is no environment {name}");
        return Err(Refusal::unprocessable(&message).with_field("environment", &message));
    }
    let now = Timestamp::now();
    let before = console.accounts.member(&id, now).await?;
    if console.accounts.give(&id, &grant, &caller, now).await? {
        return changed(&console, &caller, "member.give_role", &before).await;
    }
    Ok(Json(member(before)))
}

/// Where the role that is taken away holds.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(crate) struct Place {
    /// The environment; absent: all of them.
    #[param(value_type = Option<String>)]
    environment: Option<EnvironmentName>,
}

/// Takes away a role that was given by hand, effective with the person's next request.
#[utoipa::path(delete, path = "/members/{id}/grants/{role}",
    params(("id" = String, Path), ("role" = Role, Path), Place),
    responses((status = 200, body = Member)), tag = "members")]
pub(crate) async fn take_away(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Path((id, role)): Path<(String, Role)>,
    Query(Place { environment }): Query<Place>,
) -> Answer<Member> {
    let now = Timestamp::now();
    let before = console.accounts.member(&id, now).await?;
    console.accounts.take_away(&id, &Grant { role, environment }, now).await?;
    changed(&console, &caller, "member.take_role", &before).await
}

/// Ends all sessions of a person.
#[utoipa::path(delete, path = "/members/{id}/sessions", params(("id" = String, Path)),
    responses((status = 200, body = EndedSessions)), tag = "members")]
pub(crate) async fn end_sessions(
    State(console): State<Arc<Console>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<EndedSessions> {
    let person = console.accounts.member(&id, Timestamp::now()).await?.user;
    end(&console, &caller, &id, &person.login).await
}

/// Ends all sessions of the caller, this one included. A token has none to end.
#[utoipa::path(delete, path = "/me/sessions", responses((status = 200, body = EndedSessions)), tag = "account")]
pub(crate) async fn end_own_sessions(
    State(console): State<Arc<Console>>,
    caller: Caller,
) -> Answer<EndedSessions> {
    if matches!(caller.via, Via::Token(_)) {
        let message = "a token cannot end the sessions of its owner: sign in with the browser";
        return Err(Error::new(ErrorKind::Denied, message).into());
    }
    end(&console, &caller, &caller.user.id, caller.login()).await
}

async fn end(console: &Console, caller: &Caller, id: &str, login: &str) -> Answer<EndedSessions> {
    let ended = EndedSessions { ended: console.accounts.end_sessions(id).await? };
    console.audit.record(caller, "session.end_all", None, login, None::<&()>, Some(&ended)).await?;
    Ok(Json(ended))
}

/// Records what became of somebody's roles, and answers with it.
async fn changed(
    console: &Console,
    caller: &Caller,
    action: &str,
    before: &accounts::Member,
) -> Answer<Member> {
    let after = console.accounts.member(&before.user.id, Timestamp::now()).await?;
    let (was, is) = (roles(before), roles(&after));
    console.audit.record(caller, action, None, &after.user.login, Some(&was), Some(&is)).await?;
    Ok(Json(member(after)))
}

/// The roles given by hand, as the audit log tells them.
fn roles(member: &accounts::Member) -> serde_json::Value {
    let by_hand = member.grants.iter().filter(|held| held.origin == Origin::Manual);
    let roles = by_hand.map(|held| match &held.grant.environment {
        Some(name) => format!("{} in {name}", held.grant.role),
        None => format!("{} everywhere", held.grant.role),
    });
    serde_json::json!({ "roles_by_hand": roles.collect::<Vec<_>>() })
}

fn member(member: accounts::Member) -> Member {
    let roles = member.grants.into_iter().map(|held| MemberRole {
        role: held.grant.role,
        environment: held.grant.environment,
        by_team: held.origin == Origin::Team,
        granted_by: held.granted_by,
        granted_at: held.granted_at,
        valid_until: held.valid_until,
    });
    let sessions = member.sessions.into_iter().map(|session| MemberSession {
        created_at: session.created_at,
        seen_at: session.seen_at,
        expires_at: session.expires_at,
    });
    Member {
        id: member.user.id,
        login: member.user.login,
        name: member.user.name,
        signed_in_at: member.signed_in_at,
        roles: roles.collect(),
        sessions: sessions.collect(),
    }
}
