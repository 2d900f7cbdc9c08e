//! Evaluates a template's conditions and functions, as far as its inputs say.

mod choices;
mod conditions;
mod functions;
mod text;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use domain::error::{Error, Result};
use serde_json::{Map, Value, json};

use super::references::function;
use super::sections::scalar;
use super::{
    Existing, Inputs, Output, Resolved, ResolvedOutput, ResolvedResource, Resource, Template,
};
use choices::Asker;
use text::canonical;

/// How much values may grow while functions are evaluated, in bytes, roughly: a text of a
/// kilobyte can ask for a gigabyte by repeating parameters, mappings and texts.
const MOST_GROWTH: usize = 32_000_000;

/// What a value costs beside its text.
const EACH_VALUE: usize = 32;

/// What `Ref` to `AWS::NoValue` becomes: nothing.
type Maybe = Option<Value>;

/// What names mean while values are evaluated.
struct Scope<'a> {
    template: Option<&'a Template>,
    inputs: Option<&'a Inputs>,
    existing: &'a BTreeMap<String, Existing>,
    parameters: BTreeMap<String, Value>,
    conditions: BTreeMap<String, bool>,
    /// What was asked for since it was last taken.
    resources: RefCell<BTreeSet<String>>,
    imports: RefCell<BTreeSet<String>>,
    /// What was evaluated until now, against [`MOST_GROWTH`].
    grown: Cell<usize>,
}

/// Evaluates the whole template.
pub(super) fn template(template: &Template, inputs: &Inputs) -> Result<Resolved> {
    let parameters = choices::effective(template, inputs)?;
    let mut scope = Scope {
        template: Some(template),
        inputs: Some(inputs),
        existing: &inputs.existing,
        parameters: choices::values(template, inputs, &parameters, Asker::Condition),
        conditions: BTreeMap::new(),
        resources: RefCell::default(),
        imports: RefCell::default(),
        grown: Cell::new(0),
    };
    scope.conditions = conditions::evaluate(&scope)?;
    scope.parameters = choices::values(template, inputs, &parameters, Asker::Plan);
    let mut resolved = Resolved { parameters, ..Resolved::default() };
    for (name, resource) in &template.resources {
        if scope.holds(resource.condition.as_deref()) {
            let path = format!("Resources.{name}");
            let resource = scope.resource(name, resource).map_err(|error| error.context(path))?;
            resolved.resources.insert(name.clone(), resource);
        }
    }
    for (name, output) in &template.outputs {
        if scope.holds(output.condition.as_deref()) {
            let path = format!("Outputs.{name}");
            let output = scope.output(output).map_err(|error| error.context(path))?;
            resolved.outputs.insert(name.clone(), output);
        }
    }
    resolved.parameters.retain(|name, _| !template.parameters[name].no_echo);
    resolved.imports = scope.imports.into_inner();
    Ok(resolved)
}

/// Fills in references to resources that are there by now and evaluates what that makes known;
/// all other functions stay. For values of a [`Resolved`], while a stack is made.
///
/// # Errors
/// `Invalid` for a function that cannot be evaluated.
pub fn fill(value: &Value, existing: &BTreeMap<String, Existing>) -> Result<Value> {
    let scope = Scope {
        template: None,
        inputs: None,
        existing,
        parameters: BTreeMap::new(),
        conditions: BTreeMap::new(),
        resources: RefCell::default(),
        imports: RefCell::default(),
        grown: Cell::new(0),
    };
    Ok(scope.value(value)?.unwrap_or_else(|| Value::Object(Map::new())))
}

