//! The Git data API: references, commits, trees, blobs.

use std::sync::atomic::Ordering;

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, ObjectType, Oid, Repository, Signature, Time, Tree};
use serde_json::{Value, json};

use super::{Answer, Asked, World};

/// Makes the first commit of a repository.
pub(super) fn first_commit(git: &Repository, branch: &str) {
    let blob = git.blob(b"# A lake\n").unwrap();
    let mut tree = git.treebuilder(None).unwrap();
    tree.insert("README.md", blob, FileMode::Blob.into()).unwrap();
    let tree = git.find_tree(tree.write().unwrap()).unwrap();
    // Every repository has the tree without files.
    git.treebuilder(None).unwrap().write().unwrap();
    let me = Signature::now("Ada", "ada@example.org").unwrap();
    git.commit(Some(&format!("refs/heads/{branch}")), &me, &me, "First", &tree, &[]).unwrap();
}

pub(super) fn is_empty(git: &Repository) -> bool {
    git.references_glob("refs/heads/*").unwrap().count() == 0
}

impl World {
    pub(super) fn of_git(&self, asked: &Asked<'_>, of: &[&str]) -> Answer {
        let git = self.git.lock().unwrap();
        if is_empty(&git) {
            return Answer::refused(409, "Git Repository is empty.");
        }
        match (&asked.method, of) {
            (&Method::GET, ["ref", "heads", branch @ ..]) => reference(&git, &branch.join("/")),
            (&Method::POST, ["refs"]) => make_reference(&git, &asked.body),
            (&Method::PATCH, ["refs", "heads", branch @ ..]) => {
                self.move_reference(&git, &branch.join("/"), &asked.body)
            }
            (&Method::GET, ["commits", id]) => commit(&git, id),
            (&Method::POST, ["commits"]) => make_commit(&git, &asked.body),
            (&Method::GET, ["trees", id]) => {
                let most = self.most_listed.load(Ordering::Relaxed);
                tree(&git, id, asked.query.contains_key("recursive"), most)
            }
            (&Method::POST, ["trees"]) => make_tree(&git, &asked.body),
            (&Method::GET, ["blobs", id]) => blob(&git, id),
            (&Method::POST, ["blobs"]) => make_blob(&git, &asked.body),
            _ => Answer::not_found(),
        }
    }

    fn move_reference(&self, git: &Repository, branch: &str, body: &Value) -> Answer {
        assert_eq!(body["force"], false, "a branch is never forced");
        if self.protected.lock().unwrap().contains(branch) {
            return Answer::refused(422, "Repository rule violations found");
        }
        let Ok(mut found) = git.find_reference(&format!("refs/heads/{branch}")) else {
            return Answer::refused(422, "Reference does not exist");
        };
        let Some(to) = oid(&body["sha"]).filter(|to| git.find_commit(*to).is_ok()) else {
            return Answer::refused(422, "Object does not exist");
        };
        let from = found.target().unwrap();
        if from != to && !git.graph_descendant_of(to, from).unwrap() {
            return Answer::refused(422, "Update is not a fast forward");
        }
        found.set_target(to, "api").unwrap();
        reference(git, branch)
    }
}

fn oid(value: &Value) -> Option<Oid> {
    value.as_str().filter(|text| text.len() == 40).and_then(|text| Oid::from_str(text).ok())
}

fn reference(git: &Repository, branch: &str) -> Answer {
    match git.find_reference(&format!("refs/heads/{branch}")) {
        Ok(found) => Answer::ok(json!({
            "ref": format!("refs/heads/{branch}"),
            "object": { "type": "commit", "sha": found.target().unwrap().to_string() },
        })),
        Err(_) => Answer::not_found(),
    }
}

fn make_reference(git: &Repository, body: &Value) -> Answer {
    let name = body["ref"].as_str().unwrap();
    let Some(to) = oid(&body["sha"]).filter(|to| git.find_commit(*to).is_ok()) else {
        return Answer::refused(422, "Object does not exist");
    };
    match git.reference(name, to, false, "api") {
        Ok(_) => {
            let Answer(_, body) = reference(git, name.strip_prefix("refs/heads/").unwrap());
            Answer::made(body)
        }
        Err(_) => Answer::refused(422, "Reference already exists"),
    }
}

/// When something was signed, as GitHub writes it.
pub(super) fn signed(signature: &Signature<'_>) -> Value {
    let at = jiff::Timestamp::from_second(signature.when().seconds()).unwrap();
    json!({ "name": signature.name(), "email": signature.email(), "date": at.to_string() })
}

fn commit(git: &Repository, id: &str) -> Answer {
    let Some(found) = Oid::from_str(id).ok().and_then(|id| git.find_commit(id).ok()) else {
        return Answer::not_found();
    };
    let parents = found.parent_ids().map(|id| json!({ "sha": id.to_string() }));
    Answer::ok(json!({
        "sha": id,
        "author": signed(&found.author()),
        "committer": signed(&found.committer()),
        "message": found.message(),
        "tree": { "sha": found.tree_id().to_string() },
        "parents": parents.collect::<Vec<_>>(),
    }))
}

