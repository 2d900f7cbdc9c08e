//! `stacks/<name>.yaml`, a team's own CloudFormation, and `stacks/<name>.toml` beside it: what the
//! template is given. Which stack comes first follows from what they import (D8), and is not written
//! down a second time.

use std::collections::BTreeMap;

use domain::environment::EnvironmentName;
use serde::Deserialize;
use toml::Spanned;

use super::Reading;
use crate::lake_repository::parameter::Parameter;
use crate::lake_repository::{LakeFile, Problem, toml_text};
use crate::stacks::names::OwnStack;
use crate::template::Template;

/// A team's own stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackFile {
    /// The name of the file without `.yaml`, as `orders-api`.
    pub name: String,
    /// From the root.
    pub path: String,
    /// The text, as it is.
    pub template: String,
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
            check_template(reading, path, text);
            stacks.insert(
                name,
                StackFile {
                    name: name.to_owned(),
                    path: (*path).to_owned(),
                    template: (*text).to_owned(),
                    parameters: BTreeMap::new(),
                    parameters_in: BTreeMap::new(),
                },
            );
        } else {
            reading.wrong(path, "nothing reads this file: stacks are <name>.yaml and <name>.toml");
        }
    }
    for (name, (path, text)) in settings {
        match stacks.get_mut(name) {
            Some(stack) => settle(reading, stack, lake, (path, text)),
            None => {
                reading.wrong(path, format!("there is no stacks/{name}.yaml that it belongs to"));
            }
        }
    }
    stacks.into_values().collect()
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
    lake: Option<&LakeFile>,
    (path, text): (&str, &str),
) {
    let (read, problems) = toml_text::read::<Settings>(path, text);
    reading.problems.extend(problems);
    let Some(settings) = read else { return };
    let declared = Template::parse(&stack.template).ok().map(|template| template.parameters);
    let mut wrong = |offset: usize, message: String| {
        reading.problems.push(Problem::at(path, text, offset, message));
    };
    let mut texts = |parameters: BTreeMap<Spanned<String>, Parameter>| {
        let mut texts = BTreeMap::new();
        for (name, value) in parameters {
            if declared.as_ref().is_some_and(|declared| !declared.contains_key(name.get_ref())) {
                let message = format!("the template has no parameter {}", name.get_ref());
                wrong(name.span().start, message);
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

/// Says what is wrong with a template, where the reader of templates says where.
fn check_template(reading: &mut Reading<'_>, path: &str, text: &str) {
    let Err(error) = Template::parse(text) else { return };
    let placed = error.message().strip_prefix("line ").and_then(|rest| {
        let (line, rest) = rest.split_once(" column ")?;
        let (column, message) = rest.split_once(": ")?;
        Some((line.parse().ok()?, column.parse().ok()?, message.to_owned()))
    });
    let (line, column, message) = match placed {
        Some((line, column, message)) => (Some(line), Some(column), message),
        None => (None, None, error.message().to_owned()),
    };
    reading.problems.push(Problem { path: path.to_owned(), line, column, message });
}
