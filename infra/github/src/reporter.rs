//! Statuses of commits and comments on pull requests.
//!
//! What was told is read before anything is told, so that telling it again changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Result;
use domain::environment::EnvironmentName;
use infra::change_report::{ChangeReporter, CommitReport, PlanReport, ReportState};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, Identity, PAGE, Twice};

/// Most comments of a pull request that are read to find the own one.
const MOST_COMMENTS: usize = 5_000;
/// Most pull requests of one branch: each base may have one.
const MOST_PULL_REQUESTS: usize = 1_000;

/// The [`ChangeReporter`] that speaks on GitHub.
#[derive(Debug, Clone)]
pub struct GitHubChangeReporter {
    client: Arc<Client>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
    description: Option<String>,
    target_url: Option<String>,
}

#[derive(Deserialize)]
struct PullRequest {
    number: u64,
    head: Head,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "ref")]
    branch: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    user: Option<Numbered>,
    performed_via_github_app: Option<Numbered>,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

impl GitHubChangeReporter {
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self { client }
    }

    /// Puts a comment under a pull request, in place of the own one with the same first line.
    async fn comment(&self, pull_request: u64, marker: &str, body: &str) -> Result<()> {
        let me = self.client.identity().await?;
        let path = format!("issues/{pull_request}/comments");
        let doing = format!("comment on pull request {pull_request}");
        let comments: Vec<Comment> = self.client.all(&path, MOST_COMMENTS, &doing).await?;
        let mut own = comments.into_iter().filter(|comment| comment.is(&me, marker));
        match own.next() {
            None => {
                let _: Value =
                    self.client.post(&path, &json!({ "body": body }), Twice::Other, &doing).await?;
            }
            Some(comment) if comment.body.as_deref().is_some_and(|told| same(told, body)) => {}
            Some(comment) => {
                let path = format!("issues/comments/{}", comment.id);
                let body = json!({ "body": body });
                let _: Value = self.client.patch(&path, &body, Twice::Same, &doing).await?;
            }
        }
        // Two processes may have told it at the same moment: one comment stays.
        for surplus in own {
            self.client.delete(&format!("issues/comments/{}", surplus.id), &doing).await?;
        }
        Ok(())
    }
}

impl Comment {
    /// Anybody can write the marker; nobody else can write it as us.
    fn is(&self, me: &Identity, marker: &str) -> bool {
        let id = |who: &Option<Numbered>| who.as_ref().map(|who| who.id);
        let own = match me {
            Identity::App(app) => id(&self.performed_via_github_app) == Some(*app),
            Identity::Person(person) => {
                id(&self.user) == Some(*person) && self.performed_via_github_app.is_none()
            }
        };
        own && self.body.as_deref().is_some_and(|body| body.starts_with(marker))
    }
}

/// GitHub may change ends of lines, and what follows the last of them.
fn same(one: &str, other: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
    lines(one) == lines(other)
}

fn context(environment: &EnvironmentName) -> String {
    format!("sluice/{environment}")
}

fn marker(environment: &EnvironmentName) -> String {
    format!("<!-- sluice:plan:{environment} -->")
}

fn state(state: ReportState) -> &'static str {
    match state {
        ReportState::Pending => "pending",
        ReportState::Success => "success",
        ReportState::Failure => "failure",
        ReportState::Error => "error",
    }
}

#[async_trait]
impl ChangeReporter for GitHubChangeReporter {
    async fn report_commit(&self, report: &CommitReport) -> Result<()> {
        let CommitReport { commit, environment, summary, link, .. } = report;
        let (context, state) = (context(environment), state(report.state));
        let doing = format!("set the status of commit {}", commit.short());
        // The latest come first; one page holds many more contexts than a lake has environments.
        let path = format!("commits/{commit}/statuses?per_page={PAGE}");
        let told: Vec<Status> = self.client.get(&path, &doing).await?;
        let latest = told.iter().find(|status| status.context == context);
        let is_told = latest.is_some_and(|latest| {
            latest.state == state
                && latest.description.as_deref() == Some(summary)
                && latest.target_url.as_deref() == Some(link)
        });
        if is_told {
            return Ok(());
        }
        let body = json!({
            "state": state,
            "context": context,
            "description": summary,
            "target_url": link,
        });
        let path = format!("statuses/{commit}");
        let _: Value = self.client.post(&path, &body, Twice::Same, &doing).await?;
        Ok(())
    }

    async fn report_plan(&self, report: &PlanReport) -> Result<usize> {
        let PlanReport { branch, environment, markdown } = report;
        let owner = self.client.repository().owner();
        let path = format!("pulls?state=open&head={owner}:{branch}");
        let doing = format!("find the pull requests of branch {branch}");
        let open: Vec<PullRequest> = self.client.all(&path, MOST_PULL_REQUESTS, &doing).await?;
        let marker = marker(environment);
        let body = format!("{marker}\n{markdown}");
        let mut told = 0;
        for pull_request in open.iter().filter(|open| open.head.branch == branch.as_str()) {
            self.comment(pull_request.number, &marker, &body).await?;
            told += 1;
        }
        Ok(told)
    }
}
