//! Partitions: one day of a table, under `year=YYYY/month=MM/day=DD`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The partition keys of every table, as strings with leading zeros ("2020", "08", "05").
pub const PARTITION_KEYS: [&str; 3] = ["year", "month", "day"];

/// One partition of a table. Years 0001 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Partition(Date);

impl Partition {
    /// The partition of a date.
    pub fn of(date: Date) -> Result<Self> {
        if date.year() >= 1 {
            return Ok(Self(date));
        }
        Err(Error::invalid(format!("{date} is before the year 1 and cannot be a partition")))
    }

    /// The partition with the given values of year, month and day.
    pub fn from_values(year: &str, month: &str, day: &str) -> Result<Self> {
        let invalid =
            || Error::invalid(format!("year={year:?}, month={month:?}, day={day:?} is no date"));
        let number = |text: &str| text.trim().parse::<i16>().map_err(|_| invalid());
        let (month, day) = (number(month)?, number(day)?);
        let month = i8::try_from(month).map_err(|_| invalid())?;
        let day = i8::try_from(day).map_err(|_| invalid())?;
        let date = Date::new(number(year)?, month, day).map_err(|_| invalid())?;
        Self::of(date)
    }

    /// The date of the partition.
    pub fn date(self) -> Date {
        self.0
    }

    /// The values of year, month and day, in the order of [`PARTITION_KEYS`].
    pub fn values(self) -> [String; 3] {
        [
            format!("{:04}", self.0.year()),
            format!("{:02}", self.0.month()),
            format!("{:02}", self.0.day()),
        ]
    }

    /// The folder of the partition below its table: `year=2020/month=08/day=05`.
    pub fn path(self) -> String {
        let [year, month, day] = self.values();
        format!("year={year}/month={month}/day={day}")
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day] = self.values();
        write!(f, "{year}-{month}-{day}")
    }
}

impl FromStr for Partition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let date = text
            .parse::<Date>()
            .map_err(|_| Error::invalid(format!("{text:?} is no date: write it as YYYY-MM-DD")))?;
        Self::of(date)
    }
}

impl TryFrom<String> for Partition {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_leading_zeros() {
        let partition = Partition::from_values("2020", "8", "05").unwrap();
        assert_eq!(partition.path(), "year=2020/month=08/day=05");
        assert_eq!(partition.to_string(), "2020-08-05");
        assert_eq!(partition.to_string().parse::<Partition>().unwrap(), partition);
    }

    #[test]
    fn impossible_dates_are_refused() {
        assert!(Partition::from_values("2020", "13", "01").is_err());
        assert!(Partition::from_values("2020", "02", "30").is_err());
        assert!(Partition::from_values("", "1", "1").is_err());
    }
}
