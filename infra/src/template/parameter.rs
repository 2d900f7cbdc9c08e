//! Parameters: what may be chosen when a stack is made, and whether a choice is allowed.

use domain::error::{Error, Result};
use regex_lite::Regex;
use serde_json::{Map, Value};

use super::place::Places;
use super::sections::{names, nothing_left, object, text};

/// A parameter as the template declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// As `String`, `Number`, `CommaDelimitedList`, `AWS::EC2::VPC::Id`.
    pub kind: String,
    /// The value when none is given.
    pub default: Option<String>,
    /// The only values that it may have; empty when any may be.
    pub allowed_values: Vec<String>,
    /// What the whole value has to match.
    pub allowed_pattern: Option<String>,
    /// Shortest and longest text, in characters.
    pub length: (Option<f64>, Option<f64>),
    /// Smallest and largest number.
    pub range: (Option<f64>, Option<f64>),
    /// Whether its value is a secret, never to be shown.
    pub no_echo: bool,
    /// What it says of itself.
    pub description: Option<String>,
    /// What a refused value is answered with.
    pub constraint: Option<String>,
}

impl Parameter {
    /// Reads one entry of the section.
    pub(super) fn read(value: Value, path: &str, places: &Places) -> Result<Self> {
        let mut from = object(value, path, places)?;
        let mut take = |key: &str| text(&mut from, path, key, places);
        let parameter = Self {
            kind: take("Type")?
                .ok_or_else(|| places.error(path, "give the parameter a Type, as String"))?,
            default: take("Default")?,
            allowed_pattern: take("AllowedPattern")?,
            no_echo: take("NoEcho")?.as_deref() == Some("true"),
            description: take("Description")?,
            constraint: take("ConstraintDescription")?,
            length: (None, None),
            range: (None, None),
            allowed_values: names(&mut from, path, "AllowedValues", places)?,
        };
        let mut bound = |key: &str| number(&mut from, path, key, places);
        let length = (bound("MinLength")?, bound("MaxLength")?);
        let range = (bound("MinValue")?, bound("MaxValue")?);
        nothing_left(&from, path, places)?;
        let parameter = Self { length, range, ..parameter };
        parameter.check_itself().map_err(|error| places.error(path, error))?;
        Ok(parameter)
    }

    /// Whether its value is a list of texts.
    pub fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.contains("List<")
    }

    /// Whether its value is the name of an SSM parameter, which CloudFormation reads.
    pub fn is_stored_elsewhere(&self) -> bool {
        self.kind.starts_with("AWS::SSM::Parameter::Value<")
    }

    /// Says why `value` is not allowed.
    ///
    /// # Errors
    /// `Invalid` without the value when it is a secret.
    pub fn check(&self, value: &str) -> Result<()> {
        let shown = if self.no_echo { "the value" } else { value };
        match self.fault(value) {
            None => Ok(()),
            Some(fault) => Err(Error::invalid(match &self.constraint {
                Some(said) => format!("{shown} {fault}: {said}"),
                None => format!("{shown} {fault}: choose another value"),
            })),
        }
    }

    fn fault(&self, value: &str) -> Option<String> {
        let items: Vec<&str> = match self.is_list() {
            true => value.split(',').map(str::trim).collect(),
            false => vec![value],
        };
        items.into_iter().find_map(|item| self.item_fault(item))
    }

    fn item_fault(&self, value: &str) -> Option<String> {
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|one| one == value) {
            return Some(format!("is none of {}", self.allowed_values.join(", ")));
        }
        if let Some(pattern) = &self.allowed_pattern
            && !whole(pattern).is_ok_and(|pattern| pattern.is_match(value))
        {
            return Some(format!("does not match {pattern}"));
        }
        let characters = value.chars().count() as f64;
        if outside(characters, self.length) {
            return Some(format!("has {characters} characters, {}", bounds(self.length)));
        }
        if matches!(self.kind.as_str(), "Number" | "List<Number>") {
            return match value.parse::<f64>() {
                Err(_) => Some("is no number".to_owned()),
                Ok(number) => outside(number, self.range).then(|| bounds(self.range)),
            };
        }
        None
    }

    fn check_itself(&self) -> Result<()> {
        if let Some(pattern) = &self.allowed_pattern {
            whole(pattern).map_err(|error| {
                Error::invalid(format!(
                    "AllowedPattern {pattern} cannot be checked ({error}): \
                     write it without look-around and back references"
                ))
            })?;
        }
        match &self.default {
            Some(default) if !self.is_stored_elsewhere() => {
                self.check(default).map_err(|error| error.context("Default"))
            }
            _ => Ok(()),
        }
    }
}

/// CloudFormation's patterns have to match the whole value.
fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

fn outside(value: f64, (least, most): (Option<f64>, Option<f64>)) -> bool {
    least.is_some_and(|least| value < least) || most.is_some_and(|most| value > most)
}

fn bounds(bounds: (Option<f64>, Option<f64>)) -> String {
    match bounds {
        (Some(least), Some(most)) => format!("is not from {least} to {most}"),
        (Some(least), None) => format!("is below {least}"),
        (None, Some(most)) => format!("is above {most}"),
        (None, None) => String::new(),
    }
}

fn number(
    from: &mut Map<String, Value>,
    path: &str,
    key: &str,
    places: &Places,
) -> Result<Option<f64>> {
    let Some(text) = text(from, path, key, places)? else { return Ok(None) };
    let number = text.parse();
    number.map(Some).map_err(|_| places.error(&format!("{path}.{key}"), "has to be a number"))
}
