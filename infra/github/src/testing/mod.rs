//! GitHub's API as far as Sluice uses it, on this machine: a real Git repository stands behind it, so
//! that trees, histories and moved branches are what Git makes of them.

// This is for tests, although it is compiled as a library for the tests of other crates.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod app;
mod git;
mod history;
mod review;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::branch::{BranchName, CommitId};
use infra::secrets::SecretValue;
use serde_json::{Value, json};

use crate::{Credentials, GitHub, GitHubSettings};

pub use app::{APP, APP_NUMBER, KEY};

/// The repository.
pub const REPOSITORY: &str = "acme/lake";
/// The token that it accepts.
pub const TOKEN: &str = "github_pat_0123456789abcdef";
/// The number of the person whose token that is.
pub const ME: u64 = 77;
/// The default branch of a new repository; Sluice takes no branches with such names.
pub const DEFAULT_BRANCH: &str = "début";

/// What goes wrong, for requests that it fits.
struct Fault {
    method: Method,
    path: &'static str,
    times: usize,
    how: How,
}

enum How {
    /// This is answered, and nothing is done.
    Instead(StatusCode, Vec<(&'static str, String)>, String),
    /// It is done, and this is answered.
    After(StatusCode),
    /// It is done late.
    Late(Duration),
}

/// A running stand-in. It ends with the test's runtime.
#[derive(Clone)]
pub struct StandIn {
    address: String,
    world: Arc<World>,
}

/// All that it knows.
struct World {
    folder: tempfile::TempDir,
    /// One at a time, as GitHub moves a branch.
    git: Mutex<git2::Repository>,
    faults: Mutex<Vec<Fault>>,
    seen: Mutex<Vec<String>>,
    review: Mutex<review::Review>,
    app: Mutex<app::Tokens>,
    protected: Mutex<BTreeSet<String>>,
    most_listed: AtomicUsize,
}

/// A request, taken apart.
struct Asked<'a> {
    method: Method,
    path: Vec<&'a str>,
    query: BTreeMap<String, String>,
    body: Value,
    headers: HeaderMap,
}

/// What is answered: a status with JSON.
struct Answer(StatusCode, Value);

impl Answer {
    fn ok(body: Value) -> Self {
        Self(StatusCode::OK, body)
    }

    fn made(body: Value) -> Self {
        Self(StatusCode::CREATED, body)
    }

    fn refused(status: u16, message: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self(status, json!({ "message": message, "documentation_url": "https://docs.github.com" }))
    }

    fn not_found() -> Self {
        Self::refused(404, "Not Found")
    }
}

impl StandIn {
    /// A repository with nothing but a read-me file on its default branch.
    pub async fn start() -> Self {
        let stand_in = Self::start_empty().await;
        let git = stand_in.world.git.lock().unwrap();
        git::first_commit(&git, DEFAULT_BRANCH);
        drop(git);
        stand_in
    }

    /// A repository that nobody ever pushed to.
    pub async fn start_empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = git2::Repository::init_bare(folder.path()).unwrap();
        let world = World {
            folder,
            git: Mutex::new(git),
            faults: Mutex::default(),
            seen: Mutex::default(),
            review: Mutex::default(),
            app: Mutex::default(),
            protected: Mutex::default(),
            most_listed: AtomicUsize::new(100_000),
        };
        let world = Arc::new(world);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/api/v3", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&world));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, world }
    }

    /// Where its API is.
    pub fn api_url(&self) -> &str {
        &self.address
    }

    /// How to reach it with the token.
    pub fn settings(&self) -> GitHubSettings {
        GitHubSettings {
            api_url: self.address.clone(),
            repository: REPOSITORY.parse().unwrap(),
            credentials: Credentials::Token(SecretValue::new(TOKEN).unwrap()),
            patience: Duration::from_secs(5),
        }
    }

    /// The repository, reached with the token.
    pub fn github(&self) -> GitHub {
        GitHub::new(&self.settings()).unwrap()
    }

    /// The folder of the Git repository behind it.
    pub fn folder(&self) -> &std::path::Path {
        self.world.folder.path()
    }

