//! `stacks/<name>.yaml`, a team's own CloudFormation, and `stacks/<name>.toml` beside it: what the
//! template is given, and which stacks come before it.

use std::collections::{BTreeMap, BTreeSet};

use domain::environment::EnvironmentName;
use serde::Deserialize;
use toml::Spanned;

use super::Reading;
use crate::lake_repository::parameter::{self, Parameter};
use crate::lake_repository::{LakeFile, Problem, toml_text};
use crate::stacks::names::OwnStack;

/// A team's own stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackFile {
    /// The name of the file without `.yaml`, as `orders-api`.
    pub name: String,
    /// From the root.
    pub path: String,
    /// The text, as it is.
    pub template: String,
    /// Stacks of this folder that have to be there before it.
    pub depends_on: Vec<String>,
    parameters: BTreeMap<String, String>,
    parameters_in: BTreeMap<EnvironmentName, BTreeMap<String, String>>,
}

impl StackFile {
    /// What its template is given in an environment.
    pub fn parameters(&self, environment: &EnvironmentName) -> BTreeMap<String, String> {
        let mut parameters = self.parameters.clone();
        parameters.extend(self.parameters_in.get(environment).cloned().unwrap_or_default());
        parameters
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    depends_on: Vec<Spanned<String>>,
    parameters: BTreeMap<Spanned<String>, Parameter>,
    parameters_in: BTreeMap<Spanned<EnvironmentName>, BTreeMap<Spanned<String>, Parameter>>,
}

pub(super) fn read(reading: &mut Reading<'_>, lake: Option<&LakeFile>) -> Vec<StackFile> {
    let files = reading.folder("stacks");
    let mut settings: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut stacks = BTreeMap::new();
    for (path, rest, text) in &files {
        if let Some(name) = rest.strip_suffix(".toml") {
            settings.insert(name, (path, text));
        } else if let Some(name) = rest.strip_suffix(".yaml") {
            check_name(reading, path, name);
            stacks.insert(
                name,
                StackFile {
                    name: name.to_owned(),
                    path: (*path).to_owned(),
                    template: (*text).to_owned(),
                    depends_on: Vec::new(),
                    parameters: BTreeMap::new(),
                    parameters_in: BTreeMap::new(),
                },
            );
        } else {
            reading.wrong(path, "nothing reads this file: stacks are <name>.yaml and <name>.toml");
        }
    }
    let names: BTreeSet<String> = stacks.keys().map(|name| (*name).to_owned()).collect();
    for (name, (path, text)) in settings {
        match stacks.get_mut(name) {
            Some(stack) => settle(reading, stack, &names, lake, (path, text)),
            None => {
                reading.wrong(path, format!("there is no stacks/{name}.yaml that it belongs to"))
            }
        }
    }
    in_order(reading, stacks.into_values().collect())
}

fn check_name(reading: &mut Reading<'_>, path: &str, name: &str) {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let whole = starts_well && !name.ends_with('-') && !name.contains("--") && name.len() <= 40;
    if !whole || !name.bytes().all(allowed) {
        let message = "a stack's name is 1 to 40 lower-case letters, digits and single hyphens, \
                       starting with a letter";
        reading.wrong(path, message);
    }
    if OwnStack::ALL.iter().any(|own| own.as_str().eq_ignore_ascii_case(name)) {
        reading
            .wrong(path, format!("Sluice itself brings a stack {name}: call this one otherwise"));
    }
}

fn settle(
    reading: &mut Reading<'_>,
    stack: &mut StackFile,
    names: &BTreeSet<String>,
    lake: Option<&LakeFile>,
    (path, text): (&str, &str),
) {
    let (read, problems) = toml_text::read::<Settings>(path, text);
    reading.problems.extend(problems);
    let Some(settings) = read else { return };
    let mut wrong = |offset: usize, message: String| {
        reading.problems.push(Problem::at(path, text, offset, message));
    };
    for name in settings.depends_on {
        if !names.contains(name.get_ref()) {
            let message = format!("there is no stacks/{}.yaml to depend on", name.get_ref());
            wrong(name.span().start, message);
        }
        stack.depends_on.push(name.into_inner());
    }
    let mut texts = |parameters: BTreeMap<Spanned<String>, Parameter>| {
        let mut texts = BTreeMap::new();
        for (name, value) in parameters {
            if !parameter::is_name(name.get_ref()) {
                let message =
                    format!("parameter {:?} is not valid: use letters and digits", name.get_ref());
                reading.problems.push(Problem::at(path, text, name.span().start, message));
            }
            texts.insert(name.into_inner(), value.into_text());
        }
        texts
    };
    stack.parameters = texts(settings.parameters);
    let mut unknown = Vec::new();
    for (name, parameters) in settings.parameters_in {
        if lake.is_some_and(|lake| lake.environment(name.get_ref()).is_none()) {
            let message = format!("environment {} is not in sluice.toml", name.get_ref());
            unknown.push(Problem::at(path, text, name.span().start, message));
        }
        stack.parameters_in.insert(name.into_inner(), texts(parameters));
    }
    reading.problems.extend(unknown);
}

/// Stacks after those that they depend on, else by name.
fn in_order(reading: &mut Reading<'_>, mut left: Vec<StackFile>) -> Vec<StackFile> {
    let mut ordered: Vec<StackFile> = Vec::new();
    while !left.is_empty() {
        let waits = |stack: &StackFile| {
            stack.depends_on.iter().any(|name| left.iter().any(|other| other.name == *name))
        };
        let Some(next) = left.iter().position(|stack| !waits(stack)) else {
            let names: Vec<_> = left.iter().map(|stack| stack.name.as_str()).collect();
            let message = format!("these stacks wait for each other: {}", names.join(", "));
            let path = left[0].path.clone();
            reading.wrong(&path, message);
            break;
        };
        ordered.push(left.remove(next));
    }
    ordered
}
