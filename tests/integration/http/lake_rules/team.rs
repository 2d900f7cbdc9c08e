//! A team with a lake repository over two environments, `dev` and `prod`, in a temporary folder.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use domain::access::{Grant, Role};
use domain::approval::{Decision, Verdict};
use domain::branch::{Author, BranchName};
use domain::environment::EnvironmentName;
use domain::pipeline::{Execution, ExecutionStatus};
use infra::lake_repository::FileChange;
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;
use serde_json::Value;
use server::accounts::{Accounts, FromTeams, Identity};
use server::compose;
use server::compose::delivery as compose_delivery;
use server::config::Config;
use server::console::Console;
use server::delivery::Delivery;
use server::open_lake::OpenLake;
use server::sign_in::SignInMode;
use server::site::Site;
use server::web::router;
use tower::ServiceExt;

use crate::http::answer::Answer;
use crate::support::lake::{ORDERS_SQL, orders};
use crate::support::serve::empty_site;

/// `sluice.toml` without what is asked of deployments.
const LAKE: &str = r#"
[lake]
logical_id_prefix = "Shop"
resource_name_prefix = "shop"

[tags]
cost_center = "4711"
team = "shop"
application = "lake"

[[environments]]
name = "dev"
branch = "main"
account = "111111111111"
region = "eu-central-1"
parameters = { ServerRoleArn = "arn:aws:iam::444444444444:role/sluice-server" }

[[environments]]
name = "prod"
branch = "production"
account = "333333333333"
region = "eu-central-1"
parameters = { ServerRoleArn = "arn:aws:iam::444444444444:role/sluice-server" }
"#;

/// The team and all that it works with.
pub(super) struct Team {
    pub(super) folder: tempfile::TempDir,
    pub(super) lakes: Vec<Arc<OpenLake>>,
    pub(super) delivery: Arc<Delivery>,
    pub(super) accounts: Accounts,
    router: Router,
}

/// The session of somebody who is signed in.
pub(super) struct Member {
    cookie: String,
    pub(super) login: String,
}

