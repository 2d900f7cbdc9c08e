//! How the types of the first page read points in time: as the server writes them, in UTC, and
//! nothing else. The reader of `jiff` knows every way to write a time, names all that can be wrong
//! with times and zones, and would be a tenth of the module that every page loads.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a point in time.
pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    parse(&String::deserialize(from)?)
}

/// Reads a point in time that may be absent.
pub(crate) fn read_some<'de, D>(from: D) -> Result<Option<Timestamp>, D::Error>
where
    D: Deserializer<'de>,
{
    Option::<String>::deserialize(from)?.map(|text| parse(&text)).transpose()
}

fn parse<E: Error>(text: &str) -> Result<Timestamp, E> {
    utc(text).ok_or_else(|| E::custom("a time such as 2020-08-05T14:03:09Z was expected"))
}

fn utc(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let (year, month, day) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let at = DateTime::new(year, month, day, hour, minute, second, nanoseconds).ok()?;
    Offset::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::overview::ZoneTotals;

    #[test]
    fn times_are_read_as_the_server_writes_them() {
        let usual =
            ["1969-12-31T23:59:59.5Z", "2020-02-29T23:59:59.25Z", "2026-11-22T00:00:00.000001Z"];
        let usual = usual.map(|text| text.parse::<Timestamp>().unwrap());
        for at in usual.into_iter().chain([Timestamp::UNIX_EPOCH, Timestamp::MAX]) {
            assert_eq!(utc(&at.to_string()), Some(at), "{at}");
        }
    }

    #[test]
    fn what_is_no_time_is_said_to_be_none() {
        let totals = |at: &str| {
            let rest = r#""zone":"raw","bytes":1,"files":1,"rows":null,"tables":null"#;
            serde_json::from_str::<ZoneTotals>(&format!("{{{rest},\"updated_at\":{at}}}"))
        };
        assert_eq!(totals("null").unwrap().updated_at, None);
        for text in
            ["yesterday", "2020-02-30T00:00:00Z", "2020-08-05T14:03:09", "2020-08-05T14:03Z"]
        {
            let error = totals(&format!("\"{text}\"")).unwrap_err().to_string();
            assert!(error.starts_with("a time such as"), "{text}: {error}");
        }
    }
}
