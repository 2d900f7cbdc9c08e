//! The templates in infra/templates: each is read, resolves for every environment, and fits the
//! others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use domain::stack::ChangeAction;

use crate::template::{Inputs, Resolved, Template};
use crate::{diff, order, permissions, resource_types};

fn templates() -> BTreeMap<String, Template> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|one| one == "yaml"));
    let templates: BTreeMap<String, Template> = files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (name, Template::parse(&text).unwrap_or_else(|error| panic!("{path:?}: {error}")))
        })
        .collect();
    assert!(templates.len() >= 8, "{:?}", templates.keys());
    templates
}

/// A value for every parameter that any of them asks for.
const CHOICES: [(&str, &str); 12] = [
    ("Environment", "{environment}"),
    ("EnvironmentTitle", "{title}"),
    ("ResourceNamePrefix", "lake"),
    ("LogicalIdPrefix", "DataLake"),
    ("ServerRoleArn", "arn:aws:iam::111122223333:role/sluice/server"),
    ("ExternalId", "external"),
    ("AssetBucketName", "sluice-assets"),
    (
        "AssetKeyArn",
        "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555",
    ),
    ("VpcCidr", "10.20.0.0/24"),
    ("Protected", "{protected}"),
    ("CostCenter", "1"),
    ("Team", "lake"),
];

fn resolved(name: &str, template: &Template, environment: &str, title: &str) -> Resolved {
    let mut inputs = Inputs::new("111122223333", "eu-central-1", &format!("{environment}-{name}"));
    let protected = (environment == "prod").to_string();
    for (choice, value) in CHOICES {
        if template.parameters.contains_key(choice) {
            let value = value.replace("{environment}", environment).replace("{title}", title);
            inputs = inputs.with_parameter(choice, &value.replace("{protected}", &protected));
        }
    }
    template.resolve(&inputs).unwrap_or_else(|error| panic!("{name} in {environment}: {error}"))
}

fn lake(environment: &str, title: &str) -> BTreeMap<String, Resolved> {
    let templates = templates().into_iter();
    let stacks = templates.map(|(name, template)| {
        let stack = resolved(&name, &template, environment, title);
        (name, stack)
    });
    stacks.collect()
}

#[test]
fn every_template_resolves_and_its_resources_have_an_order() {
    for (environment, title) in [("dev", "Dev"), ("prod", "Prod")] {
        for (name, stack) in lake(environment, title) {
            let order = order::resources(&stack).unwrap();
            assert_eq!(order.len(), stack.resources.len(), "{name}");
            let changes = diff::compare(None, Some(&stack));
            assert_eq!(changes.len(), stack.resources.len(), "{name}");
            assert!(changes.iter().all(|change| change.action == ChangeAction::Add), "{name}");
            assert_eq!(diff::compare(Some(&stack), Some(&stack)), [], "{name}");
            assert_eq!(permissions::compare(Some(&stack), Some(&stack)), [], "{name}");
        }
    }
}

#[test]
fn the_facts_about_every_type_in_use_are_known() {
    for (name, template) in templates() {
        for resource in template.resources.values() {
            let kind = &resource.resource_type;
            let custom = kind.starts_with("Custom::");
            assert!(custom || resource_types::is_known(kind), "{name} uses {kind}");
        }
    }
}

#[test]
fn stacks_export_what_others_import_and_come_before_them() {
    let lake = lake("dev", "Dev");
    let exports: BTreeSet<&str> = lake.values().flat_map(Resolved::exports).collect();
    for (name, stack) in &lake {
        let missing: Vec<_> =
            stack.imports.iter().filter(|name| !exports.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{name} imports {missing:?}, which no template exports");
    }
    let order = order::stacks(&lake).unwrap();
    let place = |name: &str| order.iter().position(|one| one == name).unwrap();
    assert!(place("roles") > place("storage"), "{order:?}");
    assert!(place("roles") > place("tables"), "{order:?}");
}

#[test]
fn c7_nothing_in_the_lake_is_too_odd_to_be_said_in_a_sentence() {
    for (name, stack) in lake("prod", "Prod") {
        for change in permissions::compare(None, Some(&stack)) {
            let odd = change.sentence.contains("not known beforehand");
            assert!(!odd, "{name}: {}", change.sentence);
        }
    }
}

#[test]
fn c8_what_goes_with_the_protected_stacks_stays_in_the_account() {
    let lake = lake("prod", "Prod");
    let changes = diff::compare(Some(&lake["storage"]), None);
    let buckets: Vec<_> =
        changes.iter().filter(|change| change.resource_type == "AWS::S3::Bucket").collect();
    assert!(buckets.len() >= 4);
    assert!(buckets.iter().all(|bucket| bucket.action == ChangeAction::Orphan), "{buckets:?}");
}