impl Team {
    /// Over an empty lake repository.
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with changes to the configuration of the server.
    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environments = ["dev", "prod"].map(|name| name.parse().unwrap());
        let mut config = Config {
            data_dir: folder.path().to_owned(),
            environments: environments.into(),
            ..Config::default()
        };
        config.sign_in.mode = Some(SignInMode::Link);
        change(&mut config);
        let lakes = compose::open_all(&config).await.unwrap();
        let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
        let delivery = Arc::new(compose_delivery::open(&config, &lakes).await.unwrap());
        let site = Site::load(&empty_site(folder.path())).unwrap();
        let url = "http://localhost:8340".parse().unwrap();
        let console =
            Console::new(&config, lakes.clone(), Arc::clone(&delivery), site, url, false).unwrap();
        let accounts = console.accounts.clone();
        Self { folder, lakes, delivery, accounts, router: router(Arc::new(console)) }
    }

    /// The lake of an environment.
    pub(super) fn lake(&self, name: &str) -> &OpenLake {
        self.delivery.lake(&environment(name)).unwrap()
    }

    /// Commits files to main; an empty text deletes. `sluice.toml` is what is added to the usual one.
    pub(super) async fn commit(&self, files: &[(&str, &str)]) {
        let main: BranchName = "main".parse().unwrap();
        let repository = &self.delivery.repository;
        let head = repository.head(&main).await.unwrap();
        let mut all: Vec<(String, String)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        if head.is_none() {
            all.push(("sources/shop/orders.toml".into(), toml::to_string(&orders()).unwrap()));
            all.push(("transformations/shop/orders.sql".into(), ORDERS_SQL.into()));
            if !files.iter().any(|(path, _)| *path == "sluice.toml") {
                all.push(("sluice.toml".into(), String::new()));
            }
        }
        let changes = all.into_iter().map(|(path, text)| match (path.as_str(), text.as_str()) {
            ("sluice.toml", more) => {
                let bytes = format!("{LAKE}\n{more}").into_bytes();
                FileChange::Write { path, bytes }
            }
            (_, "") => FileChange::Remove { path },
            (_, text) => {
                let bytes = text.as_bytes().to_vec();
                FileChange::Write { path, bytes }
            }
        });
        let changes: Vec<_> = changes.collect();
        let author = Author { name: "cleo".into(), email: "cleo@example.org".into() };
        repository.save(&main, head.as_ref(), &changes, &author, "Change the lake").await.unwrap();
    }

    /// Lets pipelines find what was pushed, and carries out what they can.
    pub(super) async fn look(&self) {
        self.delivery.look_at_all().await.unwrap();
        self.delivery.carry_out_due().await.unwrap();
    }

    /// The newest execution of an environment.
    pub(super) async fn newest(&self, name: &str) -> Execution {
        let filter = ExecutionFilter {
            environment: Some(environment(name)),
            limit: 1,
            ..ExecutionFilter::default()
        };
        self.delivery.pipelines.list(&filter).await.unwrap().pop().unwrap()
    }

    /// Commits, and lets everything through to dev; nobody's rules are asked.
    pub(super) async fn deploy(&self, files: &[(&str, &str)]) -> Execution {
        self.commit(files).await;
        self.look().await;
        self.let_through("dev").await
    }

    /// Moves what runs in dev to prod, in the same way.
    pub(super) async fn promote(&self) -> Execution {
        self.ask_to_promote().await;
        self.let_through("prod").await
    }

    /// Asks for what runs in dev to be moved to prod, and lets the pipeline go as far as it can.
    pub(super) async fn ask_to_promote(&self) -> Execution {
        let running =
            self.delivery.pipelines.environment(&environment("dev")).await.unwrap().running;
        let by = self.accounts.on_this_machine(Timestamp::now()).await.unwrap().person();
        let release = running.unwrap().release;
        self.delivery.promote(&environment("prod"), &release, by).await.unwrap();
        self.delivery.carry_out_due().await.unwrap();
        self.newest("prod").await
    }

    /// Breaks the glass if people are asked, and expects the newest execution to succeed.
    pub(super) async fn let_through(&self, name: &str) -> Execution {
        let waiting = self.newest(name).await;
        if waiting.status == ExecutionStatus::AwaitingApproval {
            self.break_glass(&waiting).await;
        }
        let done = self.newest(name).await;
        let notes: Vec<_> = done.stages.iter().filter_map(|stage| stage.note.clone()).collect();
        assert_eq!(done.status, ExecutionStatus::Succeeded, "{notes:#?}");
        done
    }

    /// Sets the rules aside as an admin, and lets the pipeline go as far as it can.
    pub(super) async fn break_glass(&self, waiting: &Execution) {
        let now = Timestamp::now();
        let (plan, digest) = self.delivery.pipelines.plan(waiting.id).await.unwrap();
        let decision = Decision {
            plan: digest,
            by: self.accounts.on_this_machine(now).await.unwrap().person(),
            verdict: Verdict::Approve,
            reason: "a test".into(),
            typed: plan.endangered().map(|(_, change)| change.name().to_owned()).collect(),
            break_glass: true,
            at: now,
        };
        self.delivery.decide(waiting, &decision, now).await.unwrap();
        self.delivery.carry_out_due().await.unwrap();
    }

    /// Signs somebody in with roles everywhere.
    pub(super) async fn sign_in(&self, login: &str, roles: &[Role]) -> Member {
        let now = Timestamp::now();
        let given = FromTeams {
            grants: roles.iter().copied().map(Grant::everywhere).collect(),
            teams: Vec::new(),
        };
        let session = self.accounts.sign_in_from_teams(&identity(login), &given, None, now).await;
        let session = session.unwrap().unwrap();
        let cookie = format!("sluice_session={}", session.secret.reveal());
        Member { cookie, login: login.to_owned() }
    }

    /// Lets an approver sign in once more, by now in these teams and no others.
    pub(super) async fn join(&self, login: &str, teams: &[&str]) {
        let given = FromTeams {
            grants: vec![Grant::everywhere(Role::Approver)],
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        };
        let now = Timestamp::now();
        let session = self.accounts.sign_in_from_teams(&identity(login), &given, None, now).await;
        assert!(session.unwrap().is_some());
    }

    /// Asks for a path below `/api/v1`.
    pub(super) async fn get(&self, member: &Member, path: &str) -> Answer {
        self.send(member, Method::GET, &format!("/api/v1{path}"), Body::empty()).await
    }

    /// Sends JSON to a path below `/api/v1`.
    pub(super) async fn put(&self, member: &Member, path: &str, json: Value) -> Answer {
        self.send(member, Method::PUT, &format!("/api/v1{path}"), json.to_string().into()).await
    }

    /// The HTML of a page.
    pub(super) async fn page(&self, member: &Member, path: &str) -> Answer {
        self.send(member, Method::GET, path, Body::empty()).await
    }

    async fn send(&self, member: &Member, method: Method, path: &str, body: Body) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("cookie", &member.cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/json");
        Answer::of(self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap()).await
    }
}

fn identity(login: &str) -> Identity {
    Identity {
        provider: "local".to_owned(),
        subject: login.to_owned(),
        login: login.to_owned(),
        name: None,
    }
}

/// An environment's name.
pub(super) fn environment(name: &str) -> EnvironmentName {
    name.parse().unwrap()
}
