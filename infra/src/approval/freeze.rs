//! Freeze windows: when nothing is deployed, on the clock of a named time zone.

use domain::approval::{FreezeWindow, Moment};
use domain::{Error, Result};
use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Windows that follow one another are looked at so often to find the end of the last.
const MOST_IN_A_ROW: usize = 100;

/// Nothing is deployed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The name of a window that holds now.
    pub window: String,
    /// When none holds any more.
    pub until: Timestamp,
}

/// Whether a window holds now, and until when one or another does without a gap.
/// [`domain::ErrorKind::Invalid`] as in [`check_windows`].
pub fn frozen(windows: &[FreezeWindow], now: Timestamp) -> Result<Option<Frozen>> {
    let Some(mut frozen) = longest(windows, now)? else { return Ok(None) };
    for _ in 0..MOST_IN_A_ROW {
        let Some(next) = longest(windows, frozen.until)? else { break };
        frozen.until = next.until;
    }
    Ok(Some(frozen))
}

/// Refuses windows that cannot be understood: an unknown time zone, an end that is not after its
/// begin, or a window that begins once and ends every week.
pub fn check_windows(windows: &[FreezeWindow]) -> Result<()> {
    windows.iter().try_for_each(|window| ends_at(window, Timestamp::UNIX_EPOCH).map(drop))
}

/// Of the windows that hold at a moment, the one that ends last.
fn longest(windows: &[FreezeWindow], at: Timestamp) -> Result<Option<Frozen>> {
    let mut longest: Option<Frozen> = None;
    for window in windows {
        let Some(until) = ends_at(window, at)? else { continue };
        if longest.as_ref().is_none_or(|found| found.until < until) {
            longest = Some(Frozen { window: window.name.clone(), until });
        }
    }
    Ok(longest)
}

/// When a window ends, if it holds at a moment.
fn ends_at(window: &FreezeWindow, at: Timestamp) -> Result<Option<Timestamp>> {
    let wrong = |why: &str| Error::invalid(format!("freeze window {:?}: {why}", window.name));
    let zone = TimeZone::get(&window.time_zone).map_err(|_| {
        wrong(&format!("time zone {:?} is not known: write `Europe/Berlin`", window.time_zone))
    })?;
    let outside = |error: jiff::Error| wrong(&format!("its time is out of range: {error}"));
    let (from, to) = match (window.from, window.to) {
        (Moment::Once(from), Moment::Once(to)) if from < to => (from, to),
        (Moment::Weekly(from_day, from), Moment::Weekly(to_day, to))
            if (from_day, from) != (to_day, to) =>
        {
            weekly((from_day, from), (to_day, to), at.to_zoned(zone.clone()).datetime())
                .map_err(outside)?
        }
        (Moment::Weekly(..), Moment::Weekly(..)) => {
            return Err(wrong("it holds all week: end it before it begins again"));
        }
        (Moment::Once(_), Moment::Once(_)) => {
            return Err(wrong("it ends before it begins: set `to` after `from`"));
        }
        _ => return Err(wrong("write `from` and `to` both once, or both for every week")),
    };
    let from = zone.to_timestamp(from).map_err(outside)?;
    let to = zone.to_timestamp(to).map_err(outside)?;
    Ok((from <= at && at < to).then_some(to))
}

/// The window of the week that began last, on the local clock. Days are counted on the calendar, so
/// that a window ends at its hour also when clocks were changed within it.
fn weekly(
    (from_day, from): (Weekday, Time),
    (to_day, to): (Weekday, Time),
    local: DateTime,
) -> Result<(DateTime, DateTime), jiff::Error> {
    let back = local.date().weekday().since(from_day);
    let mut begin = local.date().checked_sub(i64::from(back).days())?;
    if begin.to_datetime(from) > local {
        begin = begin.checked_sub(7.days())?;
    }
    let mut days = i64::from(to_day.since(from_day));
    if days == 0 && to <= from {
        days = 7;
    }
    Ok((begin.to_datetime(from), begin.checked_add(days.days())?.to_datetime(to)))
}
