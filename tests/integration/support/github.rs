//! A stand-in for GitHub: speaks as much of OAuth and of the REST API as the sign-in uses, checks
//! what GitHub checks, and fails where it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use server::sign_in::{SignInConfig, SignInMode};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT_SECRET: &str = "the-client-secret";
pub(crate) const ACCESS_TOKEN: &str = "gho_stand_in_token";

/// A running stand-in; it ends with the test's runtime.
pub(crate) struct GitHub {
    pub(crate) url: String,
    world: Arc<Mutex<World>>,
}

/// Who signs in next, and what goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) id: u64,
    pub(crate) login: String,
    /// `None`: not a member at all.
    pub(crate) membership: Option<&'static str>,
    /// Organisation and slug.
    pub(crate) teams: Vec<(&'static str, &'static str)>,
    /// Teams on one page.
    pub(crate) page_size: usize,
    /// Paths that answer with a status instead.
    pub(crate) failing: HashMap<&'static str, u16>,
    /// Where the `Link` header leads instead.
    pub(crate) next_host: Option<String>,
    /// Codes handed out, with their challenge and redirect URI.
    codes: HashMap<String, (String, String)>,
    /// Everything asked so far.
    pub(crate) asked: Vec<String>,
}

type Shared = State<(String, Arc<Mutex<World>>)>;

impl GitHub {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World {
            id: 583231,
            login: "octocat".into(),
            membership: Some("active"),
            teams: vec![("acme", "data")],
            page_size: 100,
            failing: HashMap::new(),
            next_host: None,
            codes: HashMap::new(),
            asked: Vec::new(),
        }));
        let router = Router::new()
            .route("/login/oauth/authorize", get(authorize))
            .route("/login/oauth/access_token", post(access_token))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/memberships/orgs/{organisation}", get(membership))
            .route("/api/v3/user/teams", get(teams))
            .with_state((url.clone(), Arc::clone(&world)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, world }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// The section `[sign_in]` that leads here. Team `data` gives engineer in dev, `platform` admin.
    pub(crate) fn config(&self) -> SignInConfig {
        let url = &self.url;
        let text = format!(
            r#"
            [github]
            client_id = "the-client-id"
            client_secret = "{CLIENT_SECRET}"
            web_url = "{url}"
            api_url = "{url}/api/v3"
            organisation = "acme"
            team_roles = [
                {{ team = "platform", role = "admin" }},
                {{ team = "data", role = "engineer", environments = ["dev"] }},
            ]
            "#
        );
        SignInConfig { mode: Some(SignInMode::GitHub), ..toml::from_str(&text).unwrap() }
    }
}

async fn authorize(
    State((_, world)): Shared,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if query["client_id"] != "the-client-id" || query["response_type"] != "code" {
        return StatusCode::NOT_FOUND.into_response();
    }
    assert_eq!(query["scope"], "read:org");
    assert_eq!(query["code_challenge_method"], "S256");
    let mut world = world.lock().unwrap();
    let code = format!("code-{}", world.codes.len());
    let kept = (query["code_challenge"].clone(), query["redirect_uri"].clone());
    world.codes.insert(code.clone(), kept);
    let mut back = url::Url::parse(&query["redirect_uri"]).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
    Redirect::to(back.as_str()).into_response()
}

async fn access_token(
    State((_, world)): Shared,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut world = world.lock().unwrap();
    world.asked.push("access_token".into());
    if let Some(failure) = failure(&world, "access_token") {
        return failure;
    }
    let refused = |error: &str| Json(json!({ "error": error })).into_response();
    if form["client_secret"] != CLIENT_SECRET {
        return refused("incorrect_client_credentials");
    }
    let Some((challenge, redirect)) = world.codes.remove(&form["code"]) else {
        return refused("bad_verification_code");
    };
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    if verifier != challenge || form["redirect_uri"] != redirect {
        return refused("bad_verification_code");
    }
    let scope = "read:org";
    Json(json!({ "access_token": ACCESS_TOKEN, "token_type": "bearer", "scope": scope }))
        .into_response()
}

async fn user(State((_, world)): Shared, headers: HeaderMap) -> Response {
    answer(&world, &headers, "user", |world| {
        Some(json!({ "id": world.id, "login": world.login, "name": null, "type": "User" }))
    })
}

async fn membership(
    State((_, world)): Shared,
    Path(organisation): Path<String>,
    headers: HeaderMap,
) -> Response {
    answer(&world, &headers, "membership", |world| {
        let state = world.membership?;
        Some(json!({ "state": state, "role": "member", "organization": { "login": organisation } }))
    })
}

async fn teams(
    State((url, world)): Shared,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
    let mut response = answer(&world, &headers, "teams", |world| {
        let teams = world.teams.chunks(world.page_size).nth(page - 1).unwrap_or_default();
        let team = |(organisation, slug): &(&str, &str)| json!({ "slug": slug, "organization": { "login": organisation } });
        Some(Value::Array(teams.iter().map(team).collect()))
    });
    let world = world.lock().unwrap();
    if world.teams.len() > page * world.page_size {
        let host = world.next_host.clone().unwrap_or(url);
        let link = format!(
            "<{host}/api/v3/user/teams?page=1>; rel=\"first\", \
             <{host}/api/v3/user/teams?page={}>; rel=\"next\"",
            page + 1
        );
        response.headers_mut().insert(header::LINK, link.parse().unwrap());
    }
    response
}

fn answer(
    world: &Mutex<World>,
    headers: &HeaderMap,
    path: &'static str,
    value: impl FnOnce(&World) -> Option<Value>,
) -> Response {
    let mut world = world.lock().unwrap();
    world.asked.push(path.into());
    if headers[header::AUTHORIZATION] != format!("Bearer {ACCESS_TOKEN}") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    assert!(headers.contains_key(header::USER_AGENT), "GitHub refuses calls without");
    if let Some(failure) = failure(&world, path) {
        return failure;
    }
    value(&world).map_or(StatusCode::NOT_FOUND.into_response(), |value| Json(value).into_response())
}

/// A failure that was asked for. 200 stands for an answer that is no JSON.
fn failure(world: &World, path: &str) -> Option<Response> {
    match world.failing.get(path)? {
        200 => Some("<html>Unicorn!</html>".into_response()),
        status => Some(StatusCode::from_u16(*status).unwrap().into_response()),
    }
}
