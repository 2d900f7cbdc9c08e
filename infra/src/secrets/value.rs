//! The value of a secret.

use std::fmt;

use domain::{Error, Result};

/// Longest a value may be, in bytes: what Secrets Manager takes.
pub const MOST_BYTES: usize = 65_536;

/// The value of a secret. It cannot be printed, compared or written as JSON by accident; who uses it
/// says so with [`SecretValue::expose`].
#[derive(Clone)]
pub struct SecretValue(String);

impl SecretValue {
    /// Takes a value: 1 to [`MOST_BYTES`] bytes. Invalid otherwise, without repeating it.
    pub fn new(value: impl Into<String>) -> Result<Self> {
        let value = value.into();
        if value.is_empty() || value.len() > MOST_BYTES {
            return Err(Error::invalid(format!(
                "the value of the secret has {} bytes: use 1 to {MOST_BYTES}",
                value.len()
            )));
        }
        Ok(Self(value))
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d13_a_value_shows_neither_itself_nor_its_length() {
        let value = SecretValue::new("ghp_abc").unwrap();
        assert_eq!(format!("{value:?}"), "SecretValue(…)");
        assert_eq!(value.expose(), "ghp_abc");
        let long = "topsecret".repeat(10_000);
        let error = SecretValue::new(long).unwrap_err();
        assert!(!error.to_string().contains("topsecret"), "{error}");
    }
}
