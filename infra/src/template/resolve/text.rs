//! `Fn::Sub` and `Fn::Join`: texts of which parts may not be known yet.

use domain::error::{Error, Result};
use serde_json::{Value, json};

use super::Scope;
use crate::template::references::{SubPart, function, sub_parts};
use crate::template::sections::scalar;

impl Scope<'_> {
    pub(super) fn substitute(&self, argument: &Value) -> Result<Value> {
        let (text, own) = match argument.as_array().map(Vec::as_slice) {
            Some([text, Value::Object(own)]) => (text, Some(own)),
            Some(_) => return Err(Error::invalid("Fn::Sub takes a text, or a text and a map")),
            None => (argument, None),
        };
        let text = text.as_str().ok_or_else(|| {
            Error::invalid(format!("Fn::Sub takes a text to fill in, not {text}"))
        })?;
        self.grow(text.len())?;
        let mut parts = Vec::new();
        for part in sub_parts(text) {
            let part = match part {
                SubPart::Text(text) => text.into(),
                SubPart::Name(name) => match own.and_then(|own| own.get(name)) {
                    Some(value) => self.part(value)?,
                    None => self.named_part(name)?,
                },
            };
            parts.push(part);
        }
        Ok(joined(parts))
    }

    fn named_part(&self, name: &str) -> Result<Value> {
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(&json!([resource, attribute])),
            None => Ok(self.reference(name)?.unwrap_or_else(|| "".into())),
        }
    }

    /// A value that is to be part of a text.
    fn part(&self, value: &Value) -> Result<Value> {
        let value = self.value(value)?.unwrap_or_else(|| "".into());
        match scalar(&value) {
            Some(text) => Ok(text.into()),
            None if function(&value).is_some() => Ok(value),
            None => Err(Error::invalid(format!("{value} is no text and cannot be part of one"))),
        }
    }

    pub(super) fn join(&self, argument: &Value) -> Result<Value> {
        let Some([delimiter, values]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Error::invalid("Fn::Join takes a delimiter and a list"));
        };
        let delimiter = delimiter.as_str().unwrap_or_default();
        let evaluated = self.value(values)?.unwrap_or_else(|| json!([]));
        let Value::Array(values) = evaluated else {
            return match function(&evaluated) {
                Some(_) => Ok(json!({ "Fn::Join": [delimiter, evaluated] })),
                None => Err(Error::invalid(format!("Fn::Join takes a list, not {evaluated}"))),
            };
        };
        self.grow(delimiter.len().saturating_mul(values.len()))?;
        let mut parts = Vec::new();
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                parts.push(delimiter.into());
            }
            parts.push(self.part(value)?);
        }
        Ok(joined(parts))
    }
}

/// The text of `parts`: one text when all are known, else a join without delimiter in which
/// neighbouring texts are one and inner joins are spread out, so that equal texts compare equal.
fn joined(parts: Vec<Value>) -> Value {
    let mut merged: Vec<Value> = Vec::new();
    for part in parts.into_iter().flat_map(spread) {
        match (merged.last_mut(), part) {
            (_, Value::String(text)) if text.is_empty() => {}
            (Some(Value::String(last)), Value::String(text)) => last.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    match merged.len() {
        0 => "".into(),
        1 => merged.remove(0),
        _ => json!({ "Fn::Join": ["", merged] }),
    }
}

fn spread(part: Value) -> Vec<Value> {
    match function(&part) {
        Some(("Fn::Join", Value::Array(argument))) => match argument.as_slice() {
            [Value::String(delimiter), Value::Array(parts)] if delimiter.is_empty() => {
                parts.clone()
            }
            _ => vec![part],
        },
        _ => vec![part],
    }
}

/// A scalar as the text that CloudFormation makes of it; anything else as it is.
pub(super) fn canonical(value: Value) -> Value {
    scalar(&value).map_or(value, Value::from)
}
