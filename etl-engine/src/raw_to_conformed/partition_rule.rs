//! Finding the partition of rows by the source's rule.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use domain::arrival::Arrival;
use domain::column::Column;
use domain::partition::Partition;
use domain::source::PartitionRule;
use domain::{Error, Result};
use jiff::civil::{Date, date};

const EPOCH: Date = date(1970, 1, 1);
const MICROSECONDS_A_DAY: i64 = 86_400_000_000;

/// How the rows of one object find their partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayOf {
    /// All rows lie in one partition.
    Object(Partition),
    /// The column at this index tells.
    Column(usize),
}

/// Resolves the rule for one arrival. `first_arrival` is the day on which the key first arrived, if
/// it was committed before; a re-delivery keeps it.
pub(super) fn resolve(
    rule: &PartitionRule,
    arrival: &Arrival,
    columns: &[Column],
    first_arrival: Option<Partition>,
) -> Result<DayOf> {
    match rule {
        PartitionRule::IngestDate { time_zone } => {
            let day = match first_arrival {
                Some(day) => day,
                None => Partition::of(local_date(arrival, time_zone)?)?,
            };
            Ok(DayOf::Object(day))
        }
        PartitionRule::KeyPattern { pattern } => key_date(pattern, &arrival.key).map(DayOf::Object),
        PartitionRule::DateColumn { column } => columns
            .iter()
            .position(|pinned| pinned.name == *column)
            .map(DayOf::Column)
            .ok_or_else(|| Error::invalid(format!("partition column {column} is not pinned"))),
    }
}

/// The day in which the rows of an arrival would lie, as far as the rule tells without reading them:
/// by a date column it is unknown.
pub fn expected_day(rule: &PartitionRule, arrival: &Arrival) -> Option<Partition> {
    match resolve(rule, arrival, &[], None) {
        Ok(DayOf::Object(day)) => Some(day),
        Ok(DayOf::Column(_)) | Err(_) => None,
    }
}

/// Splits a batch into its partitions, in the order of their days; rows keep their order.
pub(super) fn split(day_of: DayOf, batch: RecordBatch) -> Result<Vec<(Partition, RecordBatch)>> {
    let index = match day_of {
        DayOf::Object(partition) => return Ok(vec![(partition, batch)]),
        DayOf::Column(index) => index,
    };
    let days = days(batch.column(index))?;
    if let Some((first, rest)) = days.split_first()
        && rest.iter().all(|day| day == first)
    {
        return Ok(vec![(partition_of(*first)?, batch)]);
    }
    let mut rows: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for (row, day) in (0_u32..).zip(&days) {
        rows.entry(*day).or_default().push(row);
    }
    rows.into_iter()
        .map(|(day, rows)| {
            let taken = take_record_batch(&batch, &UInt32Array::from(rows)).map_err(|error| {
                Error::internal(format!("splitting rows by day failed: {error}"))
            })?;
            Ok((partition_of(day)?, taken))
        })
        .collect()
}

/// Days since 1970-01-01 of every row. The decoder rejects rows without a date, so nulls are a fault.
fn days(column: &dyn Array) -> Result<Vec<i64>> {
    if column.null_count() > 0 {
        return Err(Error::internal("a row without partition date passed the decoder"));
    }
    match column.data_type() {
        DataType::Date32 => {
            Ok(column.as_primitive::<Date32Type>().values().iter().map(|d| i64::from(*d)).collect())
        }
        DataType::Timestamp(..) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            Ok(values.iter().map(|at| at.div_euclid(MICROSECONDS_A_DAY)).collect())
        }
        other => Err(Error::internal(format!("a partition column cannot be a {other}"))),
    }
}

fn partition_of(day: i64) -> Result<Partition> {
    let date = i32::try_from(day)
        .ok()
        .and_then(|day| EPOCH.checked_add(jiff::Span::new().try_days(day).ok()?).ok())
        .ok_or_else(|| Error::invalid(format!("day {day} since 1970 is no date of a partition")))?;
    Partition::of(date)
}

fn local_date(arrival: &Arrival, time_zone: &str) -> Result<Date> {
    let local = arrival.landed_at.in_tz(time_zone).map_err(|error| {
        Error::invalid(format!(
            "time zone {time_zone:?} of the partition rule is not known ({error}): use an IANA \
             name such as America/New_York"
        ))
    })?;
    Ok(local.date())
}

/// Finds the pattern's date anywhere in the key.
fn key_date(pattern: &str, key: &str) -> Result<Partition> {
    (0..=key.len())
        .filter(|start| key.is_char_boundary(*start))
        .find_map(|start| match_at(pattern, &key[start..]))
        .ok_or_else(|| {
            Error::invalid(format!(
                "key {key:?} has no date where the partition rule {pattern:?} expects one"
            ))
        })
}

