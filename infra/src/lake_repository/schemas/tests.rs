//! Schemas and readers know the same keys and words, and what the readers take the schemas take.

use std::collections::BTreeSet;

use domain::approval::ApprovalRule;
use domain::source::{DriftPolicy, Source};
use serde_json::Value;

use super::*;
use crate::lake_repository::lake_file::samples::WHOLE;
use crate::lake_repository::{LakeFile, PipelineDefinition, toml_text};
use domain::notification::NotifiedEvent;

fn schema(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn keys(schema: &Value, at: &str) -> BTreeSet<String> {
    let properties = schema.pointer(&format!("{at}/properties")).and_then(Value::as_object);
    properties.unwrap_or_else(|| panic!("{at} has no properties")).keys().cloned().collect()
}

/// The keys that a reader says it knows where it meets a key that it does not.
fn known(told: impl Iterator<Item = String>) -> BTreeSet<String> {
    let told: Vec<_> = told.filter(|told| told.contains("`zzzzzzzzzz`")).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    told[0].split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
}

fn known_to_lake(text: &str) -> BTreeSet<String> {
    let problems = LakeFile::parse(&format!("{text}\nzzzzzzzzzz = 1\n")).unwrap_err();
    known(problems.into_iter().map(|problem| problem.message))
}

fn known_to_source(text: &str) -> BTreeSet<String> {
    let (_, problems) = toml_text::read::<Source>("x.toml", &format!("{text}\nzzzzzzzzzz = 1\n"));
    known(problems.into_iter().map(|problem| problem.message))
}

#[test]
fn the_schema_of_sluice_toml_has_the_keys_of_its_reader() {
    let schema = schema(LAKE_SCHEMA.1);
    for (text, at) in [
        ("", ""),
        ("[lake]", "/properties/lake"),
        ("[tags]", "/properties/tags"),
        ("[catalog]", "/properties/catalog"),
        ("[pipeline]", "/properties/pipeline"),
        ("[[environments]]", "/properties/environments/items"),
        (
            "[[environments]]\n[environments.approval]",
            "/properties/environments/items/properties/approval",
        ),
        (
            "[[environments]]\n[[environments.freeze]]",
            "/properties/environments/items/properties/freeze/items",
        ),
        ("[[notifications]]", "/properties/notifications/items"),
    ] {
        assert_eq!(keys(&schema, at), known_to_lake(text), "{at}");
    }
}

#[test]
fn the_schema_of_sources_has_the_keys_of_their_reader() {
    let schema = schema(SOURCE_SCHEMA.1);
    assert_eq!(keys(&schema, ""), known_to_source(""));
    assert_eq!(keys(&schema, "/properties/columns/items"), known_to_source("[[columns]]"));
    let tagged = |tag: &str, texts: &[&str]| {
        let mut known: BTreeSet<_> = texts.iter().flat_map(|text| known_to_source(text)).collect();
        known.insert(tag.to_owned());
        known
    };
    let format = tagged("type", &["[format]\ntype = 'csv'"]);
    assert_eq!(keys(&schema, "/properties/format"), format);
    let by =
        ["ingest_date", "date_column", "key_pattern"].map(|by| format!("[partition]\nby = '{by}'"));
    let by = tagged("by", &by.each_ref().map(String::as_str));
    assert_eq!(keys(&schema, "/properties/partition"), by);
    let malformed = tagged("policy", &["[malformed]\npolicy = 'quarantine'"]);
    assert_eq!(keys(&schema, "/properties/malformed"), malformed);
}

#[test]
fn words_and_defaults_are_those_of_the_readers() {
    let (lake, source) = (schema(LAKE_SCHEMA.1), schema(SOURCE_SCHEMA.1));
    let events = "/properties/notifications/items/properties/events/items/enum";
    assert_eq!(lake.pointer(events), Some(&serde_json::to_value(NotifiedEvent::ALL).unwrap()));
    let drift = serde_json::to_value(DriftPolicy::ALL.map(DriftPolicy::as_str)).unwrap();
    assert_eq!(source.pointer("/properties/drift/enum"), Some(&drift));
    let rule = serde_json::to_value(ApprovalRule::default()).unwrap();
    let pipeline = serde_json::to_value(PipelineDefinition::default()).unwrap();
    let approval = "/properties/environments/items/properties/approval";
    for (at, defaults) in [(approval, rule), ("/properties/pipeline", pipeline)] {
        for (key, value) in defaults.as_object().unwrap() {
            let said = lake.pointer(&format!("{at}/properties/{key}/default"));
            assert!(said == Some(value) || value.as_array().is_some_and(Vec::is_empty), "{key}");
        }
    }
}

#[test]
fn what_the_readers_take_the_schemas_take() {
    let source = "dataset = 'tlc/yellow'\ndrift = 'widen'\n[format]\ntype = 'csv'\ndelimiter = ';'\n\
                  [partition]\nby = 'date_column'\ncolumn = 'picked_up'\n[[columns]]\nname = 'picked_up'\n\
                  source_name = 'Picked up'\ntype = 'date'\n[[columns]]\nname = 'fare'\nsource_name = 'F'\n\
                  type = 'decimal(10,2)'\nnullable = false\n";
    LakeFile::parse(WHOLE).unwrap();
    toml::from_str::<Source>(source).unwrap().validate().unwrap();
    assert_eq!(faults(LAKE_SCHEMA.1, WHOLE), Vec::<String>::new());
    assert_eq!(faults(SOURCE_SCHEMA.1, source), Vec::<String>::new());
    for (good, bad) in
        [("'widen'", "'grow'"), ("'date'", "'day'"), ("type = 'csv'", ""), ("false", "0")]
    {
        assert_ne!(
            faults(SOURCE_SCHEMA.1, &source.replacen(good, bad, 1)),
            Vec::<String>::new(),
            "{bad}"
        );
    }
}

/// What a schema finds wrong with a TOML file.
fn faults(text: &str, toml: &str) -> Vec<String> {
    let value: Value = toml::from_str(toml).unwrap();
    let mut faults = Vec::new();
    check(&schema(text), &value, "", &mut faults);
    faults
}

/// The part of JSON schema that these use.
fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let of_type = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        other => panic!("type {other}"),
    };
    let types: Vec<_> = match &schema["type"] {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    };
    if !types.is_empty() && !types.iter().any(|name| of_type(name)) {
        faults.push(format!("{at} is no {types:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{at} is none of {}", schema["enum"]));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str())
        && !regex_lite::Regex::new(pattern).unwrap().is_match(text)
    {
        faults.push(format!("{at} is not like {pattern}"));
    }
    for element in value.as_array().into_iter().flatten() {
        check(&schema["items"], element, &format!("{at}[]"), faults);
    }
    let Some(entries) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !entries.contains_key(name) {
            faults.push(format!("{at}.{name} is missing"));
        }
    }
    for (name, value) in entries {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => check(schema, value, &at, faults),
            (None, Value::Bool(false)) => faults.push(format!("{at} is not known")),
            (None, more) => check(more, value, &at, faults),
        }
    }
}