fn signature(value: &Value) -> Signature<'static> {
    let at: jiff::Timestamp = value["date"].as_str().unwrap().parse().unwrap();
    let at = Time::new(at.as_second(), 0);
    Signature::new(value["name"].as_str().unwrap(), value["email"].as_str().unwrap(), &at).unwrap()
}

fn make_commit(git: &Repository, body: &Value) -> Answer {
    let Some(tree) = oid(&body["tree"]).and_then(|id| git.find_tree(id).ok()) else {
        return Answer::refused(422, "Tree SHA does not exist");
    };
    let parents = body["parents"].as_array().unwrap().iter();
    let parents: Option<Vec<_>> =
        parents.map(|id| oid(id).and_then(|id| git.find_commit(id).ok())).collect();
    let Some(parents) = parents else {
        return Answer::refused(422, "Parent SHA does not exist or is not a commit object");
    };
    let parents: Vec<_> = parents.iter().collect();
    let (author, committer) = (signature(&body["author"]), signature(&body["committer"]));
    let message = body["message"].as_str().unwrap();
    let made = git.commit(None, &author, &committer, message, &tree, &parents).unwrap();
    Answer::made(json!({ "sha": made.to_string() }))
}

fn tree(git: &Repository, id: &str, recursive: bool, most: usize) -> Answer {
    let Some(found) = Oid::from_str(id).ok().and_then(|id| git.find_tree(id).ok()) else {
        return Answer::not_found();
    };
    let mut entries = Vec::new();
    list(git, &found, "", recursive, &mut entries);
    let truncated = entries.len() > most;
    entries.truncate(most);
    Answer::ok(json!({ "sha": id, "tree": entries, "truncated": truncated }))
}

fn list(git: &Repository, tree: &Tree<'_>, folder: &str, recursive: bool, all: &mut Vec<Value>) {
    for entry in tree {
        let path = format!("{folder}{}", entry.name().unwrap());
        let kind = entry.kind().unwrap();
        let mut shown = json!({
            "path": path,
            "mode": format!("{:06o}", entry.filemode()),
            "type": kind.str(),
            "sha": entry.id().to_string(),
        });
        if kind == ObjectType::Blob {
            shown["size"] = git.find_blob(entry.id()).unwrap().size().into();
        }
        all.push(shown);
        if recursive && kind == ObjectType::Tree {
            let below = git.find_tree(entry.id()).unwrap();
            list(git, &below, &format!("{path}/"), recursive, all);
        }
    }
}

fn make_tree(git: &Repository, body: &Value) -> Answer {
    let empty = git.find_tree(git.treebuilder(None).unwrap().write().unwrap()).unwrap();
    let base = match oid(&body["base_tree"]) {
        Some(base) => git.find_tree(base).unwrap(),
        None => empty,
    };
    let mut changes = TreeUpdateBuilder::new();
    let entries = body["tree"].as_array().unwrap();
    for entry in entries {
        let path = entry["path"].as_str().unwrap();
        let mode = match entry["mode"].as_str().unwrap() {
            "100755" => FileMode::BlobExecutable,
            _ => FileMode::Blob,
        };
        match (entry["content"].as_str(), oid(&entry["sha"])) {
            (Some(text), _) => drop(changes.upsert(path, git.blob(text.as_bytes()).unwrap(), mode)),
            (None, Some(object)) if git.find_blob(object).is_ok() => {
                changes.upsert(path, object, mode);
            }
            (None, Some(_)) => return Answer::refused(422, "tree.sha is not a blob"),
            (None, None) if base.get_path(path.as_ref()).is_ok() => drop(changes.remove(path)),
            (None, None) => return Answer::refused(422, "GitRPC::BadObjectState"),
        }
    }
    let made = changes.create_updated(git, &base).unwrap();
    if entries.is_empty() || git.find_tree(made).unwrap().is_empty() {
        return Answer::refused(422, "Invalid tree info");
    }
    Answer::made(json!({ "sha": made.to_string(), "tree": [], "truncated": false }))
}

fn blob(git: &Repository, id: &str) -> Answer {
    let Some(found) = Oid::from_str(id).ok().and_then(|id| git.find_blob(id).ok()) else {
        return Answer::not_found();
    };
    // In lines, as GitHub writes it.
    let content = STANDARD.encode(found.content());
    let lines: Vec<_> = content.as_bytes().chunks(60).map(String::from_utf8_lossy).collect();
    let content = format!("{}\n", lines.join("\n"));
    Answer::ok(json!({ "sha": id, "size": found.size(), "content": content, "encoding": "base64" }))
}

fn make_blob(git: &Repository, body: &Value) -> Answer {
    assert_eq!(body["encoding"], "base64");
    let bytes = STANDARD.decode(body["content"].as_str().unwrap()).unwrap();
    Answer::made(json!({ "sha": git.blob(&bytes).unwrap().to_string() }))
}
