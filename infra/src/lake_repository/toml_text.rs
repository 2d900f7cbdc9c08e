//! Reading TOML so that every problem is told, with its line, and a misspelt key with the right one.

use std::ops::Range;

use serde::de::DeserializeOwned;
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
    let (mut rest, mut problems, mut removed) = (table, Vec::new(), Removed::default());
    let mut read = None;
    while read.is_none() && problems.len() < MAX_PROBLEMS {
        match T::deserialize(Deserializer::from(rest.clone())) {
            Ok(fits) => read = Some(fits),
            Err(error) => {
                if !removed.explains(&error) {
                    problems.push(problem(&error));
                }
                if !removed.remove(rest.get_mut(), &error) {
                    break;
                }
            }
        }
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    (read, problems)
}

/// What was taken out: its name, or the name that was meant, and where it stood.
#[derive(Default)]
struct Removed(Vec<(String, usize)>);

impl Removed {
    /// Takes out what an error is about; whether there was something.
    fn remove(&mut self, table: &mut DeTable<'_>, error: &toml::de::Error) -> bool {
        let Some(at) = error.span().map(|span| span.start) else { return false };
        let Some(name) = remove_from_table(table, at) else { return false };
        self.0.push((meant(error.message()).unwrap_or(&name).to_owned(), at));
        true
    }

    /// Whether something is missing only because it was taken out: it was told of then.
    fn explains(&mut self, error: &toml::de::Error) -> bool {
        let missing = error.message().strip_prefix("missing field `");
        let missing = missing.and_then(|rest| rest.strip_suffix('`'));
        let owner = error.span().map_or(0, |span| span.start);
        let stood = |(name, at): &(String, usize)| Some(name.as_str()) == missing && *at >= owner;
        let found = self.0.iter().enumerate().filter(|(_, removed)| stood(removed));
        let nearest = found.min_by_key(|(_, (_, at))| *at).map(|(index, _)| index);
        nearest.map(|index| self.0.swap_remove(index)).is_some()
    }
}

/// Where the value at a path of keys and indices stands, as `columns.2.name`; the nearest that there is.
pub(super) fn place(text: &str, path: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let mut steps = path.split('.');
    let mut at = table.get_ref().get(steps.next()?)?;
    for step in steps {
        let below = match at.get_ref() {
            DeValue::Table(table) => table.get(step),
            DeValue::Array(array) => step.parse().ok().and_then(|index: usize| array.get(index)),
            _ => None,
        };
        let Some(below) = below else { break };
        at = below;
    }
    Some(at.span().start)
}

/// Takes out the innermost entry whose key or value stands at an offset; its key.
fn remove_from_table(table: &mut DeTable<'_>, offset: usize) -> Option<String> {
    let below = table.iter_mut().find_map(|(_, value)| remove_within(value.get_mut(), offset));
    if below.is_some() {
        return below;
    }
    let stands_there =
        |key: Range<usize>, value: Range<usize>| key.contains(&offset) || value.contains(&offset);
    let found = table.iter().find(|(key, value)| stands_there(key.span(), value.span()));
    let name = found.map(|(key, _)| key.get_ref().to_string())?;
    table.remove(name.as_str()).map(|_| name)
}

fn remove_within(value: &mut DeValue<'_>, offset: usize) -> Option<String> {
    match value {
        DeValue::Table(table) => remove_from_table(table, offset),
        DeValue::Array(array) => {
            let mut elements = array.iter_mut();
            let below = elements.find_map(|element| remove_within(element.get_mut(), offset));
            if below.is_some() {
                return below;
            }
            let index = array.iter().position(|element| element.span().contains(&offset))?;
            let kept = array.iter().enumerate().filter(|(at, _)| *at != index);
            *array = kept.map(|(_, element)| element.clone()).collect();
            Some(String::new())
        }
        _ => None,
    }
}

/// Serde's message, and the nearest of the names that it expected.
fn explained(message: &str) -> String {
    match (message.split('`').nth(1), meant(message)) {
        (Some(given), Some(name)) => {
            format!("`{given}` is not known here: did you mean `{name}`?")
        }
        _ => message.to_owned(),
    }
}

/// The name that was meant, where serde says that it does not know one and which it does.
fn meant(message: &str) -> Option<&str> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let given = names.next().filter(|_| unknown)?;
    nearest(given, names)
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
        assert_eq!(told.len(), 5, "{told:#?}");
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
    fn a_value_is_found_by_its_path() {
        let text = "a = 1\n[[b]]\nc = 2\n[[b]]\nc = 3\n";
        assert_eq!(place(text, "b.1.c"), text.find('3'));
        assert_eq!(place(text, "b.1.absent"), text.rfind("[[b]]"));
        assert_eq!(place(text, "absent"), None);
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

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_told_of(text in "([a-z\"'=\\[\\]{}.,# \n0-9]|name|counts|part|colour){0,40}") {
            let (read, problems) = read::<Sample>("x.toml", &text);
            proptest::prop_assert!(read.is_some() || !problems.is_empty(), "{text:?}");
            let strictly = toml::from_str::<Sample>(&text);
            proptest::prop_assert_eq!(strictly.is_ok(), problems.is_empty(), "{:?}", text);
        }
    }
}
