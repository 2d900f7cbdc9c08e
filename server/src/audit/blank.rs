//! Blanking of fields that are named like secrets.

use serde_json::Value;

/// Parts of names of fields whose values are never stored.
const NAMED: [&str; 6] = ["secret", "password", "passwd", "token", "credential", "cookie"];

/// What stands in their place.
const BLANK: &str = "(not stored)";

/// Replaces the values of fields that are named like secrets, at any depth.
pub(super) fn secrets(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.to_lowercase();
                match value {
                    Value::String(text) if NAMED.iter().any(|part| name.contains(part)) => {
                        BLANK.clone_into(text);
                    }
                    _ => secrets(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(secrets),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn d13_fields_named_like_secrets_are_blanked_at_any_depth() {
        let mut value = json!({
            "name": "nightly",
            "Client_Secret": "hunter2",
            "list": [{ "apiToken": "hunter2", "tokens_allowed": 3 }],
        });
        secrets(&mut value);
        assert_eq!(
            value,
            json!({
                "name": "nightly",
                "Client_Secret": BLANK,
                "list": [{ "apiToken": BLANK, "tokens_allowed": 3 }],
            })
        );
    }
}
