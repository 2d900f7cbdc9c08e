//! A field's text: quotes taken off, nulls recognised.

use std::borrow::Cow;

use domain::source::CsvDialect;

/// What the values of a file need to know of its dialect.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Reading {
    quote: u8,
    escape: Option<u8>,
    null_strings: Vec<Vec<u8>>,
    /// Numbers have a comma.
    pub(in super::super) decimal_comma: bool,
    /// A null string could be taken for a number or date, so that none is read before it is compared
    /// with them.
    pub(in super::super) ambiguous_nulls: bool,
}

impl Reading {
    pub(in super::super) fn new(dialect: &CsvDialect) -> Self {
        let byte = |ch: char| u8::try_from(ch).unwrap_or(b'?');
        let null_strings: Vec<_> =
            dialect.null_strings.iter().map(|text| text.as_bytes().to_vec()).collect();
        let ambiguous_nulls = null_strings.iter().flatten().any(u8::is_ascii_digit);
        Self {
            quote: dialect.quote.map_or(0, byte),
            escape: dialect.escape.map(byte),
            null_strings,
            decimal_comma: dialect.decimal_comma,
            ambiguous_nulls,
        }
    }

    /// Whether an unquoted text means "no value".
    pub(in super::super) fn is_null(&self, text: &[u8]) -> bool {
        text.is_empty() || self.null_strings.iter().any(|null| null == text)
    }

    /// What stands between the quotes of a quoted field.
    pub(in super::super) fn unquoted<'a>(&self, field: &'a [u8], escaped: bool) -> Cow<'a, [u8]> {
        let inner = field.get(1..field.len().saturating_sub(1)).unwrap_or_default();
        if !escaped {
            return Cow::Borrowed(inner);
        }
        let mut text = Vec::with_capacity(inner.len());
        let mut bytes = inner.iter().copied();
        while let Some(byte) = bytes.next() {
            let special = byte == self.quote || Some(byte) == self.escape;
            text.push(if special { bytes.next().unwrap_or(byte) } else { byte });
        }
        Cow::Owned(text)
    }
}

/// A text without the spaces and tabs around it.
pub(in super::super) fn trimmed(text: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().take_while(|byte| blank(byte)).count();
    let end = text[start..].iter().rev().take_while(|byte| blank(byte)).count();
    &text[start..text.len() - end]
}
