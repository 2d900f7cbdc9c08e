//! The order in which things that need each other are made; deleting goes the other way.

use std::collections::{BTreeMap, BTreeSet};

use domain::error::{Error, Result};

use crate::template::Resolved;

/// Logical ids in the order of creation, those that are equal by name.
///
/// # Errors
/// `Invalid` naming a cycle.
pub fn resources(stack: &Resolved) -> Result<Vec<String>> {
    let resources = stack.resources.iter();
    let needs = resources.map(|(name, resource)| (name.clone(), resource.depends_on.clone()));
    by_need(&needs.collect())
}

/// Stack names in the order of deployment: each after those whose exports it imports.
///
/// # Errors
/// `Invalid` naming a cycle.
pub fn stacks(stacks: &BTreeMap<String, Resolved>) -> Result<Vec<String>> {
    let mut exporters = BTreeMap::new();
    for (name, stack) in stacks {
        exporters.extend(stack.exports().into_iter().map(|export| (export, name.as_str())));
    }
    let needs = stacks.iter().map(|(name, stack)| {
        let imports = stack.imports.iter().map(String::as_str);
        let needed = imports.filter_map(|import| exporters.get(import).copied());
        (name.clone(), needed.map(str::to_owned).collect())
    });
    by_need(&needs.collect())
}

/// Names such that each comes after all that it needs; what is needed and not a name itself is
/// left out of account. Names that could come in either order are sorted.
///
/// # Errors
/// `Invalid` naming a cycle.
pub fn by_need(needs: &BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>> {
    let mut ordered = Vec::with_capacity(needs.len());
    let mut done = BTreeSet::new();
    while ordered.len() < needs.len() {
        let is_ready = |needed: &BTreeSet<String>| {
            needed.iter().all(|name| done.contains(name) || !needs.contains_key(name))
        };
        let open = needs.iter().filter(|(name, _)| !done.contains(*name));
        let ready: Vec<&String> =
            open.filter(|(_, needed)| is_ready(needed)).map(|(name, _)| name).collect();
        if ready.is_empty() {
            return Err(cycle(needs, &done));
        }
        done.extend(ready.iter().map(|name| (*name).clone()));
        ordered.extend(ready.into_iter().cloned());
    }
    Ok(ordered)
}

/// Follows needs that are open until a name comes again: every open name has one.
fn cycle(needs: &BTreeMap<String, BTreeSet<String>>, done: &BTreeSet<String>) -> Error {
    let is_open = |name: &&String| needs.contains_key(*name) && !done.contains(*name);
    let mut path: Vec<&String> = needs.keys().find(is_open).into_iter().collect();
    while let Some(next) = path.last().and_then(|last| needs[*last].iter().find(is_open)) {
        let before = path.iter().position(|name| *name == next);
        path.push(next);
        if let Some(before) = before {
            path.drain(..before);
            break;
        }
    }
    let path: Vec<&str> = path.into_iter().map(String::as_str).collect();
    let path = path.join(" -> ");
    Error::invalid(format!("these need each other: {path}; take one of the references out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(name, needed)| ((*name).to_owned(), owned(needed))).collect()
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let order = by_need(&needs(&[("a", &["c"]), ("b", &[]), ("c", &["b", "elsewhere"])]));
        assert_eq!(order.unwrap(), ["b", "c", "a"]);
    }

    #[test]
    fn a_cycle_is_named() {
        let order = by_need(&needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]));
        let message = order.unwrap_err().to_string();
        assert_eq!(message, "these need each other: b -> c -> b; take one of the references out");
    }
}
