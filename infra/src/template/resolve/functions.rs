//! The functions that pick one value among several, or make several of one.

use std::net::Ipv4Addr;

use domain::error::{Error, Result};
use serde_json::{Value, json};

use super::{EACH_VALUE, Maybe, Scope, size};
use crate::template::references::function;
use crate::template::sections::scalar;

impl Scope<'_> {
    pub(super) fn choose(&self, argument: &Value) -> Result<Maybe> {
        let Some([Value::String(condition), yes, no]) = argument.as_array().map(Vec::as_slice)
        else {
            return Err(Error::invalid("Fn::If takes a condition and two values"));
        };
        match self.conditions.get(condition) {
            Some(true) => self.value(yes),
            Some(false) => self.value(no),
            None => Err(Error::invalid(format!("{condition} is no condition of this template"))),
        }
    }

    pub(super) fn select(&self, argument: &Value) -> Result<Value> {
        let Some([index, values]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Error::invalid("Fn::Select takes an index and a list"));
        };
        let index = self.known(index, "the index of Fn::Select")?;
        let position = index.parse::<usize>();
        let position = position.map_err(|_| {
            Error::invalid(format!("Fn::Select counts from 0, and {index} does not"))
        })?;
        match self.value(values)? {
            Some(Value::Array(mut values)) if position < values.len() => {
                Ok(values.swap_remove(position))
            }
            Some(values) if function(&values).is_some() => {
                Ok(json!({ "Fn::Select": [index, values] }))
            }
            values => Err(Error::invalid(format!(
                "Fn::Select asks for value {index} of {}, which has none there",
                values.unwrap_or_else(|| json!([]))
            ))),
        }
    }

    pub(super) fn split(&self, argument: &Value) -> Result<Value> {
        let Some([Value::String(delimiter), text]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Error::invalid("Fn::Split takes a delimiter and a text"));
        };
        let text = self.value(text)?.unwrap_or_else(|| "".into());
        match scalar(&text) {
            Some(_) if delimiter.is_empty() => {
                Err(Error::invalid("Fn::Split needs a delimiter that is not empty"))
            }
            Some(text) => {
                self.grow(text.matches(delimiter.as_str()).count() * EACH_VALUE)?;
                Ok(text.split(delimiter.as_str()).map(Value::from).collect())
            }
            None if function(&text).is_some() => Ok(json!({ "Fn::Split": [delimiter, text] })),
            None => Err(Error::invalid(format!("Fn::Split takes a text, not {text}"))),
        }
    }

    pub(super) fn find_in_map(&self, argument: &Value) -> Result<Value> {
        let Some([map, first, second]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Error::invalid("Fn::FindInMap takes a map and two keys"));
        };
        let map = self.known(map, "the map of Fn::FindInMap")?;
        let first = self.known(first, "the first key of Fn::FindInMap")?;
        let second = self.known(second, "the second key of Fn::FindInMap")?;
        let mappings = self.template.map(|template| &template.mappings);
        let found = mappings.and_then(|mappings| mappings.get(&map)?.get(&first)?.get(&second));
        let found = found.ok_or_else(|| {
            Error::invalid(format!("the map {map} has no value {second} under {first}: add it"))
        })?;
        self.grow(size(found))?;
        Ok(found.clone())
    }

    pub(super) fn import(&self, argument: &Value) -> Result<Value> {
        let Some(inputs) = self.inputs else {
            return Ok(json!({ "Fn::ImportValue": argument }));
        };
        let name = self.known(argument, "the name of an import")?;
        self.imports.borrow_mut().insert(name.clone());
        let known = inputs.imports.get(&name).map(|value| value.as_str().into());
        Ok(known.unwrap_or_else(|| json!({ "Fn::ImportValue": name })))
    }

    pub(super) fn zones(&self, argument: &Value) -> Result<Value> {
        let region = self.value(argument)?.unwrap_or_else(|| "".into());
        let Some(inputs) = self.inputs else { return Ok(json!({ "Fn::GetAZs": region })) };
        let asked = region.as_str().filter(|region| !region.is_empty());
        let asked = asked.unwrap_or(&inputs.region);
        Ok(match asked == inputs.region && !inputs.zones.is_empty() {
            true => inputs.zones.iter().map(String::as_str).map(Value::from).collect(),
            false => json!({ "Fn::GetAZs": asked }),
        })
    }

    pub(super) fn cidr(&self, argument: &Value) -> Result<Value> {
        let Some([block, count, rest @ ..]) = argument.as_array().map(Vec::as_slice) else {
            return Err(Error::invalid("Fn::Cidr takes a block, a count and how many bits"));
        };
        let block = self.value(block)?.unwrap_or(Value::Null);
        let count = self.known(count, "the count of Fn::Cidr")?;
        let bits = match rest.first() {
            Some(bits) => self.known(bits, "the bits of Fn::Cidr")?,
            None => "8".to_owned(),
        };
        match &block {
            Value::String(text) if !text.contains(':') => blocks(text, &count, &bits),
            _ => Ok(json!({ "Fn::Cidr": [block, count, bits] })),
        }
    }
}

/// `count` blocks of 2^`bits` addresses each, from the beginning of `block`.
fn blocks(block: &str, count: &str, bits: &str) -> Result<Value> {
    let parse = || -> Option<Vec<String>> {
        let (address, prefix) = block.split_once('/')?;
        let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let prefix = prefix.parse::<u32>().ok().filter(|prefix| *prefix <= 32)?;
        let bits = bits.parse::<u32>().ok().filter(|bits| (1..=32 - prefix).contains(bits))?;
        let count = count.parse::<u64>().ok().filter(|count| (1..=256).contains(count))?;
        let start = u64::from(address) >> (32 - prefix) << (32 - prefix);
        let fits = count << bits <= 1 << (32 - prefix);
        let block = |index: u64| {
            let first = u32::try_from(start + (index << bits)).ok()?;
            Some(format!("{}/{}", Ipv4Addr::from(first), 32 - bits))
        };
        fits.then(|| (0..count).map(block).collect())?
    };
    parse().map(Value::from).ok_or_else(|| {
        Error::invalid(format!("{block} does not hold {count} blocks of {bits} bits each"))
    })
}
