//! Reading TOML so that every problem is told, with its line, and a misspelt key with the right one.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::Problem;

/// Most problems told of one file: whoever has more mends these first.
const MAX_PROBLEMS: usize = 50;

/// A TOML file as `T`, with every problem that its type alone finds.
///
/// Serde stops at its first error. What it stumbled over is noted and taken out, and the rest is read
/// again, until it fits; so a `T` whose fields all have defaults is always read, but for its faults.
pub(super) fn read<T: DeserializeOwned>(path: &str, text: &str) -> (Option<T>, Vec<Problem>) {
    let problem = |error: &toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        Problem::at(path, text, offset, explained(error.message()))
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return (None, errors.iter().take(MAX_PROBLEMS).map(problem).collect());
    }
    let mut rest = table;
    let mut problems = Vec::new();
    let mut read = None;
    while read.is_none() && problems.len() < MAX_PROBLEMS {
        match T::deserialize(Deserializer::from(rest.clone())) {
            Ok(fits) => read = Some(fits),
            Err(error) => {
                problems.push(problem(&error));
                let removed = error.span().map(|at| remove_from_table(rest.get_mut(), at.start));
                if removed != Some(true) {
                    break;
                }
            }
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    (read, problems)
}

/// Takes out the innermost entry whose key or value stands at an offset.
fn remove_from_table(table: &mut DeTable<'_>, offset: usize) -> bool {
    for (_, value) in table.iter_mut() {
        if remove_within(value.get_mut(), offset) {
            return true;
        }
    }
    let stands_there =
        |key: Range<usize>, value: Range<usize>| key.contains(&offset) || value.contains(&offset);
    let found = table.iter().find(|(key, value)| stands_there(key.span(), value.span()));
    let Some(name) = found.map(|(key, _)| key.get_ref().to_string()) else { return false };
    table.remove(name.as_str()).is_some()
}

fn remove_within(value: &mut DeValue<'_>, offset: usize) -> bool {
    match value {
        DeValue::Table(table) => remove_from_table(table, offset),
        DeValue::Array(array) => {
            if array.iter_mut().any(|element| remove_within(element.get_mut(), offset)) {
                return true;
            }
            let there = |element: &Spanned<DeValue<'_>>| element.span().contains(&offset);
            let Some(index) = array.iter().position(there) else { return false };
            let kept = array.iter().enumerate().filter(|(at, _)| *at != index);
            *array = kept.map(|(_, element)| element.clone()).collect();
            true
        }
        _ => false,
    }
}

/// Serde's message, and the nearest of the names that it expected.
fn explained(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some(given) = names.next().filter(|_| unknown) else { return message.to_owned() };
    match nearest(given, names) {
        Some(name) => format!("`{given}` is not known here: did you mean `{name}`?"),
        None => message.to_owned(),
    }
}

/// The nearest of some names, if one is near enough to be meant.
pub(super) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let within = (given.chars().count() / 3).clamp(1, 3);
    let near = names.map(|name| (distance(given, name), name));
    near.filter(|(distance, _)| *distance <= within).min().map(|(_, name)| name)
}

/// How many letters have to be added, left out, replaced or swapped.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            let swapped =
                i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if swapped {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sample {
        name: String,
        counts: Vec<u8>,
        #[serde(rename = "part")]
        parts: Vec<Part>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        colour: String,
    }

    #[test]
    fn all_problems_are_told_with_their_places() {
        let text = "nmae = 'a'\ncounts = [1, 'x', 2, 300]\n[[part]]\ncolor = 'red'\n\n[[part]]\n\
                    colour = 3\n[[part]]\ncolour = 'blue'\n";
        let (read, problems) = read::<Sample>("x.toml", text);
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 7, "{told:#?}");
        assert_eq!(told[0], "x.toml:1:1: `nmae` is not known here: did you mean `name`?");
        assert!(told[1].starts_with("x.toml:2:14: "), "{told:#?}");
        assert!(told.iter().any(|problem| problem.starts_with("x.toml:4:1: `color` is")));
        assert!(told.iter().any(|problem| problem.starts_with("x.toml:7:10: ")), "{told:#?}");
        let read = read.unwrap();
        assert_eq!(
            (read.name.as_str(), read.counts, read.parts[0].colour.as_str()),
            ("", vec![1, 2], "blue")
        );
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_place() {
        let (read, problems) = read::<Sample>("x.toml", "name = \n");
        assert!(read.is_none());
        assert!(problems[0].to_string().starts_with("x.toml:1:"), "{problems:?}");
    }

    #[test]
    fn the_name_that_was_meant_is_near() {
        let names = ["region", "account", "branch"];
        assert_eq!(nearest("regoin", names.into_iter()), Some("region"));
        assert_eq!(nearest("accounts", names.into_iter()), Some("account"));
        assert_eq!(nearest("colour", names.into_iter()), None);
    }
}
