//! Statuses, pull requests, comments.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{APP_NUMBER, Answer, Asked, ME, StandIn, World, page};

/// What reviewers see.
#[derive(Default)]
pub(super) struct Review {
    statuses: BTreeMap<String, Vec<Value>>,
    /// Numbers with branch and owner of the head.
    pull_requests: Vec<(u64, String, String)>,
    comments: Vec<Comment>,
    counted: u64,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Of the pull request.
    pub pull_request: u64,
    /// The number of whoever wrote it, or of the app.
    pub by: u64,
    /// What it says.
    pub body: String,
}

impl StandIn {
    /// Opens a pull request.
    pub fn open(&self, number: u64, owner: &str, branch: &str) {
        let mut review = self.world.review.lock().unwrap();
        review.pull_requests.push((number, owner.to_owned(), branch.to_owned()));
    }

    /// Writes a comment as somebody.
    pub fn write(&self, pull_request: u64, by: u64, body: &str) {
        let mut review = self.world.review.lock().unwrap();
        review.counted += 1;
        let id = review.counted;
        review.comments.push(Comment { id, pull_request, by, body: body.to_owned() });
    }

    /// All comments of a pull request, the oldest first.
    pub fn comments(&self, pull_request: u64) -> Vec<Comment> {
        let review = self.world.review.lock().unwrap();
        let of = review.comments.iter().filter(|comment| comment.pull_request == pull_request);
        of.cloned().collect()
    }

    /// All statuses of a commit, the oldest first.
    pub fn statuses(&self, commit: &str) -> Vec<Value> {
        self.world.review.lock().unwrap().statuses.get(commit).cloned().unwrap_or_default()
    }
}

impl World {
    pub(super) fn of_review(&self, asked: &Asked<'_>, path: &[&str]) -> Answer {
        let mut review = self.review.lock().unwrap();
        let by = if self.is_app(asked) { APP_NUMBER } else { ME };
        match (&asked.method, path) {
            (&Method::GET, ["commits", commit, "statuses"]) => {
                let mut all = review.statuses.get(*commit).cloned().unwrap_or_default();
                all.reverse();
                Answer::ok(page(asked, all).into())
            }
            (&Method::POST, ["statuses", commit]) => self.set_status(asked, commit, &mut review),
            (&Method::GET, ["pulls"]) => {
                let (owner, branch) = asked.query["head"].split_once(':').unwrap();
                let found = review.pull_requests.iter();
                let found = found.filter(|(_, own, head)| own == owner && head == branch);
                let shown = found.map(|(number, _, head)| {
                    json!({ "number": number, "state": "open", "head": { "ref": head } })
                });
                Answer::ok(page(asked, shown.collect()).into())
            }
            (&Method::GET, ["issues", number, "comments"]) => {
                let number: u64 = number.parse().unwrap();
                let of = review.comments.iter().filter(|one| one.pull_request == number);
                Answer::ok(page(asked, of.map(shown).collect()).into())
            }
            (&Method::POST, ["issues", number, "comments"]) => {
                review.counted += 1;
                let id = review.counted;
                let body = asked.body["body"].as_str().unwrap().to_owned();
                assert!(body.chars().count() <= 65_536, "GitHub takes no longer comments");
                let pull_request = number.parse().unwrap();
                let comment = Comment { id, pull_request, by, body };
                review.comments.push(comment.clone());
                Answer::made(shown(&comment))
            }
            (method, ["issues", "comments", id]) => {
                let id: u64 = id.parse().unwrap();
                let Some(at) = review.comments.iter().position(|one| one.id == id) else {
                    return Answer::not_found();
                };
                if review.comments[at].by != by {
                    return Answer::refused(403, "You cannot change comments of others");
                }
                if method == Method::DELETE {
                    review.comments.remove(at);
                    return Answer(StatusCode::NO_CONTENT, Value::Null);
                }
                review.comments[at].body = asked.body["body"].as_str().unwrap().to_owned();
                Answer::ok(shown(&review.comments[at]))
            }
            _ => Answer::not_found(),
        }
    }

    fn set_status(&self, asked: &Asked<'_>, commit: &str, review: &mut Review) -> Answer {
        let git = self.git.lock().unwrap();
        let there = git2::Oid::from_str(commit).is_ok_and(|id| git.find_commit(id).is_ok());
        if !there {
            return Answer::refused(422, "No commit found for SHA");
        }
        let description = asked.body["description"].as_str().unwrap();
        if description.chars().count() > 140 {
            return Answer::refused(422, "description is too long (maximum is 140 characters)");
        }
        review.statuses.entry(commit.to_owned()).or_default().push(asked.body.clone());
        Answer::made(asked.body.clone())
    }
}

fn shown(comment: &Comment) -> Value {
    let app = (comment.by == APP_NUMBER).then(|| json!({ "id": APP_NUMBER }));
    let user = if app.is_some() { 9_000 + comment.by } else { comment.by };
    json!({
        "id": comment.id,
        "body": comment.body,
        // Who left GitHub is nobody.
        "user": (user != 0).then(|| json!({ "id": user })),
        "performed_via_github_app": app,
    })
}
