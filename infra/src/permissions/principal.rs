//! Principals of a statement in words: anyone, an account, a service, an ARN.

use serde_json::Value;

use super::text::{text, texts};

/// Whoever there is, with an account or without.
pub(super) const ANYONE: &str = "anyone";

/// The principals that a statement names; nothing when they cannot be read.
pub(super) fn read(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(all) if all == "*" => Some(vec![ANYONE.to_owned()]),
        Value::Object(kinds) => {
            let named = kinds.iter().map(|(kind, names)| {
                let known = ["AWS", "CanonicalUser", "Federated", "Service"];
                known.contains(&kind.as_str()).then(|| {
                    texts(names).into_iter().map(|name| words(kind, &name)).collect::<Vec<_>>()
                })
            });
            Some(named.collect::<Option<Vec<_>>>()?.concat())
        }
        _ => None,
    }
}

/// The principal of a Lambda permission: an account, a service or an ARN.
pub(super) fn invoker(value: &Value) -> String {
    let name = text(value);
    match name.contains(".amazon") {
        true => words("Service", &name),
        false => words("AWS", &name),
    }
}

fn words(kind: &str, name: &str) -> String {
    match kind {
        "Service" => format!("service {name}"),
        "Federated" => format!("whoever `{name}` vouches for"),
        "CanonicalUser" => format!("user `{name}`"),
        _ if name == "*" => ANYONE.to_owned(),
        _ => match account(name) {
            Some(account) => format!("account {account}"),
            None => format!("`{name}`"),
        },
    }
}

/// An account is named by its number, or by its root's ARN.
fn account(name: &str) -> Option<&str> {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account(name) {
        return Some(name);
    }
    let parts: Vec<&str> = name.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", account, "root"] => Some(account),
        _ => None,
    }
}
