//! One request against policies, as IAM decides it: what is denied anywhere is denied, and what nobody
//! allows is denied too.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::glob::covers;

/// A call of AWS.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The ARN of the role that calls, or the name of a service.
    caller: String,
    action: String,
    resource: String,
    context: BTreeMap<String, String>,
}

impl Request {
    pub(super) fn new(caller: &str, action: &str, resource: &str) -> Self {
        let [caller, action, resource] = [caller, action, resource].map(str::to_owned);
        let mut context = BTreeMap::from([("aws:SecureTransport".to_owned(), "true".to_owned())]);
        if let Some(account) = account_of(&caller) {
            context.insert("aws:PrincipalArn".to_owned(), caller.clone());
            context.insert("aws:PrincipalAccount".to_owned(), account.to_owned());
        }
        Self { caller, action, resource, context }
    }

    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Whether a policy allows it, and none denies it.
    pub(super) fn is_allowed_by(&self, policies: &[&Value]) -> bool {
        let statements = policies.iter().flat_map(|policy| many(&policy["Statement"]));
        let about: Vec<_> = statements.filter(|statement| self.is_meant_by(statement)).collect();
        let any = |effect: &str| about.iter().any(|statement| statement["Effect"] == effect);
        any("Allow") && !any("Deny")
    }

    /// Whether a policy denies it, whatever others allow.
    pub(super) fn is_denied_by(&self, policy: &Value) -> bool {
        let mut statements = many(&policy["Statement"]);
        statements.any(|statement| statement["Effect"] == "Deny" && self.is_meant_by(statement))
    }

    fn is_meant_by(&self, statement: &Value) -> bool {
        let (wanted, resource) = (self.action.to_lowercase(), &self.resource);
        let action = |text: &str| covers(&text.to_lowercase(), &wanted);
        let none = serde_json::Map::new();
        let conditions = statement["Condition"].as_object().unwrap_or(&none);
        let holds = |(operator, tests): (&String, &Value)| {
            let tests = tests.as_object().into_iter().flatten();
            tests.into_iter().all(|(key, values)| self.passes(operator, key, values))
        };
        texts(&statement["Action"]).any(action)
            && texts(&statement["Resource"]).any(|text| covers(text, resource))
            && statement.get("Principal").is_none_or(|principal| self.is_made_by(principal))
            && conditions.iter().all(holds)
    }

    fn is_made_by(&self, principal: &Value) -> bool {
        let names = ["AWS", "Service"].into_iter().flat_map(|kind| texts(&principal[kind]));
        let root = account_of(&self.caller).map(|account| format!("::{account}:root"));
        let is_caller = |name: &str| {
            name == self.caller || root.as_ref().is_some_and(|root| name.ends_with(root))
        };
        principal == "*" || names.into_iter().any(is_caller)
    }

    /// A negated test holds of what it does not find, as does any that ends with `IfExists`.
    fn passes(&self, operator: &str, key: &str, values: &Value) -> bool {
        if operator == "Null" {
            let absent = !self.context.contains_key(key);
            return texts(values).any(|text| text == absent.to_string());
        }
        let (plain, if_exists) = match operator.strip_suffix("IfExists") {
            Some(plain) => (plain, true),
            None => (operator, false),
        };
        let negated = plain.contains("Not");
        let Some(found) = self.context.get(key) else { return if_exists || negated };
        let same = match plain {
            "StringEquals" | "StringNotEquals" | "Bool" => texts(values).any(|text| text == found),
            "StringLike" | "StringNotLike" | "ArnEquals" | "ArnNotEquals" | "ArnLike" => {
                texts(values).any(|text| covers(text, found))
            }
            other => panic!("{other} cannot be tried"),
        };
        same != negated
    }
}

fn account_of(caller: &str) -> Option<&str> {
    caller.strip_prefix("arn:").and_then(|_| caller.split(':').nth(4))
}

fn many(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter(|value| !value.is_null())
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    many(value).filter_map(Value::as_str)
}
