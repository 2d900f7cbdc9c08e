//! Statements of policies, in a form that can be compared.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::condition::{self, Condition};
use super::principal;
use super::text::{referred, texts};
use crate::template::Resolved;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Allow,
    Deny,
}

/// What a statement is about, in one of its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Set {
    /// These, wildcards allowed.
    Only(Vec<String>),
    /// All but these.
    Except(BTreeSet<String>),
}

/// Whose policy a statement stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// Of the principals themselves, as a role's inline policy.
    Identity,
    /// Says who may become a role, as "role Engine".
    Trust(String),
    /// Of a resource, as "bucket Raw".
    Resource(String),
}

/// A statement with everything that it says.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) logical_id: String,
    pub(super) owner: Owner,
    /// The logical id of the owner or of one holder, when the template has it.
    pub(super) about: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Set,
    pub(super) actions: Set,
    pub(super) resources: Set,
    pub(super) conditions: BTreeSet<Condition>,
    /// The whole text when it cannot be read.
    pub(super) opaque: Option<String>,
}

impl Statement {
    /// Whether what it is about is part of `stack`; what the template does not make always is.
    pub(super) fn is_about(&self, stack: &Resolved) -> bool {
        self.about.as_ref().is_none_or(|name| stack.resources.contains_key(name))
    }
}

/// Where a policy stands: what its statements have in common.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) logical_id: String,
    pub(super) owner: Owner,
    /// Who holds it, or, for policies of resources, whom a statement means that names nobody.
    pub(super) holders: Vec<String>,
    /// What it belongs to, as text.
    pub(super) about: String,
}

impl Place {
    /// The statements of a policy document.
    pub(super) fn statements(&self, document: &Value) -> Vec<Statement> {
        let one;
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(statement) => {
                one = vec![statement.clone()];
                &one
            }
            None => return self.opaque(document),
        };
        let read = |one| match self.read(one) {
            Ok(statement) => vec![statement],
            Err(Unreadable) => self.opaque(one),
        };
        statements.iter().flat_map(read).collect()
    }

    /// What is only known to be equal to itself: it may allow and it may deny.
    pub(super) fn opaque(&self, value: &Value) -> Vec<Statement> {
        let one = |effect| Statement { opaque: Some(value.to_string()), ..self.empty(effect) };
        vec![one(Effect::Allow), one(Effect::Deny)]
    }

    /// One that says nothing yet.
    pub(super) fn empty(&self, effect: Effect) -> Statement {
        Statement {
            logical_id: self.logical_id.clone(),
            owner: self.owner.clone(),
            about: referred(&self.about).map(str::to_owned),
            effect,
            principals: Set::Only(self.holders.clone()),
            actions: Set::Only(Vec::new()),
            resources: Set::Only(vec!["*".to_owned()]),
            conditions: BTreeSet::new(),
            opaque: None,
        }
    }

    fn read(&self, value: &Value) -> Result<Statement, Unreadable> {
        let statement = value.as_object().ok_or(Unreadable)?;
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(Unreadable),
        };
        let texts = |value: &Value| Some(texts(value));
        let empty = self.empty(effect);
        let principals = match self.owner {
            Owner::Identity => None,
            _ => set(statement, "Principal", "NotPrincipal", principal::read)?,
        };
        let resources = set(statement, "Resource", "NotResource", texts)?;
        Ok(Statement {
            principals: principals.unwrap_or(empty.principals),
            actions: set(statement, "Action", "NotAction", texts)?.ok_or(Unreadable)?,
            resources: resources.unwrap_or(empty.resources),
            conditions: condition::read(statement.get("Condition")).ok_or(Unreadable)?,
            ..self.empty(effect)
        })
    }
}

/// A statement, or a part of it, that is not as policies are written.
struct Unreadable;

/// The dimension that stands under one of two keys; nothing when under neither.
fn set(
    statement: &Map<String, Value>,
    only: &str,
    except: &str,
    read: impl Fn(&Value) -> Option<Vec<String>>,
) -> Result<Option<Set>, Unreadable> {
    match (statement.get(only), statement.get(except)) {
        (Some(_), Some(_)) => Err(Unreadable),
        (Some(value), None) => read(value).map(|names| Some(Set::Only(names))).ok_or(Unreadable),
        (None, Some(value)) => {
            let names = read(value).ok_or(Unreadable)?;
            Ok(Some(Set::Except(names.into_iter().collect())))
        }
        (None, None) => Ok(None),
    }
}
