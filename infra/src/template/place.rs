//! Where in a template's text something stands, for messages.

use std::collections::BTreeMap;
use std::fmt;

use domain::error::Error;

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}", self.line, self.column)
    }
}

/// How many keys of a path are remembered: section, name, attribute.
pub(super) const REMEMBERED: usize = 3;

/// Places by path, as `Resources.Table.Type`. Empty for JSON, whose reader keeps none.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, Place>);

impl Places {
    /// Remembers where `path` begins.
    pub(super) fn note(&mut self, path: &[String], place: Place) {
        if path.len() <= REMEMBERED {
            self.0.insert(path.join("."), place);
        }
    }

    /// An error at `path`, with its line and column or those of what holds it.
    pub(super) fn error(&self, path: &str, message: impl fmt::Display) -> Error {
        let mut known = path;
        loop {
            if let Some(place) = self.0.get(known) {
                return Error::invalid(format!("{place}: {path}: {message}"));
            }
            match known.rsplit_once('.') {
                Some((parent, _)) => known = parent,
                None => return Error::invalid(format!("{path}: {message}")),
            }
        }
    }
}