    /// Answers the next `times` requests that fit with a refusal, and does nothing.
    pub fn refuse(
        &self,
        (method, path): (Method, &'static str),
        times: usize,
        (status, headers, body): (u16, &[(&'static str, &str)], &str),
    ) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        self.fault(method, path, times, How::Instead(status, headers, body.to_owned()));
    }

    /// Carries out the next request that fits, and loses the answer.
    pub fn lose_answer(&self, method: Method, path: &'static str) {
        self.fault(method, path, 1, How::After(StatusCode::BAD_GATEWAY));
    }

    /// Takes its time for the next request that fits.
    pub fn delay(&self, method: Method, path: &'static str, delay: Duration) {
        self.fault(method, path, 1, How::Late(delay));
    }

    fn fault(&self, method: Method, path: &'static str, times: usize, how: How) {
        self.world.faults.lock().unwrap().push(Fault { method, path, times, how });
    }

    /// Trees of more entries are cut off.
    pub fn list_at_most(&self, entries: usize) {
        self.world.most_listed.store(entries, Ordering::Relaxed);
    }

    /// Forbids everybody to move a branch.
    pub fn protect(&self, branch: &BranchName) {
        self.world.protected.lock().unwrap().insert(branch.to_string());
    }

    /// Moves a branch as somebody else does by `git push --force`.
    pub fn push(&self, branch: &BranchName, to: &CommitId) {
        let git = self.world.git.lock().unwrap();
        let to = git2::Oid::from_str(to.as_str()).unwrap();
        git.reference(&format!("refs/heads/{branch}"), to, true, "push").unwrap();
    }

    /// Works in the repository itself.
    pub fn with_git<T>(&self, work: impl FnOnce(&git2::Repository) -> T) -> T {
        work(&self.world.git.lock().unwrap())
    }

    /// Requests so far, as `GET git/ref/heads/main`; the list begins anew.
    pub fn take_seen(&self) -> Vec<String> {
        std::mem::take(&mut self.world.seen.lock().unwrap())
    }
}

/// Answers one request, with the fault that fits it.
async fn answer(State(world): State<Arc<World>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 64 * 1024 * 1024).await.unwrap();
    let path = parts.uri.path().strip_prefix("/api/v3").unwrap_or_default().to_owned();
    let own = path.strip_prefix(&format!("/repos/{REPOSITORY}")).unwrap_or(&path);
    let own = own.trim_start_matches('/').to_owned();
    world.seen.lock().unwrap().push(format!("{} {own}", parts.method));
    let fault = world.fault(&parts.method, &own);
    match fault {
        Some(How::Instead(status, headers, body)) => {
            let mut answer = (status, body).into_response();
            for (name, value) in headers {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            return answer;
        }
        Some(How::Late(delay)) => tokio::time::sleep(delay).await,
        Some(How::After(_)) | None => {}
    }
    let asked = Asked {
        method: parts.method,
        path: path.split('/').filter(|part| !part.is_empty()).collect(),
        query: query(parts.uri.query().unwrap_or_default()),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        headers: parts.headers,
    };
    let Answer(status, body) = world.answer(&asked);
    if let Some(How::After(status)) = fault {
        return (status, "").into_response();
    }
    finished(&asked, status, &body)
}

/// The answer with what GitHub adds to it: branches are asked for on condition that they moved.
fn finished(asked: &Asked<'_>, status: StatusCode, body: &Value) -> Response {
    if status == StatusCode::NO_CONTENT {
        return status.into_response();
    }
    let sha = body["object"]["sha"].as_str().filter(|_| asked.method == Method::GET);
    let etag = sha.map(|sha| format!("W/\"{sha}\""));
    let asked_before = asked.headers.get("if-none-match").and_then(|etag| etag.to_str().ok());
    if etag.is_some() && etag.as_deref() == asked_before {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let mut answer = (status, body.to_string()).into_response();
    let mut add =
        |name, value: String| drop(answer.headers_mut().insert(name, value.parse().unwrap()));
    add("content-type", "application/json; charset=utf-8".to_owned());
    add("x-ratelimit-remaining", "4999".to_owned());
    if let Some(etag) = etag {
        add("etag", etag);
    }
    answer
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl World {
    fn fault(&self, method: &Method, path: &str) -> Option<How> {
        let mut faults = self.faults.lock().unwrap();
        let fits = |fault: &Fault| fault.method == *method && path.starts_with(fault.path);
        let at = faults.iter().position(fits)?;
        let fault = &mut faults[at];
        fault.times -= 1;
        if fault.times == 0 {
            return Some(faults.remove(at).how);
        }
        Some(match &fault.how {
            How::Instead(status, headers, body) => {
                How::Instead(*status, headers.clone(), body.clone())
            }
            How::After(status) => How::After(*status),
            How::Late(delay) => How::Late(*delay),
        })
    }

    fn answer(&self, asked: &Asked<'_>) -> Answer {
        if let Some(answer) = self.of_app(asked) {
            return answer;
        }
        if !self.accepts(asked) {
            return Answer::refused(401, "Bad credentials");
        }
        let ["repos", owner, name, path @ ..] = asked.path.as_slice() else {
            return match asked.path.as_slice() {
                ["user"] => Answer::ok(json!({ "id": ME, "login": "sluice-bot" })),
                _ => Answer::not_found(),
            };
        };
        if format!("{owner}/{name}") != REPOSITORY {
            return Answer::not_found();
        }
        match path {
            [] => Answer::ok(json!({ "full_name": REPOSITORY })),
            ["git", of @ ..] => self.of_git(asked, of),
            ["branches"] => self.branches(asked),
            ["commits"] => self.log(asked),
            ["compare", range] => self.compare(asked, range),
            path => self.of_review(asked, path),
        }
    }
}

/// The asked page of a list.
fn page<T>(asked: &Asked<'_>, all: Vec<T>) -> Vec<T> {
    let number = |name: &str, usual: usize| {
        asked.query.get(name).map_or(usual, |value| value.parse().unwrap())
    };
    let (size, page) = (number("per_page", 30).min(100), number("page", 1));
    all.into_iter().skip(size * (page - 1)).take(size).collect()
}
