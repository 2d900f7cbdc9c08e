//! Branches, logs and comparisons.

use git2::{Commit, Oid, Repository, Sort};
use serde_json::{Value, json};

use super::git::{is_empty, signed};
use super::{Answer, Asked, World, page};

impl World {
    pub(super) fn branches(&self, asked: &Asked<'_>) -> Answer {
        let git = self.git.lock().unwrap();
        let mut all: Vec<Value> = Vec::new();
        for found in git.references_glob("refs/heads/*").unwrap() {
            let found = found.unwrap();
            let name = found.name().unwrap().strip_prefix("refs/heads/").unwrap().to_owned();
            let head = found.target().unwrap().to_string();
            all.push(json!({ "name": name, "commit": { "sha": head }, "protected": false }));
        }
        Answer::ok(page(asked, all).into())
    }

    pub(super) fn log(&self, asked: &Asked<'_>) -> Answer {
        let git = self.git.lock().unwrap();
        if is_empty(&git) {
            return Answer::refused(409, "Git Repository is empty.");
        }
        let Some(from) = commit(&git, &asked.query["sha"]) else {
            return Answer::refused(404, "No commit found for SHA");
        };
        let reached = walk(&git, from.id(), None);
        Answer::ok(page(asked, reached).into_iter().map(|id| listed(&git, id)).collect())
    }

    pub(super) fn compare(&self, asked: &Asked<'_>, range: &str) -> Answer {
        let git = self.git.lock().unwrap();
        let (base, head) = range.split_once("...").unwrap();
        let (Some(base), Some(head)) = (commit(&git, base), commit(&git, head)) else {
            return Answer::not_found();
        };
        let Ok(common) = git.merge_base(base.id(), head.id()) else {
            return Answer::refused(404, &format!("No common ancestor between {range}"));
        };
        let mut ahead = walk(&git, head.id(), Some(base.id()));
        let behind = walk(&git, base.id(), Some(head.id()));
        let status = match (ahead.is_empty(), behind.is_empty()) {
            (true, true) => "identical",
            (false, true) => "ahead",
            (true, false) => "behind",
            (false, false) => "diverged",
        };
        ahead.reverse();
        let total = ahead.len();
        let commits: Vec<_> = page(asked, ahead).into_iter().map(|id| listed(&git, id)).collect();
        Answer::ok(json!({
            "status": status,
            "merge_base_commit": listed(&git, common),
            "total_commits": total,
            "commits": commits,
        }))
    }
}

fn commit<'g>(git: &'g Repository, id: &str) -> Option<Commit<'g>> {
    Oid::from_str(id).ok().and_then(|id| git.find_commit(id).ok())
}

/// What is reached, newest first.
fn walk(git: &Repository, from: Oid, until: Option<Oid>) -> Vec<Oid> {
    let mut walk = git.revwalk().unwrap();
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME).unwrap();
    walk.push(from).unwrap();
    if let Some(until) = until {
        walk.hide(until).unwrap();
    }
    walk.map(Result::unwrap).collect()
}

fn listed(git: &Repository, id: Oid) -> Value {
    let found = git.find_commit(id).unwrap();
    let parents = found.parent_ids().map(|id| json!({ "sha": id.to_string() }));
    json!({
        "sha": id.to_string(),
        "commit": {
            "author": signed(&found.author()),
            "committer": signed(&found.committer()),
            "message": found.message(),
            "tree": { "sha": found.tree_id().to_string() },
        },
        "parents": parents.collect::<Vec<_>>(),
    })
}