fn match_at(pattern: &str, mut text: &str) -> Option<Partition> {
    let (mut year, mut month, mut day) = ("", "", "01");
    let mut pattern = pattern;
    while !pattern.is_empty() {
        let (slot, name, digits) = if pattern.starts_with("{year}") {
            (&mut year, "{year}", 4)
        } else if pattern.starts_with("{month}") {
            (&mut month, "{month}", 2)
        } else if pattern.starts_with("{day}") {
            (&mut day, "{day}", 2)
        } else {
            let literal = pattern.chars().next()?;
            text = text.strip_prefix(literal)?;
            pattern = &pattern[literal.len_utf8()..];
            continue;
        };
        let value = text.get(..digits).filter(|v| v.bytes().all(|b| b.is_ascii_digit()))?;
        *slot = value;
        text = &text[digits..];
        pattern = &pattern[name.len()..];
    }
    Partition::from_values(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::TimestampMicrosecondArray;
    use domain::arrival::{ObjectVersion, Sequencer};
    use domain::column::ColumnType;
    use jiff::Timestamp;

    use super::*;

    fn arrival(key: &str, landed_at: &str) -> Arrival {
        let landed_at: Timestamp = landed_at.parse().unwrap();
        Arrival {
            bucket: "raw".into(),
            key: key.into(),
            version: ObjectVersion::ETag("1".into()),
            sequencer: Sequencer::at(landed_at),
            size: 1,
            landed_at,
        }
    }

    fn ingest(zone: &str, landed_at: &str, first: Option<&str>) -> String {
        let rule = PartitionRule::IngestDate { time_zone: zone.into() };
        let first = first.map(|day| day.parse().unwrap());
        match resolve(&rule, &arrival("a/b/c", landed_at), &[], first).unwrap() {
            DayOf::Object(day) => day.to_string(),
            DayOf::Column(_) => unreachable!(),
        }
    }

    #[test]
    fn a8_the_ingest_day_is_that_of_the_named_zone_also_over_dst() {
        assert_eq!(ingest("UTC", "2020-08-05T23:59:59Z", None), "2020-08-05");
        assert_eq!(ingest("America/New_York", "2020-08-06T03:59:59Z", None), "2020-08-05");
        assert_eq!(ingest("America/New_York", "2020-11-01T05:30:00Z", None), "2020-11-01");
        assert_eq!(ingest("Australia/Lord_Howe", "2020-10-03T15:30:00Z", None), "2020-10-04");
    }

    #[test]
    fn a8_a_redelivery_after_midnight_keeps_the_first_day() {
        assert_eq!(ingest("UTC", "2020-08-06T00:00:01Z", Some("2020-08-05")), "2020-08-05");
    }

    #[test]
    fn an_unknown_zone_is_named() {
        let rule = PartitionRule::IngestDate { time_zone: "Mars/Olympus".into() };
        let error = resolve(&rule, &arrival("a/b/c", "2020-01-01T00:00:00Z"), &[], None);
        assert!(error.unwrap_err().to_string().contains("Mars/Olympus"));
    }

    #[test]
    fn dates_are_found_in_keys() {
        let find = |pattern: &str, key: &str| key_date(pattern, key).map(|day| day.to_string());
        let key = "tlc/green/2020/green_tripdata_2020-08.csv.gz";
        assert_eq!(find("tripdata_{year}-{month}", key).unwrap(), "2020-08-01");
        assert_eq!(find("{year}{month}{day}", "a/b/x-20200805-1.csv").unwrap(), "2020-08-05");
        assert_eq!(
            find("y={year}/m={month}/d={day}", "a/b/y=2020/m=08/d=05/é").unwrap(),
            "2020-08-05"
        );
        assert!(find("{year}-{month}", "a/b/2020-13.csv").is_err());
        assert!(find("{year}-{month}", "a/b/none.csv").unwrap_err().message().contains("none.csv"));
    }

    #[test]
    fn rows_are_split_by_day_also_before_1970() {
        let column = Column::new("at", ColumnType::Timestamp);
        let rule = PartitionRule::DateColumn { column: "at".into() };
        let day_of = resolve(&rule, &arrival("a/b/c", "2020-01-01T00:00:00Z"), &[column], None);
        let times = [-1, 0, MICROSECONDS_A_DAY - 1, MICROSECONDS_A_DAY, -1];
        let array: Arc<dyn Array> = Arc::new(TimestampMicrosecondArray::from(times.to_vec()));
        let batch = RecordBatch::try_from_iter([("at", array)]).unwrap();
        let parts: Vec<_> = split(day_of.unwrap(), batch)
            .unwrap()
            .into_iter()
            .map(|(day, rows)| (day.to_string(), rows.num_rows()))
            .collect();
        let expected = [("1969-12-31", 2), ("1970-01-01", 2), ("1970-01-02", 1)];
        assert_eq!(parts, expected.map(|(day, rows)| (day.to_owned(), rows)));
    }
}
