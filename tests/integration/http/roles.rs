//! The role matrix (promise D9): every route of the API, asked by everybody there can be. What each
//! role may do stands in `domain::access`; which route asks for what is kept in `routes.txt`, so
//! that a new route or a changed one is seen in review.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use domain::access::{Grant, Permission, Rights, Role};
use domain::environment::EnvironmentName;
use jiff::{SignedDuration, Timestamp};
use server::accounts::Identity;
use server::compose;
use server::compose::delivery as compose_delivery;
use server::config::Config;
use server::console::Console;
use server::sign_in::SignInMode;
use server::site::Site;
use server::web::{Access, ListedRoute, listed_routes, router};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::support::serve::empty_site;

const KEPT: &str = include_str!("routes.txt");

/// A console with two environments.
async fn console(folder: &TempDir) -> Arc<Console> {
    let mut config = Config {
        data_dir: folder.path().to_owned(),
        environments: ["dev", "prod"].map(|name| name.parse().unwrap()).to_vec(),
        ..Config::default()
    };
    config.sign_in.mode = Some(SignInMode::Link);
    let lakes = compose::open_all(&config).await.unwrap();
    let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
    let delivery = Arc::new(compose_delivery::open(&config, &lakes).await.unwrap());
    let site = Site::load(&empty_site(folder.path())).unwrap();
    let public_url = "http://localhost:8340".parse().unwrap();
    Arc::new(Console::new(&config, lakes, delivery, site, public_url, false).unwrap())
}

/// Everybody there can be: in one environment, in the other, everywhere.
fn everybody() -> Vec<Grant> {
    let places = [Some("dev"), Some("prod"), None];
    let of_role = |role| {
        places.map(|place| Grant { role, environment: place.map(|name| name.parse().unwrap()) })
    };
    Role::ALL.into_iter().flat_map(of_role).collect()
}

/// A request to the route in `dev` that says nothing sensible: enough to be let in or not.
fn request(route: &ListedRoute, way_in: Option<(&str, String)>) -> Request<Body> {
    let parts = route.path.split('/').map(|part| match part {
        "{environment}" => "dev",
        part if part.starts_with('{') => "00000000-0000-7000-8000-000000000000",
        part => part,
    });
    let uri = parts.collect::<Vec<_>>().join("/");
    let mut request = Request::builder().method(route.method.clone()).uri(uri);
    request = request.header("sec-fetch-site", "same-origin");
    if let Some((name, value)) = way_in {
        request = request.header(name, value);
    }
    let body = if route.method == Method::GET { Body::empty() } else { Body::from("{}") };
    request.header("content-type", "application/json").body(body).unwrap()
}

async fn status(router: &Router, request: Request<Body>) -> StatusCode {
    // The body is not waited for: live events have no end.
    router.clone().oneshot(request).await.unwrap().status()
}

/// What the check of access must say; `None` lets them in.
fn expected(route: &ListedRoute, rights: &Rights) -> Option<StatusCode> {
    let Access::Needs(permission) = route.access else { return None };
    let dev: EnvironmentName = "dev".parse().unwrap();
    if !route.path.contains("{environment}") {
        return (!rights.allow(permission, None)).then_some(StatusCode::FORBIDDEN);
    }
    let elsewhere = |grant: &Grant| grant.environment.as_ref().is_some_and(|name| *name != dev);
    match rights.grants.iter().all(elsewhere) {
        true => Some(StatusCode::NOT_FOUND),
        false => (!rights.allow(permission, Some(&dev))).then_some(StatusCode::FORBIDDEN),
    }
}

fn check(route: &ListedRoute, who: &str, found: StatusCode, expected: Option<StatusCode>) {
    let what = format!("{} {} as {who}", route.method, route.path);
    match expected {
        Some(expected) => assert_eq!(found, expected, "{what}"),
        None => {
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&found);
            assert!(!refused && !found.is_server_error(), "{what}: {found}");
        }
    }
}

#[tokio::test]
async fn d9_every_route_lets_in_exactly_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(&folder).await;
    let (router, routes) = (router(Arc::clone(&console)), listed_routes(&console));
    for grant in everybody() {
        let place = grant.environment.as_ref().map_or("everywhere", EnvironmentName::as_str);
        let who = format!("{} {place}", grant.role);
        let rights = Rights { grants: vec![grant.clone()], scopes: None };
        for route in &routes {
            // Some routes end sessions, so that each request has its own.
            let identity = identity(&who);
            let now = Timestamp::now();
            let grants = [grant.clone()];
            let session = console.accounts.sign_in(&identity, &grants, None, now).await;
            let secret = session.unwrap().unwrap().secret;
            let cookie = format!("sluice_session={}", secret.reveal());
            let found = status(&router, request(route, Some(("cookie", cookie)))).await;
            check(route, &who, found, expected(route, &rights));
        }
    }
}

