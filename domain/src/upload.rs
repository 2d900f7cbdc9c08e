//! Uploads: files on their way into the raw zone through the console, piece by piece.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::arrival::is_data_key;
use crate::dataset::DatasetId;
use crate::{Error, Result};

/// Longest file name, in bytes: what file systems take.
pub const MAX_FILE_NAME: usize = 255;

/// Identifies an upload. Knowing it gives no right to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UploadId(Uuid);

impl UploadId {
    /// A new id, later than all made before it on this machine.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.hyphenated())
    }
}

impl FromStr for UploadId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| Error::not_found("there is no such upload: begin it again"))
    }
}

impl TryFrom<String> for UploadId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<UploadId> for String {
    fn from(id: UploadId) -> Self {
        id.to_string()
    }
}

/// The key at which a file of this name lands: the same as `sluice ingest` gives it, so that the
/// same name again is a new version of the same object. The error says what is wrong with the name.
pub fn key_of(dataset: &DatasetId, file_name: &str) -> Result<String> {
    let refused = |why: &str| {
        Err(Error::invalid(format!("the file name {file_name:?} {why}: rename it and try again")))
    };
    if file_name.is_empty() || file_name.len() > MAX_FILE_NAME {
        return refused(&format!("must have 1 to {MAX_FILE_NAME} bytes"));
    }
    if file_name.contains(['/', '\\']) {
        return refused("holds a slash, so that it names a folder");
    }
    if file_name.chars().any(is_invisible) || file_name.trim() != file_name {
        return refused("holds characters that cannot be seen, or begins or ends with a space");
    }
    if file_name.contains("..") {
        return refused("holds two dots in a row");
    }
    let key = format!("{dataset}/{file_name}");
    if !is_data_key(&key) {
        return refused("is that of a hidden or unfinished file, or holds a #");
    }
    Ok(key)
}

/// Control characters, and those that change how the text around them is read.
fn is_invisible(ch: char) -> bool {
    ch.is_control()
        || matches!(ch, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_hostile_file_names_are_refused() {
        let dataset = "shop/orders".parse().unwrap();
        let long = "x".repeat(256);
        let hostile = [
            "",
            ".",
            "..",
            "../a.csv",
            "a/b.csv",
            "a\\b.csv",
            ".hidden.csv",
            "_SUCCESS",
            "a.csv#1",
            "a.part",
            "a\0.csv",
            "a\n.csv",
            "a\u{202e}vsc.exe",
            " a.csv",
            "a.csv ",
            "a..csv",
            &long,
        ];
        for name in hostile {
            assert!(key_of(&dataset, name).is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn ordinary_names_keep_their_letters() {
        let dataset = "shop/orders".parse().unwrap();
        for name in ["a.csv", "Aufträge 2020-08 (1).csv.gz", "注文.parquet"] {
            assert_eq!(key_of(&dataset, name).unwrap(), format!("shop/orders/{name}"));
        }
    }
}
