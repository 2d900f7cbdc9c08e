//! The filters of a list, as they stand in an address.

use domain::run::{RunId, RunStatus, Trigger};
use domain::{Error, Result};
use etl_engine::run::RunFilter;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use url::form_urlencoded;

/// Runs on a page when nobody says how many.
const PAGE: usize = 50;
/// Most runs on a page.
const MOST: usize = 200;

/// Reads the query of an address. Fields without a value say nothing: a form sends them all.
/// [`domain::ErrorKind::Invalid`] names the field that is wrong.
pub fn parse(query: &str) -> Result<RunFilter> {
    let mut filter = RunFilter { limit: PAGE, ..RunFilter::default() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = value.trim();
        if !value.is_empty() {
            set(&mut filter, &name, value).map_err(|error| error.context(&name))?;
        }
    }
    Ok(filter)
}

fn set(filter: &mut RunFilter, name: &str, value: &str) -> Result<()> {
    match name {
        "dataset" => filter.dataset = Some(value.parse()?),
        "status" => {
            for status in value.split(',') {
                let status: RunStatus = status.parse()?;
                if !filter.statuses.contains(&status) {
                    filter.statuses.push(status);
                }
            }
        }
        "trigger" => filter.trigger = Some(value.parse::<Trigger>()?),
        "actor" => filter.actor = Some(value.to_owned()),
        "key" => filter.key = Some(value.to_owned()),
        "from" => filter.from = Some(moment(value)?),
        // A moment is told to the millisecond or coarser; what it names is still in it.
        "to" => {
            let to = moment(value)?;
            filter.to = Some(to.checked_add(SignedDuration::from_millis(1)).unwrap_or(to));
        }
        "after" => filter.before = Some(value.parse::<RunId>()?),
        "newer_than" => filter.after = Some(value.parse::<RunId>()?),
        "limit" => {
            let limit = value.parse::<usize>().ok().filter(|limit| (1..=MOST).contains(limit));
            let wrong = || Error::invalid(format!("{value:?} is not a number from 1 to {MOST}"));
            filter.limit = limit.ok_or_else(wrong)?;
        }
        // What a later version may ask for.
        _ => {}
    }
    Ok(())
}

/// A point in time with a zone, or a date with or without time in UTC.
fn moment(text: &str) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || {
        Error::invalid(format!(
            "{text:?} is no time: write it as 2026-08-05, 2026-08-05T10:00 or 2026-08-05T10:00:00Z"
        ))
    };
    let civil: DateTime = text.parse().map_err(|_| wrong())?;
    civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_empty_fields_filters_by_the_others() {
        let query = "dataset=&status=FAILED&status=HELD&trigger=&actor=ada&from=&to=";
        let filter = parse(query).unwrap();
        assert_eq!(filter.statuses, [RunStatus::Failed, RunStatus::Held]);
        assert_eq!((filter.dataset, filter.actor.as_deref()), (None, Some("ada")));
        assert_eq!((filter.limit, filter.from), (PAGE, None));
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        let expected: Timestamp = "2026-08-05T10:00:00Z".parse().unwrap();
        for text in ["2026-08-05T10:00", "2026-08-05T10:00:00Z", "2026-08-05T12:00:00%2B02:00"] {
            assert_eq!(parse(&format!("from={text}")).unwrap().from, Some(expected), "{text}");
        }
        assert!(parse("from=2026-08-05").unwrap().from.is_some());
    }

    #[test]
    fn the_ends_of_time_are_times() {
        for text in ["9999-12-30T22:00:00.999999999Z", "-009999-01-02T02:00:00Z"] {
            assert!(parse(&format!("from={text}&to={text}")).unwrap().to.is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for query in
            ["dataset=x", "status=GONE", "from=yesterday", "limit=0", "limit=9999", "after=1"]
        {
            let error = parse(query).unwrap_err();
            let name = query.split('=').next().unwrap();
            assert!(error.message().starts_with(name), "{}", error.message());
        }
    }
}
