//! Checking values: what is wrong, under which key.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

/// One wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// The key, as in the file: `server.listen`.
    pub(crate) key: Cow<'static, str>,
    /// What is wrong with its value and what would be right.
    pub(crate) message: String,
}

impl Wrong {
    /// A wrong value of `key`.
    pub(crate) fn new(key: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// Notes a value outside of `range`.
pub(crate) fn within<T: PartialOrd + Display>(
    wrong: &mut Vec<Wrong>,
    key: &'static str,
    value: T,
    range: RangeInclusive<T>,
) {
    if !range.contains(&value) {
        let (least, most) = range.into_inner();
        wrong.push(Wrong::new(key, format!("{value} must lie between {least} and {most}")));
    }
}

/// Notes an address that is no `http://` or `https://` URL. The address itself is not repeated: it
/// may hold a secret.
pub(crate) fn web_address(wrong: &mut Vec<Wrong>, key: impl Into<Cow<'static, str>>, text: &str) {
    let good = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    if !good {
        wrong.push(Wrong::new(key, "is no URL: write it as https://host/path"));
    }
}
