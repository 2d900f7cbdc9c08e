//! Conditions of a statement: when it applies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::glob::{covers, covers_arn};
use super::text::{text, texts};

/// One test of a request, as `StringEquals aws:SourceVpce vpce-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    operator: String,
    /// In lower case: keys are told apart without it.
    key: String,
    /// The key as it is written.
    shown: String,
    values: BTreeSet<String>,
}

impl Condition {
    pub(super) fn new(operator: &str, key: &str, value: &Value) -> Self {
        Self {
            operator: operator.to_owned(),
            key: key.to_lowercase(),
            shown: key.to_owned(),
            values: texts(value).into_iter().collect(),
        }
    }

    /// Whether every request that passes this test surely passes `other`.
    fn implies(&self, other: &Self) -> bool {
        if self.operator != other.operator || self.key != other.key {
            return false;
        }
        let base = self.operator.rsplit(':').next().unwrap_or_default();
        let each_of = |these: &BTreeSet<String>, those: &BTreeSet<String>, like: Like| {
            these.iter().all(|one| those.iter().any(|other| like(other, one)))
        };
        match base.trim_end_matches("IfExists") {
            "StringEquals"
            | "StringEqualsIgnoreCase"
            | "NumericEquals"
            | "DateEquals"
            | "IpAddress"
            | "Bool" => self.values.is_subset(&other.values),
            "StringLike" => each_of(&self.values, &other.values, covers),
            "ArnLike" | "ArnEquals" => each_of(&self.values, &other.values, covers_arn),
            "StringNotEquals"
            | "StringNotEqualsIgnoreCase"
            | "NumericNotEquals"
            | "DateNotEquals"
            | "NotIpAddress" => self.values.is_superset(&other.values),
            _ => self.values == other.values,
        }
    }

    /// As "`aws:SourceVpce` is `vpce-1`"; operators that have no plain word as they are.
    pub(super) fn sentence(&self) -> String {
        let operator = match self.operator.as_str() {
            "ArnEquals" | "Bool" | "NumericEquals" | "StringEquals" => "is",
            "ArnNotEquals" | "NumericNotEquals" | "StringNotEquals" => "is not",
            "ArnLike" | "StringLike" => "is like",
            "ArnNotLike" | "StringNotLike" => "is not like",
            "IpAddress" => "is in",
            "NotIpAddress" => "is not in",
            other => other,
        };
        let values: Vec<String> = self.values.iter().map(|value| format!("`{value}`")).collect();
        format!("`{}` {operator} {}", self.shown, values.join(" or "))
    }
}

type Like = fn(&str, &str) -> bool;

/// The tests of a statement's `Condition`; all have to pass. Nothing when they cannot be read.
pub(super) fn read(value: Option<&Value>) -> Option<BTreeSet<Condition>> {
    let Some(value) = value else { return Some(BTreeSet::new()) };
    let mut conditions = BTreeSet::new();
    for (operator, tests) in value.as_object()? {
        if operator.starts_with("Fn::") || operator == "Ref" {
            return None;
        }
        for (key, value) in tests.as_object()? {
            conditions.insert(Condition::new(operator, &text(&key.as_str().into()), value));
        }
    }
    Some(conditions)
}

/// Whether every request that passes `strict` surely passes `loose`.
pub(super) fn all_imply(strict: &BTreeSet<Condition>, loose: &BTreeSet<Condition>) -> bool {
    loose.iter().all(|loose| strict.iter().any(|strict| strict.implies(loose)))
}
