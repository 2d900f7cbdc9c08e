//! Evaluates conditions, each once, in whatever order they need each other.

use std::collections::BTreeMap;

use domain::error::{Error, Result};
use serde_json::Value;

use super::Scope;

/// Every condition of the template.
///
/// # Errors
/// `Invalid` for conditions that need each other, malformed ones and unknown values.
pub(super) fn evaluate(scope: &Scope<'_>) -> Result<BTreeMap<String, bool>> {
    let mut evaluation = Evaluation { scope, known: BTreeMap::new(), open: Vec::new() };
    if let Some(template) = scope.template {
        for name in template.conditions.keys() {
            evaluation.named(name).map_err(|error| error.context(format!("Conditions.{name}")))?;
        }
    }
    Ok(evaluation.known)
}

struct Evaluation<'a> {
    scope: &'a Scope<'a>,
    known: BTreeMap<String, bool>,
    open: Vec<String>,
}

impl Evaluation<'_> {
    fn named(&mut self, name: &str) -> Result<bool> {
        if let Some(known) = self.known.get(name) {
            return Ok(*known);
        }
        if self.open.iter().any(|open| open == name) {
            let cycle = self.open.join(" -> ");
            return Err(Error::invalid(format!("conditions need each other: {cycle} -> {name}")));
        }
        let template = self.scope.template;
        let condition = template.and_then(|template| template.conditions.get(name));
        let condition = condition
            .ok_or_else(|| Error::invalid(format!("{name} is no condition of this template")))?;
        self.open.push(name.to_owned());
        let holds = self.holds(condition)?;
        self.open.pop();
        self.known.insert(name.to_owned(), holds);
        Ok(holds)
    }

    fn holds(&mut self, condition: &Value) -> Result<bool> {
        let pair = condition.as_object().filter(|object| object.len() == 1);
        let (name, argument) = pair.and_then(|object| object.iter().next()).ok_or_else(|| {
            Error::invalid(format!("a condition has to be one function, not {condition}"))
        })?;
        let arguments = argument.as_array().map_or(&[] as &[_], Vec::as_slice);
        match (name.as_str(), arguments) {
            ("Condition", _) if argument.is_string() => {
                self.named(argument.as_str().unwrap_or_default())
            }
            ("Fn::Equals", [left, right]) => {
                let what = "what Fn::Equals compares";
                Ok(self.scope.known(left, what)? == self.scope.known(right, what)?)
            }
            ("Fn::Not", [one]) => self.holds(one).map(|holds| !holds),
            ("Fn::And", [_, _, ..]) => self.all(arguments).map(|holds| !holds.contains(&false)),
            ("Fn::Or", [_, _, ..]) => self.all(arguments).map(|holds| holds.contains(&true)),
            _ => Err(Error::invalid(format!(
                "{name} is no condition with these arguments: use Fn::Equals with two values, \
                 Fn::Not with one condition, Fn::And or Fn::Or with two to ten"
            ))),
        }
    }

    fn all(&mut self, conditions: &[Value]) -> Result<Vec<bool>> {
        conditions.iter().map(|condition| self.holds(condition)).collect()
    }
}
