//! What the number types share: eight characters at a time, and the decimal comma.

use std::borrow::Cow;

const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// The decimal separator of unsigned short numbers, as [`short_number`] looks for it.
#[derive(Clone, Copy)]
pub(in super::super) struct Separator(u64);

impl Separator {
    pub(in super::super) fn new(decimal_comma: bool) -> Self {
        let byte = if decimal_comma { b',' } else { b'.' };
        Self(u64::from_le_bytes([byte ^ b'0'; 8]))
    }
}

/// Up to eight characters, digits and at most one separator: its digits as one number, and how many
/// of them stand after the separator. Works on all characters at once, in one machine word.
#[inline(always)]
pub(in super::super) fn short_number(
    padded: &[u8],
    start: usize,
    len: usize,
    separator: Separator,
) -> Option<(u64, usize)> {
    let characters = short_word(padded, start, len)?;
    // The highest bit of each byte that equals the separator; only the lowest one found is exact,
    // and a second separator fails the digit check below.
    let difference = characters ^ separator.0;
    let found = difference.wrapping_sub(ZEROS / 0x30) & !difference & HIGH_BITS;
    let lowest = found & found.wrapping_neg();
    let before = (lowest >> 7).wrapping_sub(1);
    let after = !(lowest << 1).wrapping_sub(1);
    let present = found != 0;
    let digits = (characters & after) | ((characters & before) << (8 * u32::from(present)));
    if !all_digits(digits) || (present && len == 1) {
        return None;
    }
    let fraction = if present { 7 - (lowest.trailing_zeros() as usize >> 3) } else { 0 };
    Some((number_of(digits), fraction))
}

/// Up to eight digits as a number.
#[inline(always)]
pub(in super::super) fn short_digits(padded: &[u8], start: usize, len: usize) -> Option<u64> {
    let digits = short_word(padded, start, len)?;
    all_digits(digits).then(|| number_of(digits))
}

/// `1.234,5` as `1234.5`; `None` when the dots do not separate groups of three digits.
pub(in super::super) fn with_decimal_point(
    text: &[u8],
    decimal_comma: bool,
) -> Option<Cow<'_, [u8]>> {
    if !decimal_comma {
        return Some(Cow::Borrowed(text));
    }
    let mut halves = text.splitn(2, |byte| *byte == b',');
    let (whole, fraction) = (halves.next()?, halves.next());
    let mut groups = whole.split(|byte| *byte == b'.');
    let mut plain = groups.next()?.to_vec();
    let leading = plain.iter().filter(|byte| byte.is_ascii_digit()).count();
    for group in groups {
        let whole_group = group.len() == 3 && group.iter().all(u8::is_ascii_digit);
        if !whole_group || !(1..=3).contains(&leading) {
            return None;
        }
        plain.extend_from_slice(group);
    }
    if let Some(fraction) = fraction {
        if fraction.contains(&b'.') {
            return None;
        }
        plain.push(b'.');
        plain.extend_from_slice(fraction);
    }
    Some(Cow::Owned(plain))
}

/// A leading sign: whether it is a minus, and what follows it.
pub(in super::super) fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

/// Digits before and after the point, both possibly empty but not both.
pub(in super::super) fn split_point(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let point = memchr::memchr(b'.', text);
    let (whole, fraction) = match point {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &text[text.len()..]),
    };
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let some = !(whole.is_empty() && fraction.is_empty());
    (some && digits(whole) && digits(fraction)).then_some((whole, fraction))
}

/// 1 to 8 characters, minus `'0'`, at the upper end of a word (the last one in the highest byte)
/// with zeros, which read as leading digits, below.
#[inline(always)]
fn short_word(padded: &[u8], start: usize, len: usize) -> Option<u64> {
    if len.wrapping_sub(1) >= 8 {
        return None;
    }
    let bytes: [u8; 8] = padded.get(start..start + 8)?.try_into().ok()?;
    Some((u64::from_le_bytes(bytes) ^ ZEROS) << (64 - 8 * len))
}

#[inline(always)]
fn all_digits(word: u64) -> bool {
    (word.wrapping_add(0x7676_7676_7676_7676) | word) & HIGH_BITS == 0
}

/// Eight digits, the first in the lowest byte, as a number: pairs, then fours, then all.
#[inline(always)]
fn number_of(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let upper = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let lower = ((pairs >> 16) & PAIRS).wrapping_mul(1 + (10_000 << 32));
    upper.wrapping_add(lower) >> 32
}