impl Scope<'_> {
    fn holds(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    fn resource(&self, name: &str, resource: &Resource) -> Result<ResolvedResource> {
        self.resources.borrow_mut().clear();
        let properties = self.value(&resource.properties)?;
        let mut depends_on = self.resources.take();
        let there = resource.depends_on.iter().filter(|name| self.is_made(name));
        depends_on.extend(there.cloned());
        if depends_on.contains(name) {
            return Err(Error::invalid("it refers to itself: name the value in a parameter"));
        }
        Ok(ResolvedResource {
            resource_type: resource.resource_type.clone(),
            physical_id: self.existing.get(name).map(|existing| existing.physical_id.clone()),
            properties: properties.unwrap_or_else(|| Value::Object(Map::new())),
            depends_on,
            deletion_policy: resource.deletion_policy.clone(),
            update_replace_policy: resource.update_replace_policy.clone(),
            metadata: resource.metadata.clone(),
        })
    }

    fn output(&self, output: &Output) -> Result<ResolvedOutput> {
        let value = self.value(&output.value)?;
        let export = output.export.as_ref().map(|name| self.value(name)).transpose()?.flatten();
        Ok(ResolvedOutput {
            value: value.ok_or_else(|| Error::invalid("an output needs a value"))?,
            export: export.map(|name| self.known(&name, "the name of an export")).transpose()?,
            description: output.description.clone(),
        })
    }

    /// Whether a resource of the template is part of the stack.
    fn is_made(&self, name: &str) -> bool {
        let Some(template) = self.template else { return true };
        template.resources.get(name).is_some_and(|one| self.holds(one.condition.as_deref()))
    }

    /// The value, evaluated as far as known; nothing for `AWS::NoValue`.
    fn value(&self, value: &Value) -> Result<Maybe> {
        self.grow(EACH_VALUE + value.as_str().map_or(0, str::len))?;
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument);
        }
        match value {
            Value::Array(values) => {
                let values = values.iter().map(|value| self.value(value));
                let values = values.filter_map(Result::transpose);
                values.collect::<Result<Vec<_>>>().map(|values| Some(values.into()))
            }
            Value::Object(object) => {
                let pairs = object.iter().filter_map(|(key, value)| match self.value(value) {
                    Ok(value) => value.map(|value| Ok((key.clone(), value))),
                    Err(error) => Some(Err(error)),
                });
                pairs.collect::<Result<Map<_, _>>>().map(|object| Some(object.into()))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Maybe> {
        match name {
            "Ref" => self.reference(&self.known(argument, "the name that Ref asks for")?),
            "Fn::GetAtt" => self.attribute(argument).map(Some),
            "Fn::If" => self.choose(argument),
            "Fn::Sub" => self.substitute(argument).map(Some),
            "Fn::Join" => self.join(argument).map(Some),
            "Fn::Select" => self.select(argument).map(Some),
            "Fn::Split" => self.split(argument).map(Some),
            "Fn::FindInMap" => self.find_in_map(argument).map(Some),
            "Fn::ImportValue" => self.import(argument).map(Some),
            "Fn::GetAZs" => self.zones(argument).map(Some),
            "Fn::Cidr" => self.cidr(argument).map(Some),
            // Text reads better than its Base64, and equal texts are equal either way.
            "Fn::Base64" => {
                Ok(self.value(argument)?.map(|text| json!({ "Fn::Base64": canonical(text) })))
            }
            _ => Err(Error::invalid(format!("{name} has no place here: use Fn::If"))),
        }
    }

    /// What `Ref` gives.
    fn reference(&self, name: &str) -> Result<Maybe> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.parameters.get(name) {
            self.grow(size(value))?;
            return Ok(Some(value.clone()));
        }
        let unknown = json!({ "Ref": name });
        if name.starts_with("AWS::") {
            return match self.inputs {
                Some(inputs) => choices::pseudo(inputs, name).map(|value| value.or(Some(unknown))),
                None => Ok(Some(unknown)),
            };
        }
        self.note_resource(name)?;
        let existing = self.existing.get(name);
        Ok(Some(existing.map_or(unknown, |existing| existing.physical_id.clone().into())))
    }

    /// What `Fn::GetAtt` gives.
    fn attribute(&self, target: &Value) -> Result<Value> {
        let parts = target.as_array().map(Vec::as_slice);
        let Some([Value::String(name), Value::String(attribute)]) = parts else {
            let message = format!("Fn::GetAtt takes a resource and an attribute, not {target}");
            return Err(Error::invalid(message));
        };
        self.note_resource(name)?;
        let known = self.existing.get(name).and_then(|one| one.attributes.get(attribute));
        Ok(match known {
            Some(value) => value.clone().into(),
            None => json!({ "Fn::GetAtt": [name, attribute] }),
        })
    }

    /// Counts what is about to be made.
    fn grow(&self, bytes: usize) -> Result<()> {
        let grown = self.grown.get().saturating_add(bytes);
        self.grown.set(grown);
        match grown > MOST_GROWTH {
            true => Err(Error::invalid(format!(
                "its values grow beyond {MOST_GROWTH} bytes when functions are evaluated: \
                 repeat less"
            ))),
            false => Ok(()),
        }
    }

    fn note_resource(&self, name: &str) -> Result<()> {
        if !self.is_made(name) {
            return Err(Error::invalid(format!(
                "it refers to {name}, whose condition does not hold: put the reference into Fn::If"
            )));
        }
        self.resources.borrow_mut().insert(name.to_owned());
        Ok(())
    }

    /// The text of a value that has to be known now.
    fn known(&self, value: &Value, what: &str) -> Result<String> {
        let value = self.value(value)?.unwrap_or(Value::Null);
        scalar(&value).ok_or_else(|| {
            Error::invalid(format!("{what} has to be known beforehand, and {value} is not"))
        })
    }
}

/// What a copy of the value costs, roughly.
fn size(value: &Value) -> usize {
    EACH_VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(size).sum(),
            Value::Object(object) => {
                object.iter().map(|(key, value)| key.len() + size(value)).sum()
            }
            _ => 0,
        }
}
