//! Dates and times of day as ISO 8601 writes them, to days and microseconds since 1970.

/// Microseconds of a day.
pub(in super::super) const DAY: i64 = 86_400_000_000;
const SECOND: i64 = 1_000_000;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i32 = 719_162;
const BEFORE_MONTH: [i32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const LENGTHS: [u8; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A parsed date and time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Moment {
    /// Microseconds since 1970, in UTC where an offset is written.
    pub(in super::super) micros: i64,
    /// Whether it has an offset other than zero.
    pub(in super::super) shifted: bool,
}

/// `YYYY-MM-DD` as days since 1970, in the years 1 to 9999; `None` when there is no such day.
#[inline(always)]
pub(in super::super) fn iso_date(text: &[u8; 10]) -> Option<i32> {
    let (year_month, day) = text.split_first_chunk::<8>()?;
    let [century, _, year, _, _, month, _, _] = pairs(year_month, b"0000-00-")?;
    let &[tens, ones] = day else { return None };
    days(century, year, usize::from(month), two_digits(tens, ones)?)
}

/// `HH:MM:SS` as microseconds.
#[inline(always)]
pub(in super::super) fn iso_time(text: &[u8; 8]) -> Option<i64> {
    let [hour, _, _, minute, _, _, second, _] = pairs(text, b"00:00:00")?;
    let valid = hour < 24 && minute < 60 && second < 60;
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    valid.then_some(seconds * SECOND)
}

/// A date with an optional time of day, fraction and offset:
/// `2020-08-01`, `2020-08-01T10:20`, `2020-08-01 10:20:30.5+02:00`.
pub(in super::super) fn iso_moment(text: &[u8]) -> Option<Moment> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let midnight = i64::from(iso_date(date)?) * DAY;
    let Some((separator, rest)) = rest.split_first() else {
        return Some(Moment { micros: midnight, shifted: false });
    };
    if !matches!(separator, b' ' | b'T' | b't') {
        return None;
    }
    let (time, rest) = clock(rest)?;
    let (fraction, rest) = fraction(rest)?;
    let offset = offset(rest)?;
    Some(Moment { micros: midnight + time + fraction - offset, shifted: offset != 0 })
}

/// `HH:MM` or `HH:MM:SS`, and what follows.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    if text.get(5) == Some(&b':') {
        let (time, rest) = text.split_first_chunk::<8>()?;
        return Some((iso_time(time)?, rest));
    }
    let (short, rest) = text.split_first_chunk::<5>()?;
    let [h1, h2, colon, m1, m2] = *short;
    Some((iso_time(&[h1, h2, colon, m1, m2, b':', b'0', b'0'])?, rest))
}

/// A fraction of a second in microseconds, and what follows. Finer digits fit when they are zeros.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at(count);
    let (mut micros, mut unit) = (0, SECOND);
    for digit in digits {
        unit /= 10;
        if unit == 0 && *digit != b'0' {
            return None;
        }
        micros += i64::from(digit - b'0') * unit;
    }
    (count > 0).then_some((micros, rest))
}

/// An offset from UTC in microseconds: nothing, `Z`, `+HH`, `+HHMM`, `+HH:MM`, one space before.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(b" ").unwrap_or(text) {
        [] if text.is_empty() => return Some(0),
        [b'Z' | b'z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hour, minute) = match *digits {
        [h1, h2] => (two_digits(h1, h2)?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (two_digits(h1, h2)?, two_digits(m1, m2)?),
        _ => return None,
    };
    let minutes = i64::from(hour) * 60 + i64::from(minute);
    (hour < 24 && minute < 60).then_some(sign * minutes * 60 * SECOND)
}

/// Days since 1970 of a day in year `century * 100 + year`.
#[inline(always)]
fn days(century: u8, year: u8, month: usize, day: u8) -> Option<i32> {
    let leap = (if year == 0 { century } else { year }).is_multiple_of(4);
    let length = *LENGTHS.get(month)? + u8::from(leap && month == 2);
    let before = i32::from(century) * 100 + i32::from(year) - 1;
    if before < 0 || day.wrapping_sub(1) >= length {
        return None;
    }
    let whole_years = before * 365 + before / 4 - before / 100 + before / 400;
    let leap_day = i32::from(leap && month > 2);
    Some(whole_years + BEFORE_MONTH.get(month)? + leap_day + i32::from(day) - 1 - EPOCH)
}

/// Eight characters that follow `form`, where `0` stands for any digit: for each digit, the number
/// that it makes with the digit behind it. All characters are compared at once, in one word.
#[inline(always)]
fn pairs(text: &[u8; 8], form: &[u8; 8]) -> Option<[u8; 8]> {
    // What must be added to a byte so that its highest bit is set when it is no digit, or not the
    // separator.
    let bounds = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x76 } else { 0x7f }));
    let word = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*form);
    if (word.wrapping_add(bounds) | word) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    Some(word.wrapping_mul(10).wrapping_add(word >> 8).to_le_bytes())
}

#[inline(always)]
fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| tens * 10 + ones)
}
