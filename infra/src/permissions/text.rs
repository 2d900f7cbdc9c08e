//! Values of a resolved template as text, references as `${Table.Arn}`.

use serde_json::Value;

use crate::template::{function, scalar};

/// The text; equal references give equal texts. Placeholders hold no colon, so that the parts of
/// an ARN can be told apart.
pub(super) fn text(value: &Value) -> String {
    if let Some(text) = scalar(value) {
        return text;
    }
    match function(value) {
        Some(("Ref", Value::String(name))) => format!("${{{}}}", name.replace(':', ".")),
        Some(("Fn::GetAtt", Value::Array(target))) => {
            let path: Vec<String> = target.iter().map(text).collect();
            format!("${{{}}}", path.join("."))
        }
        Some(("Fn::ImportValue", name)) => format!("${{import {}}}", text(name)),
        Some(("Fn::Join", Value::Array(argument))) => match argument.as_slice() {
            [delimiter, Value::Array(parts)] => {
                let parts: Vec<String> = parts.iter().map(text).collect();
                parts.join(&text(delimiter))
            }
            _ => opaque(value),
        },
        _ => opaque(value),
    }
}

/// One text, or the texts of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    }
}

/// The logical id when `text` is nothing but a reference to a resource or its attribute.
pub(super) fn referred(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("${")?.strip_suffix('}')?;
    let name = inner.split('.').next()?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(name)
}

fn opaque(value: &Value) -> String {
    format!("${{{}}}", value.to_string().replace([':', '{', '}'], "."))
}
