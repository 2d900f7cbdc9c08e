//! `[[notifications]]` of the release that runs say who is told what.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Json, State};
use axum::routing::post;
use domain::access::Role;
use etl_engine::notify::deliver_due;
use serde_json::Value;
use server::config::{NotificationsConfig, TargetConfig};

use super::team::Team;
use crate::support::lake::file;

const ROUTES: &str = r#"
[[notifications]]
target = "oncall"
events = ["run_held", "deployed", "approval_needed"]

[[notifications]]
target = "nobody-configured-it"
events = ["run_failed"]
environments = ["prod"]
"#;

/// Who is told over HTTP, and what they were told, as `<name> <event>`.
struct Listeners {
    told: Arc<Mutex<Vec<String>>>,
    url: String,
}

impl Listeners {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new().route("/{name}", post(hear)).with_state(Arc::clone(&told));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { told, url }
    }

    fn config(&self) -> NotificationsConfig {
        let target = TargetConfig {
            webhook_url: Some(format!("{}/oncall", self.url).into()),
            ..TargetConfig::default()
        };
        NotificationsConfig {
            webhook_url: Some(format!("{}/webhook", self.url).into()),
            targets: [("oncall".to_owned(), target)].into(),
            ..NotificationsConfig::default()
        }
    }

    /// What was told since the last call, sorted.
    async fn take(&self, team: &Team) -> Vec<String> {
        for lake in &team.lakes {
            deliver_due(lake.lake.outbox.as_ref(), &lake.notifiers).await.unwrap();
        }
        let mut told = std::mem::take(&mut *self.told.lock().unwrap());
        told.sort();
        told
    }
}

async fn hear(
    State(told): State<Arc<Mutex<Vec<String>>>>,
    axum::extract::Path(name): axum::extract::Path<String>,
    Json(body): Json<Value>,
) {
    let subject = body["subject"].as_str().unwrap();
    let place = subject.split(']').next().unwrap().trim_start_matches('[');
    let event = body["event"].as_str().unwrap_or("no event");
    told.lock().unwrap().push(format!("{name} {place} {event}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_routes_hold_from_the_deployment_that_brings_them() {
    let listeners = Listeners::start().await;
    let team = Team::with(|config| config.notifications = listeners.config()).await;
    let ada = team.sign_in("ada", &[Role::Admin]).await;
    team.deploy(&[]).await;
    assert_eq!(
        listeners.take(&team).await,
        ["webhook dev approval_needed", "webhook dev deployed"],
        "as long as nobody says otherwise the usual target is told everything"
    );
    let settings = team.get(&ada, "/environments/dev/notifications").await;
    assert_eq!(settings.json["routed"], false, "{settings:?}");

    let brought = team.deploy(&[("sluice.toml", ROUTES)]).await;
    assert_eq!(listeners.take(&team).await, ["oncall dev deployed"]);
    record(&team, "dev", "other/things/a.csv").await;
    assert_eq!(listeners.take(&team).await, ["oncall dev run_held"]);
    assert_eq!(listeners.take(&team).await, [""; 0], "each is told once");
    record(&team, "prod", "other/things/b.csv").await;
    assert_eq!(listeners.take(&team).await, ["webhook prod run_held"], "prod has no release yet");

    let path = format!("/environments/dev/executions/{}/plan", brought.id);
    let plan = team.get(&ada, &path).await;
    let sentence = plan.json["rules_change"][0].as_str().unwrap();
    assert_eq!(
        sentence,
        "Notifications of dev change: before as the server is configured, after oncall: run_held, \
         deployed, approval_needed"
    );
    team.promote().await;
    let settings = team.get(&ada, "/environments/prod/notifications").await;
    let targets = settings.json["targets"].as_array().unwrap();
    let told = |name: &str| {
        let found = targets.iter().find(|target| target["target"] == name).unwrap();
        (found["configured"].as_bool().unwrap(), found["told"].as_array().unwrap().len())
    };
    assert_eq!(told("oncall"), (true, 1));
    assert_eq!(told("webhook"), (true, 0), "no route asks for it");
    assert_eq!(told("nobody-configured-it"), (false, 1));
    let page = team.page(&ada, "/settings/notifications?environment=prod").await;
    assert!(page.text.contains("not configured"), "the page says that nobody is told");
    let log = team.newest("prod").await;
    let lines = team.delivery.pipelines.lines(log.id, 0, 1_000).await.unwrap();
    let warned = lines.iter().any(|line| line.message.contains("notifications.targets.nobody"));
    assert!(warned, "the deployment's log says what is missing");

    team.deploy(&[("sluice.toml", "")]).await;
    listeners.take(&team).await;
    record(&team, "dev", "other/things/c.csv").await;
    assert_eq!(
        listeners.take(&team).await,
        ["webhook dev run_held"],
        "routes go with a release too"
    );
}

fn write(team: &Team, name: &str) -> std::path::PathBuf {
    let path = team.folder.path().join(name);
    std::fs::write(&path, file([(1, 1)])).unwrap();
    path
}

/// A file of a dataset that nobody registered arrives.
async fn record(team: &Team, place: &str, key: &str) {
    let lake = team.lake(place);
    let arrival = lake.land(key, &write(team, "landing.csv"), |_| {}).await.unwrap();
    let trigger = domain::run::Trigger::Event;
    etl_engine::run::record_arrival(&lake.lake, arrival, trigger, "test").await.unwrap();
}