#[tokio::test]
async fn d9_nobody_gets_in_without_a_session_where_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(&folder).await;
    let (router, routes) = (router(Arc::clone(&console)), listed_routes(&console));
    for route in &routes {
        let found = status(&router, request(route, None)).await;
        let unauthorized = (route.access != Access::Public).then_some(StatusCode::UNAUTHORIZED);
        check(route, "nobody", found, unauthorized);
        let forged = ("cookie", "sluice_session=forged".to_owned());
        let found = status(&router, request(route, Some(forged))).await;
        check(route, "a forged session", found, unauthorized);
        let forged = ("authorization", "Bearer forged".to_owned());
        let found = status(&router, request(route, Some(forged))).await;
        check(route, "a forged token", found, Some(StatusCode::UNAUTHORIZED));
    }
}

#[tokio::test]
async fn d9_a_token_opens_what_its_scopes_name_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(&folder).await;
    let (router, routes) = (router(Arc::clone(&console)), listed_routes(&console));
    let now = Timestamp::now();
    let grants = [Grant::everywhere(Role::Admin)];
    let owner = console.accounts.sign_in(&identity("admin"), &grants, None, now).await;
    let owner = owner.unwrap().unwrap().caller;
    for permission in Permission::ALL {
        let scopes = BTreeSet::from([permission]);
        let expires_at = now + SignedDuration::from_hours(1);
        let name = permission.as_str();
        let new = console.accounts.new_token(&owner, name, scopes.clone(), expires_at, now).await;
        let secret = new.unwrap().secret;
        let rights = Rights { grants: grants.to_vec(), scopes: Some(scopes) };
        for route in routes.iter().filter(|route| matches!(route.access, Access::Needs(_))) {
            let way_in = ("authorization", format!("Bearer {}", secret.reveal()));
            let found = status(&router, request(route, Some(way_in))).await;
            check(route, &format!("a token for {permission}"), found, expected(route, &rights));
        }
    }
}

#[tokio::test]
async fn d9_what_routes_ask_for_changes_only_on_purpose() {
    let folder = tempfile::tempdir().unwrap();
    let routes = listed_routes(&console(&folder).await);
    let line = |route: &ListedRoute| {
        let access = match route.access {
            Access::Public => "public".to_owned(),
            Access::SignedIn => "signed in".to_owned(),
            Access::Needs(permission) => permission.to_string(),
        };
        format!("{:<16} {:<7}{}\n", access, route.method.as_str(), route.path)
    };
    let mut found: Vec<_> = routes.iter().map(line).collect();
    found.sort();
    let found = found.concat();
    assert_eq!(found, KEPT, "if this is on purpose, routes.txt is to say:\n{found}");
}

#[tokio::test]
async fn d8_no_route_changes_anything_for_another_site() {
    let folder = tempfile::tempdir().unwrap();
    let console = console(&folder).await;
    let (router, routes) = (router(Arc::clone(&console)), listed_routes(&console));
    let now = Timestamp::now();
    let grants = [Grant::everywhere(Role::Admin)];
    let session = console.accounts.sign_in(&identity("admin"), &grants, None, now).await;
    let cookie = format!("sluice_session={}", session.unwrap().unwrap().secret.reveal());
    for route in routes.iter().filter(|route| route.method != Method::GET) {
        for headers in [
            vec![("sec-fetch-site", "cross-site")],
            vec![("origin", "https://evil.example")],
            // What a browser adds by itself when a proxy has asked for a password, or what is no
            // token: such requests act through the cookie.
            vec![("origin", "https://evil.example"), ("authorization", "Basic YWRhOnB3")],
            vec![("origin", "https://evil.example"), ("authorization", "Bearer")],
        ] {
            let mut request = request(route, Some(("cookie", cookie.clone())));
            request.headers_mut().remove("sec-fetch-site");
            for (name, value) in headers {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let found = status(&router, request).await;
            assert_eq!(found, StatusCode::FORBIDDEN, "{} {}", route.method, route.path);
        }
    }
}

fn identity(name: &str) -> Identity {
    let provider = "local".to_owned();
    Identity { provider, subject: name.to_owned(), login: name.to_owned(), name: None }
}
