//! Makes what may be spelled in two ways one: `Fn::GetAtt: Table.Arn` becomes a list.

use domain::error::{Error, Result};
use serde_json::{Map, Value, json};

use super::MOST_LEVELS;

/// The value in its one spelling.
///
/// # Errors
/// `Invalid` for nulls, values nested too deep, and `Fn::GetAtt` that names no attribute.
pub(super) fn normal(value: Value) -> Result<Value> {
    nested(value, 0)
}

fn nested(value: Value, level: usize) -> Result<Value> {
    if level > MOST_LEVELS {
        return Err(Error::invalid(format!("values nest deeper than {MOST_LEVELS} levels")));
    }
    match value {
        Value::Null => Err(Error::invalid(
            "the template holds a null, and CloudFormation takes none: leave the key out",
        )),
        Value::Array(values) => values.into_iter().map(|value| nested(value, level + 1)).collect(),
        Value::Object(mut values) => match values.remove("Fn::GetAtt") {
            Some(target) if values.is_empty() => attribute(target),
            Some(_) => Err(Error::invalid("beside Fn::GetAtt stands another key: keep one")),
            None => {
                let pairs = values.into_iter();
                let pairs = pairs.map(|(key, value)| Ok((key, nested(value, level + 1)?)));
                pairs.collect::<Result<Map<_, _>>>().map(Value::Object)
            }
        },
        scalar => Ok(scalar),
    }
}

fn attribute(target: Value) -> Result<Value> {
    let parts: Option<(String, String)> = match &target {
        Value::String(text) => text.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(resource), Value::String(first), rest @ ..] => {
                let rest = rest.iter().filter_map(Value::as_str);
                let path = std::iter::once(first.as_str()).chain(rest);
                Some((resource.clone(), path.collect::<Vec<_>>().join(".")))
            }
            _ => None,
        },
        _ => None,
    };
    let (resource, attribute) = parts.ok_or_else(|| {
        Error::invalid(format!("Fn::GetAtt takes a resource and an attribute, not {target}"))
    })?;
    Ok(json!({ "Fn::GetAtt": [resource, attribute] }))
}
