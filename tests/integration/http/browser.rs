//! A console with its sign-in, and browsers that keep cookies and say where their requests come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use domain::access::{Grant, Role};
use jiff::Timestamp;
use serde_json::Value;
use server::accounts::Identity;
use server::compose;
use server::compose::delivery as compose_delivery;
use server::config::Config;
use server::console::Console;
use server::sign_in::SignInConfig;
use server::site::Site;
use server::web::router;
use tower::ServiceExt;

pub(crate) use super::answer::Answer;

pub(crate) const PLAIN: &str = "http://localhost:8340";

/// A console over an empty lake with the usual environments.
pub(crate) struct Served {
    _folder: tempfile::TempDir,
    pub(crate) console: Arc<Console>,
    router: Router,
}

impl Served {
    pub(crate) async fn by_link() -> Self {
        Self::new(SignInConfig::by_link(), PLAIN).await
    }

    pub(crate) async fn new(sign_in: SignInConfig, public_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = crate::support::serve::empty_site(folder.path());
        let config = Config { data_dir: folder.path().join("lake"), sign_in, ..Config::default() };
        let lakes = compose::open_all(&config).await.unwrap();
        let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
        let delivery = Arc::new(compose_delivery::open(&config, &lakes).await.unwrap());
        let (site, url) = (Site::load(&site).unwrap(), public_url.parse().unwrap());
        let console = Arc::new(Console::new(&config, lakes, delivery, site, url, false).unwrap());
        Self { _folder: folder, router: router(Arc::clone(&console)), console }
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        let origin = self.console.public_url.origin().ascii_serialization();
        Browser { router: self.router.clone(), origin, cookies: BTreeMap::new() }
    }

    /// A browser of somebody with these roles, by a way past the sign-in.
    pub(crate) async fn signed_in(&self, login: &str, roles: &[(Role, Option<&str>)]) -> Browser {
        let identity = Identity {
            provider: self.console.sign_in.config().provider(),
            subject: login.to_owned(),
            login: login.to_owned(),
            name: Some(format!("{login} of Test")),
        };
        let grants: Vec<_> = roles
            .iter()
            .map(|(role, environment)| Grant {
                role: *role,
                environment: environment.map(|name| name.parse().unwrap()),
            })
            .collect();
        let accounts = &self.console.accounts;
        let session = accounts.sign_in(&identity, &grants, None, Timestamp::now()).await;
        let secret = session.unwrap().unwrap().secret;
        let mut browser = self.browser();
        let name = self.console.sign_in.session_cookie.name().to_owned();
        browser.cookies.insert(name, secret.reveal().to_owned());
        browser
    }
}

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    /// Goes to a page, or reads from the API.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Sends a form of a page of the console.
    pub(crate) async fn submit(&mut self, path: &str, form: &str) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.send(Method::POST, path, &[kind], form.to_owned().into()).await
    }

    /// Sends JSON to the API.
    pub(crate) async fn change(&mut self, method: Method, path: &str, json: Value) -> Answer {
        self.change_with(method, path, &[], json).await
    }

    /// Sends JSON to the API, with more headers.
    pub(crate) async fn change_with(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        json: Value,
    ) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        self.send(method, path, &all, json.to_string().into()).await
    }

    /// Sends a request, as coming from the console unless `headers` name another origin.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(&method).uri(path);
        if method != Method::GET && !headers.iter().any(|(name, _)| *name == "origin") {
            request = request.header("origin", &self.origin);
        }
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies: Vec<_> = cookies.collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let answer = Answer::of(response).await;
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie::Cookie::parse(line.to_str().unwrap()).unwrap();
            match cookie.max_age().is_some_and(|age| age.is_zero()) {
                true => _ = self.cookies.remove(cookie.name()),
                false => {
                    let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
                    self.cookies.insert(name, value);
                }
            }
        }
    }
}
