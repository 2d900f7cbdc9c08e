//! Values that must not be shown.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::check::Wrong;

/// What is shown instead.
const HIDDEN: &str = "(hidden)";

/// A value that is never printed: not by `Debug`, not by serde.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for its one use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Puts the content of `file`, without the newline at its end, into `secret`.
pub(crate) fn read(
    key: impl Into<Cow<'static, str>>,
    file: &Option<PathBuf>,
    secret: &mut Option<Secret>,
) -> Result<(), Wrong> {
    let (Some(path), key) = (file, key.into()) else { return Ok(()) };
    if secret.is_some() {
        let message = format!("is given twice: also by {key}_file; keep one");
        return Err(Wrong::new(key, message));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Wrong::new(key.clone(), format!("cannot be read from the file {}: {error}", path.display()))
    })?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(Wrong::new(key, format!("is empty in the file {}", path.display())));
    }
    *secret = Some(Secret(text.to_owned()));
    Ok(())
}
