//! Dates and timestamps: ISO 8601, or the format that the column pins.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, TimestampMicrosecondArray};
use arrow::buffer::NullBuffer;
use jiff::civil;
use jiff::fmt::strtime;

use super::ValueType;
use super::civil::{DAY, iso_date, iso_moment, iso_time};

/// The `date` type.
pub(in super::super) struct Date(pub(in super::super) Option<String>);

/// The `timestamp` type.
pub(in super::super) struct Timestamp(pub(in super::super) Option<String>);

impl ValueType for Date {
    type Native = i32;

    #[inline(always)]
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<i32> {
        if len != 10 || self.0.is_some() {
            return None;
        }
        iso_date(padded.get(start..start + 10)?.try_into().ok()?)
    }

    fn parse(&self, text: &[u8]) -> Option<i32> {
        let micros = match &self.0 {
            Some(format) => formatted(format, text)?,
            // A timestamp at midnight is a date without loss.
            None => iso_moment(text).filter(|moment| !moment.shifted)?.micros,
        };
        (micros % DAY == 0).then(|| i32::try_from(micros / DAY).ok()).flatten()
    }

    fn array(&self, values: Vec<i32>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(Date32Array::new(values.into(), nulls))
    }
}

impl ValueType for Timestamp {
    type Native = i64;

    #[inline(always)]
    fn quick(&self, padded: &[u8], start: usize, len: usize) -> Option<i64> {
        if len != 19 || self.0.is_some() {
            return None;
        }
        let text: &[u8; 19] = padded.get(start..start + 19)?.try_into().ok()?;
        let (date, rest) = text.split_first_chunk::<10>()?;
        let (separator, time) = rest.split_first()?;
        if !matches!(separator, b' ' | b'T') {
            return None;
        }
        Some(i64::from(iso_date(date)?) * DAY + iso_time(time.try_into().ok()?)?)
    }

    fn parse(&self, text: &[u8]) -> Option<i64> {
        match &self.0 {
            Some(format) => formatted(format, text),
            None => iso_moment(text).map(|moment| moment.micros),
        }
    }

    fn array(&self, values: Vec<i64>, nulls: Option<NullBuffer>) -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::new(values.into(), nulls))
    }
}

/// Microseconds since 1970 of a text in a strftime format. A format without time means midnight,
/// one with an offset is
/// converted to UTC, and so are seconds since 1970.
fn formatted(format: &str, text: &[u8]) -> Option<i64> {
    let parsed = strtime::parse(format, text).ok()?;
    let nanos = if parsed.offset().is_some() || parsed.timestamp().is_some() {
        parsed.to_timestamp().ok()?.as_nanosecond()
    } else {
        let date = parsed.to_date().ok()?;
        let time =
            if parsed.hour().is_some() { parsed.to_time().ok()? } else { civil::Time::midnight() };
        let utc = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        utc.timestamp().as_nanosecond()
    };
    (nanos % 1000 == 0).then(|| i64::try_from(nanos / 1000).ok()).flatten()
}
