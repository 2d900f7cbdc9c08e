//! What a text is written like: the question that proposals ask of every value.

use super::ValueType;
use super::civil::iso_moment;
use super::double::parse_double;
use super::field::trimmed;
use super::integer::parse_integer;
use super::number::{split_sign, with_decimal_point};
use super::temporal::Date;

/// The narrowest type that a text is written like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Written {
    /// Nothing but spaces.
    Nothing,
    /// `true` or `false`, in any case.
    Boolean,
    /// Digits, with a sign or without, that fit 64 bits.
    Integer(i64),
    /// Digits that do not fit 64 bits.
    LongInteger,
    /// A number with a fraction or an exponent.
    Double,
    /// A number with zeros before it, or a plus, which the number would lose.
    Padded,
    /// A day.
    Date,
    /// A day with a time.
    Timestamp,
    /// Anything else.
    Text,
}

/// What `text` is written like.
pub(crate) fn written(text: &[u8], decimal_comma: bool) -> Written {
    let text = trimmed(text);
    match text.first() {
        None => Written::Nothing,
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b',' | b'N' | b'I') => {
            number(text, decimal_comma).or_else(|| moment(text)).unwrap_or(Written::Text)
        }
        Some(_) if text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false") => {
            Written::Boolean
        }
        Some(_) => Written::Text,
    }
}

fn number(text: &[u8], decimal_comma: bool) -> Option<Written> {
    let plain = with_decimal_point(text, decimal_comma)?;
    let (_, unsigned) = split_sign(&plain);
    let digits = unsigned.iter().all(u8::is_ascii_digit) && !unsigned.is_empty();
    if !digits && parse_double(&plain).is_none() {
        return None;
    }
    let padded = matches!(unsigned, [b'0', b'0'..=b'9', ..]) || plain.starts_with(b"+");
    Some(match parse_integer(&plain) {
        _ if padded => Written::Padded,
        _ if !digits => Written::Double,
        Some(value) => Written::Integer(value),
        None => Written::LongInteger,
    })
}

fn moment(text: &[u8]) -> Option<Written> {
    iso_moment(text)?;
    let day = text.len() == 10 && Date(None).parse(text).is_some();
    Some(if day { Written::Date } else { Written::Timestamp })
}
