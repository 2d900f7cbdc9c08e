//! Loading: where settings come from, and which error names what.

use std::path::PathBuf;

use domain::{Error, Result};
use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::{Figment, Metadata};

use super::Config;
use super::check::Wrong;
use super::flags::{ConfigFlags, Given};

/// The file that is looked for when none is named.
const FILE: &str = "sluice-server.toml";

/// The configuration with its origins.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked configuration.
    pub config: Config,
    figment: Figment,
}

/// One effective setting.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The key, as in the file.
    pub key: String,
    /// Its value as JSON, a secret hidden; `null` when it is not set.
    pub value: serde_json::Value,
    /// Where the value came from.
    pub from: String,
}

/// Loads and checks. `variables` are those of the process; `more` are flags of the command.
/// [`domain::ErrorKind::Invalid`] with one line for every wrong value.
pub fn load(
    flags: &ConfigFlags,
    variables: impl IntoIterator<Item = (String, String)>,
    more: Vec<Given>,
) -> Result<Loaded> {
    let mut given: Vec<_> =
        variables.into_iter().filter_map(|(name, value)| Given::variable(&name, &value)).collect();
    given.extend(flags.given());
    given.extend(more);
    let (defaults, given): (Vec<_>, Vec<_>) = given.into_iter().partition(|one| one.is_default);
    let mut figment = defaults.into_iter().fold(Figment::new(), Figment::merge);
    if let Some(file) = file(flags, &given)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    for setting in given {
        figment = figment.merge(setting);
    }
    let mut config: Config = figment.extract_lossy().map_err(|error| {
        let lines: Vec<_> = error.into_iter().map(|error| describe(&figment, error)).collect();
        refuse(&lines)
    })?;
    let mut wrong = Vec::new();
    config.read_secrets(&mut wrong);
    wrong.extend(config.wrong());
    if wrong.is_empty() {
        return Ok(Loaded { config, figment });
    }
    let lines = wrong
        .iter()
        .map(|Wrong { key, message }| format!("{key}{}: {message}", from(&figment, key)));
    Err(refuse(&lines.collect::<Vec<_>>()))
}

impl Loaded {
    /// Every setting, in the order of the documentation. Secrets are hidden.
    pub fn entries(&self) -> Vec<Entry> {
        let tree = serde_json::to_value(&self.config).unwrap_or_default();
        let mut flat = Vec::new();
        flatten("", tree, &mut flat);
        let origin = |key: &str| {
            let file = format!("{key}_file");
            let found =
                self.figment.find_metadata(key).or_else(|| self.figment.find_metadata(&file));
            found.map_or_else(|| "default".to_owned(), name)
        };
        flat.into_iter().map(|(key, value)| Entry { from: origin(&key), key, value }).collect()
    }
}

/// The configuration file: the one that was named, else the first that is there.
fn file(flags: &ConfigFlags, given: &[Given]) -> Result<Option<PathBuf>> {
    if let Some(file) = &flags.config {
        if !file.is_file() {
            return Err(Error::invalid(format!(
                "the configuration file {} is not there: check --config or SLUICE_CONFIG",
                file.display()
            )));
        }
        return Ok(Some(file.clone()));
    }
    let data_dir = given.iter().rev().find(|setting| setting.key == "data_dir");
    let data_dir = data_dir.and_then(|setting| setting.text().map(PathBuf::from));
    let data_dir = data_dir.unwrap_or_else(|| Config::default().data_dir);
    Ok([data_dir.join(FILE), PathBuf::from(FILE)].into_iter().find(|file| file.is_file()))
}

fn refuse(lines: &[String]) -> Error {
    Error::invalid(format!("the configuration is wrong:\n  {}", lines.join("\n  ")))
}

/// What is wrong, with key and origin.
fn describe(figment: &Figment, error: figment::Error) -> String {
    let mut path = error.path.clone();
    let message = match &error.kind {
        Kind::UnknownField(field, known) => {
            if path.last() != Some(field) {
                path.push(field.clone());
            }
            format!("is not known; known here: {}", known.join(", "))
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            // The value is left out: it may be a secret.
            format!("has the wrong type: it must be {expected}")
        }
        Kind::UnknownVariant(found, known) => {
            format!("{found:?} is not known: use one of {}", known.join(", "))
        }
        other => other.to_string(),
    };
    let key = path.join(".");
    let origin = match error.metadata.as_ref() {
        Some(metadata) => format!(" (from {})", name(metadata)),
        None => from(figment, &key),
    };
    format!("{key}{origin}: {message}")
}

fn from(figment: &Figment, key: &str) -> String {
    let found =
        figment.find_metadata(key).or_else(|| figment.find_metadata(&format!("{key}_file")));
    found.map_or(String::new(), |metadata| format!(" (from {})", name(metadata)))
}

/// Where a value came from, for people: a file as it was named, else the flag or the variable.
fn name(metadata: &Metadata) -> String {
    let Some(path) = metadata.source.as_ref().and_then(|source| source.file_path()) else {
        return metadata.name.to_string();
    };
    let current = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&current).unwrap_or(path).display().to_string()
}

fn flatten(prefix: &str, value: serde_json::Value, flat: &mut Vec<(String, serde_json::Value)>) {
    let serde_json::Value::Object(fields) = value else {
        flat.push((prefix.to_owned(), value));
        return;
    };
    for (name, value) in fields {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        flatten(&key, value, flat);
    }
}
