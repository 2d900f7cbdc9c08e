//! A whole generated file: which rows, in which order, with which faults.

use std::io::{self, Write};

use domain::partition::Partition;

use super::faults::Fault;
use super::random::Random;
use super::row::{Calendar, write_row};
use super::trip::{Trip, TripKind};

/// What to generate. Equal values give equal bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripFile {
    /// Yellow or green.
    pub kind: TripKind,
    /// Rows below the header.
    pub rows: u64,
    /// Chooses one of many equally plausible files.
    pub seed: u64,
    /// The day of the first pickups.
    pub first_day: Partition,
    /// Pickups spread over so many days, at least 1.
    pub days: u16,
    /// Whether some rows have faults.
    pub faults: bool,
}

/// What was generated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows below the header, rejected ones included.
    pub rows: u64,
    /// Rows that do not fit the source and have to be rejected.
    pub rejected: u64,
    /// Good rows that take two lines because of a quoted newline.
    pub multiline: u64,
    /// Size of the file.
    pub bytes: u64,
}

impl TripFile {
    /// Writes the file. As in the real ones, trips without a taximeter, whose vendor and other fields
    /// are empty, stand at the end. `out` should be buffered: it gets one write a row.
    pub fn write(&self, out: &mut impl Write) -> io::Result<Written> {
        let calendar = Calendar::new(self.first_day, self.days).map_err(io::Error::other)?;
        let mut random = Random::seeded(self.seed);
        let mut row = self.kind.header().as_bytes().to_vec();
        let mut written = Written::default();
        self.end_row(out, &mut row, &mut written)?;
        for index in 0..self.rows {
            let (day, trip) = self.trip(index, &mut random);
            write_row(&mut row, self.kind, &calendar, day, &trip);
            if self.faults {
                self.spoil(index, &mut row, &mut written);
            }
            self.end_row(out, &mut row, &mut written)?;
            written.rows += 1;
        }
        Ok(written)
    }

    /// The trip of a row and the day of its pickup.
    fn trip(&self, index: u64, random: &mut Random) -> (u32, Trip) {
        let metered = self.metered_rows();
        if index < metered {
            return (self.day(index, metered), Trip::metered(self.kind, random));
        }
        (self.day(index - metered, self.rows - metered), Trip::ordered(self.kind, random))
    }

    fn metered_rows(&self) -> u64 {
        let ordered_of_ten_thousand = match self.kind {
            TripKind::Yellow => 738,
            TripKind::Green => 4_235,
        };
        self.rows - self.rows * ordered_of_ten_thousand / 10_000
    }

    /// Days follow each other through the `count` rows.
    fn day(&self, index: u64, count: u64) -> u32 {
        u32::try_from(index * u64::from(self.days.max(1)) / count).unwrap_or(0)
    }

    fn spoil(&self, index: u64, row: &mut Vec<u8>, written: &mut Written) {
        let Some(fault) = Fault::of_row(index, self.rows) else { return };
        fault.apply(self.kind, row);
        match fault.rejects() {
            true => written.rejected += 1,
            false => written.multiline += 1,
        }
    }

    fn end_row(
        &self,
        out: &mut impl Write,
        row: &mut Vec<u8>,
        written: &mut Written,
    ) -> io::Result<()> {
        row.extend_from_slice(self.kind.line_end());
        written.bytes += row.len() as u64;
        out.write_all(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: TripKind, rows: u64, faults: bool) -> TripFile {
        let first_day = "2020-08-01".parse().unwrap();
        TripFile { kind, rows, seed: 42, first_day, days: 31, faults }
    }

    fn text(file: &TripFile) -> (String, Written) {
        let mut bytes = Vec::new();
        let written = file.write(&mut bytes).unwrap();
        assert_eq!(written.bytes, bytes.len() as u64);
        (String::from_utf8(bytes).unwrap(), written)
    }

    #[test]
    fn equal_values_give_equal_bytes() {
        let first = file(TripKind::Yellow, 500, true);
        assert_eq!(text(&first), text(&first.clone()));
        assert_ne!(text(&first).0, text(&TripFile { seed: 43, ..first }).0);
    }

    #[test]
    fn rows_without_faults_have_the_fields_of_their_header() {
        for kind in [TripKind::Yellow, TripKind::Green] {
            let (text, written) = text(&file(kind, 3_000, false));
            let end = std::str::from_utf8(kind.line_end()).unwrap();
            let lines: Vec<_> = text.strip_suffix(end).unwrap().split(end).collect();
            assert_eq!((lines.len(), written.rows), (3_001, 3_000));
            assert_eq!((written.rejected, written.multiline), (0, 0));
            let fields = kind.header().split(',').count();
            assert!(lines.iter().all(|line| line.split(',').count() == fields), "{kind}");
            assert!(lines[1].contains("2020-08-01 ") && lines[3_000].contains("2020-08-31 "));
        }
    }

    #[test]
    fn rows_without_a_vendor_stand_at_the_end() {
        let (text, _) = text(&file(TripKind::Green, 1_000, false));
        let empty: Vec<_> = text.lines().skip(1).map(|line| line.starts_with(',')).collect();
        assert_eq!(empty.iter().position(|empty| *empty), Some(577));
        assert!(empty[577..].iter().all(|empty| *empty));
    }

    #[test]
    fn the_count_of_faults_is_exact() {
        for kind in [TripKind::Yellow, TripKind::Green] {
            let (text, written) = text(&file(kind, 2_000, true));
            assert_eq!((written.rows, written.rejected, written.multiline), (2_000, 6, 2));
            assert_eq!(text.lines().count(), 2_001 + 2);
            assert_eq!(text.matches('$').count(), 2);
        }
    }

    #[test]
    fn no_rows_is_a_header_alone() {
        let (text, written) = text(&file(TripKind::Yellow, 0, true));
        assert_eq!((text.lines().count(), written.rows), (1, 0));
    }
}
