//! What values refer to, and whether all of it is there.

use std::collections::BTreeSet;

use domain::error::Result;
use serde_json::Value;

use super::Template;
use super::place::Places;

/// Functions that templates may use; others need macros or are misspelt.
const FUNCTIONS: [&str; 15] = [
    "Fn::And",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
];

/// Names that `Ref` and `Fn::GetAtt` in `value` ask for: resources, parameters, pseudo parameters.
/// `Fn::Sub` texts are looked into; names that they define themselves are left out.
pub fn references(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(value, &mut names);
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(object) => match function(value) {
            Some(("Ref", Value::String(name))) => {
                names.insert(name.clone());
            }
            Some(("Fn::GetAtt", Value::Array(target))) => {
                names.extend(target.first().and_then(Value::as_str).map(str::to_owned));
            }
            Some(("Fn::Sub", argument)) => collect_sub(argument, names),
            _ => object.values().for_each(|value| collect(value, names)),
        },
        _ => {}
    }
}

fn collect_sub(argument: &Value, names: &mut BTreeSet<String>) {
    let (text, own) = match argument {
        Value::Array(parts) => (parts.first(), parts.get(1)),
        text => (Some(text), None),
    };
    if let Some(own) = own {
        collect(own, names);
    }
    let Some(text) = text.and_then(Value::as_str) else { return };
    for part in sub_parts(text) {
        if let SubPart::Name(name) = part
            && own.and_then(|own| own.get(name)).is_none()
        {
            names.insert(name.split('.').next().unwrap_or(name).to_owned());
        }
    }
}

/// A piece of the text of `Fn::Sub`.
pub(super) enum SubPart<'a> {
    /// Text as it is; `${!x}` stands for `${x}` and comes in three pieces.
    Text(&'a str),
    /// What stands between `${` and `}`.
    Name(&'a str),
}

/// Takes the text of `Fn::Sub` apart.
pub(super) fn sub_parts(text: &str) -> Vec<SubPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else { break };
        parts.push(SubPart::Text(before));
        match name.strip_prefix('!') {
            Some(literal) => parts.extend(["${", literal, "}"].map(SubPart::Text)),
            None => parts.push(SubPart::Name(name.trim())),
        }
        rest = tail;
    }
    parts.push(SubPart::Text(rest));
    parts
}

/// The function that `value` calls, with its argument; policies also have keys named `Condition`.
pub(crate) fn function(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (name, argument) = object.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

/// Checks that functions exist and that names, conditions and resources referred to are there.
///
/// # Errors
/// `Invalid` with the path, and the place when it is known.
pub(super) fn check(template: &Template, places: &Places) -> Result<()> {
    for (name, resource) in &template.resources {
        let path = format!("Resources.{name}");
        check_value(template, &resource.properties, &format!("{path}.Properties"), places)?;
        check_condition(template, resource.condition.as_deref(), &path, places)?;
        for other in &resource.depends_on {
            if !template.resources.contains_key(other) || other == name {
                let message = format!("{other} is no other resource of this template");
                return Err(places.error(&format!("{path}.DependsOn"), message));
            }
        }
    }
    for (name, output) in &template.outputs {
        let path = format!("Outputs.{name}");
        check_value(template, &output.value, &path, places)?;
        check_condition(template, output.condition.as_deref(), &path, places)?;
        if let Some(export) = &output.export {
            check_value(template, export, &format!("{path}.Export"), places)?;
        }
    }
    for (name, condition) in &template.conditions {
        let path = format!("Conditions.{name}");
        check_functions(template, condition, &path, places)?;
        for name in references(condition) {
            if template.resources.contains_key(&name) || !is_known(template, &name) {
                let message =
                    format!("{name} is no parameter, and conditions may ask for no other");
                return Err(places.error(&path, message));
            }
        }
    }
    Ok(())
}

fn check_value(template: &Template, value: &Value, path: &str, places: &Places) -> Result<()> {
    check_functions(template, value, path, places)?;
    for name in references(value) {
        if !is_known(template, &name) {
            let message = format!("{name} is neither a parameter nor a resource of this template");
            return Err(places.error(path, message));
        }
    }
    Ok(())
}

fn is_known(template: &Template, name: &str) -> bool {
    template.parameters.contains_key(name)
        || template.resources.contains_key(name)
        || name.starts_with("AWS::")
}

fn check_condition(
    template: &Template,
    condition: Option<&str>,
    path: &str,
    places: &Places,
) -> Result<()> {
    match condition {
        Some(name) if !template.conditions.contains_key(name) => {
            Err(places.error(path, format!("{name} is no condition of this template")))
        }
        _ => Ok(()),
    }
}

fn check_functions(template: &Template, value: &Value, path: &str, places: &Places) -> Result<()> {
    match value {
        Value::Array(values) => {
            values.iter().try_for_each(|value| check_functions(template, value, path, places))
        }
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            if key.starts_with("Fn::") && !FUNCTIONS.contains(&key.as_str()) {
                let message =
                    format!("{key} is no function that Sluice can evaluate: write it out");
                return Err(places.error(path, message));
            }
            if key == "Fn::If" {
                let condition = value.get(0).and_then(Value::as_str);
                check_condition(template, condition, path, places)?;
            }
            check_functions(template, value, &format!("{path}.{key}"), places)
        }),
        _ => Ok(()),
    }
}
