//! From one JSON value to the sections of a template.

use std::collections::BTreeMap;

use domain::error::Result;
use serde_json::{Map, Value};

use super::parameter::Parameter;
use super::place::Places;
use super::{Output, Resource, Template};

/// How many of each CloudFormation takes.
const MOST_RESOURCES: usize = 500;
const MOST_OTHERS: usize = 200;

type Object = Map<String, Value>;

/// The template that `value` holds.
///
/// # Errors
/// `Invalid` with the path, and the place when it is known.
pub(super) fn template(value: Value, places: &Places) -> Result<Template> {
    let mut sections = object(value, "the template", places)?;
    sections.remove("AWSTemplateFormatVersion");
    sections.remove("Metadata");
    let template = Template {
        description: text(&mut sections, "", "Description", places)?,
        parameters: named(&mut sections, "Parameters", MOST_OTHERS, places, Parameter::read)?,
        mappings: section(&mut sections, "Mappings", places)?,
        conditions: section(&mut sections, "Conditions", places)?.into_iter().collect(),
        resources: named(&mut sections, "Resources", MOST_RESOURCES, places, resource)?,
        outputs: named(&mut sections, "Outputs", MOST_OTHERS, places, output)?,
    };
    for macros in ["Transform", "Rules", "Hooks"] {
        if sections.contains_key(macros) {
            return Err(places.error(
                macros,
                "Sluice cannot tell beforehand what this section does: \
                 keep the template without it, macros written out",
            ));
        }
    }
    nothing_left(&sections, "", places)?;
    if template.resources.is_empty() {
        return Err(places.error("Resources", "a template needs at least one resource"));
    }
    Ok(template)
}

fn resource(value: Value, path: &str, places: &Places) -> Result<Resource> {
    let mut attributes = object(value, path, places)?;
    let resource_type = text(&mut attributes, path, "Type", places)?
        .ok_or_else(|| places.error(path, "give the resource a Type, as AWS::S3::Bucket"))?;
    if !resource_type.contains("::") {
        let message = format!("{resource_type} is no resource type: write it as AWS::S3::Bucket");
        return Err(places.error(&format!("{path}.Type"), message));
    }
    let properties = attributes.remove("Properties").unwrap_or_else(|| Object::new().into());
    if !properties.is_object() {
        return Err(places.error(&format!("{path}.Properties"), "has to be a map of properties"));
    }
    let resource = Resource {
        resource_type,
        properties,
        depends_on: names(&mut attributes, path, "DependsOn", places)?,
        deletion_policy: policy(&mut attributes, path, "DeletionPolicy", places)?,
        update_replace_policy: policy(&mut attributes, path, "UpdateReplacePolicy", places)?,
        condition: text(&mut attributes, path, "Condition", places)?,
        metadata: attributes.remove("Metadata").unwrap_or(Value::Null),
    };
    attributes.remove("CreationPolicy");
    attributes.remove("UpdatePolicy");
    nothing_left(&attributes, path, places)?;
    Ok(resource)
}

fn output(value: Value, path: &str, places: &Places) -> Result<Output> {
    let mut attributes = object(value, path, places)?;
    let export = match attributes.remove("Export") {
        None => None,
        Some(Value::Object(mut export)) if export.len() == 1 && export.contains_key("Name") => {
            export.remove("Name")
        }
        Some(_) => {
            return Err(places.error(&format!("{path}.Export"), "has to be a map with one Name"));
        }
    };
    let output = Output {
        value: attributes
            .remove("Value")
            .ok_or_else(|| places.error(path, "give the output a Value"))?,
        export,
        condition: text(&mut attributes, path, "Condition", places)?,
        description: text(&mut attributes, path, "Description", places)?,
    };
    nothing_left(&attributes, path, places)?;
    Ok(output)
}

/// The policies that CloudFormation knows; by default the resource is deleted.
fn policy(from: &mut Object, path: &str, key: &str, places: &Places) -> Result<Option<String>> {
    let policy = text(from, path, key, places)?;
    match policy.as_deref() {
        None | Some("Delete" | "Retain" | "RetainExceptOnCreate" | "Snapshot") => Ok(policy),
        Some(other) => Err(places.error(
            &format!("{path}.{key}"),
            format!("{other} is none of Delete, Retain, RetainExceptOnCreate, Snapshot"),
        )),
    }
}

/// Reads every entry of a section under its path.
fn named<T>(
    sections: &mut Object,
    section_name: &str,
    most: usize,
    places: &Places,
    read: fn(Value, &str, &Places) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    let entries = section(sections, section_name, places)?;
    if entries.len() > most {
        let message = format!("{} are more than {most}: split the template", entries.len());
        return Err(places.error(section_name, message));
    }
    let entries = entries.into_iter().map(|(name, value)| {
        let path = format!("{section_name}.{name}");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(places.error(&path, "a name may hold letters and digits only"));
        }
        Ok((name, read(value, &path, places)?))
    });
    entries.collect()
}

fn section(sections: &mut Object, name: &str, places: &Places) -> Result<Object> {
    sections.remove(name).map_or_else(|| Ok(Object::new()), |value| object(value, name, places))
}

pub(super) fn object(value: Value, path: &str, places: &Places) -> Result<Object> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(places.error(path, "has to be a map of names and values")),
    }
}

/// A text attribute; numbers and booleans are taken as they are written.
pub(super) fn text(
    from: &mut Object,
    path: &str,
    key: &str,
    places: &Places,
) -> Result<Option<String>> {
    from.remove(key)
        .map(|value| {
            scalar(&value).ok_or_else(|| {
                places.error(&join(path, key), "has to be plain text, without functions")
            })
        })
        .transpose()
}

/// One text, or a list of them.
pub(super) fn names(
    from: &mut Object,
    path: &str,
    key: &str,
    places: &Places,
) -> Result<Vec<String>> {
    let names = match from.remove(key) {
        None => Some(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(scalar).collect(),
        Some(value) => scalar(&value).map(|name| vec![name]),
    };
    names.ok_or_else(|| places.error(&join(path, key), "has to be a text or a list of texts"))
}

pub(super) fn nothing_left(from: &Object, path: &str, places: &Places) -> Result<()> {
    match from.keys().next() {
        None => Ok(()),
        Some(key) => Err(places.error(
            &join(path, key),
            "CloudFormation knows no such key here: correct its name or leave it out",
        )),
    }
}

/// The text of a scalar, as CloudFormation hands it on.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
