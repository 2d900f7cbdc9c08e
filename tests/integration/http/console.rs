//! A console over a lake in a temporary folder, and the people who use it.

use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use axum::response::Response;
use domain::access::{Grant, Role};
use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use serde_json::Value;
use server::accounts::{Accounts, Identity};
use server::audit::{Audit, AuditEntry, AuditFilter};
use server::compose;
use server::config::{Config, DeliveryConfig, MetricsAccess, Secret};
use server::console::Console;
use server::open_lake::OpenLake;
use server::sign_in::SignInMode;
use server::site::Site;
use server::web::router;
use tower::ServiceExt;

pub(crate) use super::answer::Answer;
use crate::support::delivery::Flow;
use crate::support::lake::TestLake;
use crate::support::serve::empty_site;

/// What deliveries of webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "a secret of these tests";

/// A console over a lake with one environment, `dev`, unless a test says otherwise.
pub(crate) struct TestConsole {
    pub(crate) lake: TestLake,
    /// The lake as the console holds it.
    pub(crate) embedded: Arc<OpenLake>,
    /// The pipelines.
    pub(crate) flow: Flow,
    router: Router,
    accounts: Accounts,
}

/// Somebody who is signed in.
pub(crate) struct Person<'a> {
    console: &'a TestConsole,
    /// The id that Sluice gave them.
    pub(crate) id: String,
    cookie: String,
}

impl TestConsole {
    /// Over a lake in which the orders are registered.
    pub(crate) async fn new() -> Self {
        Self::over(TestLake::with_orders().await, |_| {}).await
    }

    /// Over a lake, with changes to how the console holds it.
    pub(crate) async fn over(lake: TestLake, change: impl FnOnce(&mut OpenLake)) -> Self {
        Self::with(lake, None, change).await
    }

    /// Over a lake with its state in the database at a URL.
    pub(crate) async fn on(lake: TestLake, database_url: String) -> Self {
        Self::with(lake, Some(database_url.into()), |_| {}).await
    }

    /// Over an empty lake with these environments, of which `dev` is the first, and pipelines that
    /// hear of pushes by webhook.
    pub(crate) async fn delivering(environments: &[&str]) -> Self {
        let config = Config {
            environments: environments.iter().map(|name| name.parse().unwrap()).collect(),
            delivery: DeliveryConfig {
                webhook_secret: Some(WEBHOOK_SECRET.to_owned().into()),
                ..DeliveryConfig::default()
            },
            ..Config::default()
        };
        Self::open(TestLake::new().await, config, |_| {}).await
    }

    async fn with(
        lake: TestLake,
        database_url: Option<Secret>,
        change: impl FnOnce(&mut OpenLake),
    ) -> Self {
        let environments = vec!["dev".parse().unwrap()];
        Self::open(lake, Config { database_url, environments, ..Config::default() }, change).await
    }

    async fn open(lake: TestLake, mut config: Config, change: impl FnOnce(&mut OpenLake)) -> Self {
        config.data_dir = lake.path().to_owned();
        config.sign_in.mode = Some(SignInMode::Link);
        config.server.metrics = MetricsAccess::Open;
        let mut opened = compose::open_all(&config).await.unwrap();
        change(&mut opened[0]);
        let lakes: Vec<_> = opened.into_iter().map(Arc::new).collect();
        let embedded = Arc::clone(&lakes[0]);
        let public_url = "http://localhost:8340".parse().unwrap();
        let mut flow = Flow::open(&config, &lakes).await;
        if config.delivery.webhook_secret.is_some() {
            // As in team mode: a local repository has no owner.
            Arc::get_mut(&mut flow.delivery).unwrap().repository_name = "acme/lake".to_owned();
        }
        let delivery = Arc::clone(&flow.delivery);
        let site = Site::load(&empty_site(lake.path())).unwrap();
        let console = Console::new(&config, lakes, delivery, site, public_url, false).unwrap();
        let accounts = console.accounts.clone();
        Self { lake, embedded, flow, router: router(Arc::new(console)), accounts }
    }

    /// Somebody with a role in `dev`.
    pub(crate) async fn sign_in(&self, login: &str, role: Role) -> Person<'_> {
        self.sign_in_with(login, role, Some("dev")).await
    }

    /// Somebody with a role in all environments.
    pub(crate) async fn sign_in_everywhere(&self, login: &str, role: Role) -> Person<'_> {
        self.sign_in_with(login, role, None).await
    }

    async fn sign_in_with(&self, login: &str, role: Role, place: Option<&str>) -> Person<'_> {
        let identity = Identity {
            provider: "local".to_owned(),
            subject: login.to_owned(),
            login: login.to_owned(),
            name: None,
        };
        let grant = Grant { role, environment: place.map(|name| name.parse().unwrap()) };
        let session = self.accounts.sign_in(&identity, &[grant], None, Timestamp::now()).await;
        let session = session.unwrap().unwrap();
        let cookie = format!("sluice_session={}", session.secret.reveal());
        Person { console: self, id: session.caller.user.id, cookie }
    }
}

impl TestConsole {
    /// Signs somebody out everywhere.
    pub(crate) async fn end_sessions(&self, person: &Person<'_>) {
        self.accounts.end_sessions(&person.id).await.unwrap();
    }
}

impl TestConsole {
    /// Sends a request as somebody who is not signed in.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    /// The entries of the audit log of an action.
    pub(crate) async fn audited(&self, action: &str) -> Vec<AuditEntry> {
        let action = Some(action.to_owned());
        let filter = AuditFilter { action, limit: 100, ..AuditFilter::default() };
        Audit::new(self.accounts.database().clone()).list(&filter).await.unwrap()
    }
}

impl Person<'_> {
    /// Asks for a path below `/api/v1/environments/dev`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Sends JSON to a path below `/api/v1/environments/dev`.
    pub(crate) async fn post(&self, path: &str, json: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, path, &headers, json.to_string().into()).await
    }

    /// Sends a request to a path below `/api/v1/environments/dev`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        self.api(method, &format!("/environments/dev{path}"), headers, body).await
    }

    /// Sends a request to a path below `/api/v1`.
    pub(crate) async fn api(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let uri = format!("/api/v1{path}");
        let mut request = Request::builder().method(method).uri(uri).header("cookie", &self.cookie);
        request = request.header("sec-fetch-site", "same-origin");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(body).unwrap()).await
    }

    /// The HTML of a page.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header("cookie", &self.cookie);
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    /// The answer to a path below `/api/v1/environments/dev` while it still comes.
    pub(crate) async fn stream(&self, path: &str) -> Response {
        let uri = format!("/api/v1/environments/dev{path}");
        let request = Request::builder().uri(uri).header("cookie", &self.cookie);
        let request = request.body(Body::empty()).unwrap();
        self.console.router.clone().oneshot(request).await.unwrap()
    }

    /// Server-sent events as (event, data).
    pub(crate) async fn listen(&self) -> Pin<Box<dyn Stream<Item = (String, String)> + Send>> {
        let body = self.stream("/events").await.into_body().into_data_stream();
        let chunks = body.map(|chunk| String::from_utf8(chunk.unwrap().to_vec()).unwrap());
        let events = chunks.flat_map(|chunk| {
            let events: Vec<_> = chunk.split("\n\n").filter_map(event).collect();
            stream::iter(events)
        });
        Box::pin(events)
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        self.console.ask(request).await
    }
}

fn event(text: &str) -> Option<(String, String)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some((field("event: ")?.to_owned(), field("data: ")?.to_owned()))
}
