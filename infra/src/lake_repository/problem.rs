//! A problem of a file in the lake repository, where editors and people find it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// The file, from the root with `/`.
    pub path: String,
    /// The line, from 1; `None`: the file as a whole.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem of a file as a whole.
    pub fn of_file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, message: message.into() }
    }

    /// A problem at a byte offset of a file's text.
    pub fn at(path: &str, text: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let number = |count: usize| u32::try_from(count + 1).ok();
        Self {
            path: path.to_owned(),
            line: number(before.matches('\n').count()),
            column: number(before[line_start..].chars().count()),
            message: message.into(),
        }
    }
}

/// As compilers write it, so that editors jump to it: `sluice.toml:12:8: …`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let text = "a = 1\nü = 2\n";
        let at = |offset| Problem::at("x.toml", text, offset, "no").to_string();
        assert_eq!(at(0), "x.toml:1:1: no");
        assert_eq!(at(text.find('2').unwrap()), "x.toml:2:5: no");
        assert_eq!(Problem::of_file("x.toml", "no").to_string(), "x.toml: no");
    }
}
