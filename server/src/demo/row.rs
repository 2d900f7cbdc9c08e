//! Writes trips as the real files write them, without the cost of the formatting machinery.

use domain::partition::Partition;
use domain::{Error, Result};

use super::trip::{Meter, Trip, TripKind};

const YELLOW_HEADER: &str = "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,\
trip_distance,RatecodeID,store_and_fwd_flag,PULocationID,DOLocationID,payment_type,fare_amount,\
extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,total_amount,congestion_surcharge";

const GREEN_HEADER: &str = "VendorID,lpep_pickup_datetime,lpep_dropoff_datetime,\
store_and_fwd_flag,RatecodeID,PULocationID,DOLocationID,passenger_count,trip_distance,\
fare_amount,extra,mta_tax,tip_amount,tolls_amount,ehail_fee,improvement_surcharge,total_amount,\
payment_type,trip_type,congestion_surcharge";

impl TripKind {
    /// The header of the real files, without line end.
    pub fn header(self) -> &'static str {
        match self {
            Self::Yellow => YELLOW_HEADER,
            Self::Green => GREEN_HEADER,
        }
    }

    /// Green files end their lines with CRLF.
    pub(super) fn line_end(self) -> &'static [u8] {
        match self {
            Self::Yellow => b"\n",
            Self::Green => b"\r\n",
        }
    }
}

/// The dates of a file as text, and the days after it on which its last trips end.
#[derive(Debug)]
pub(super) struct Calendar(Vec<String>);

impl Calendar {
    pub(super) fn new(first_day: Partition, days: u16) -> Result<Self> {
        let mut dates = Vec::new();
        let mut date = first_day.date();
        for _ in 0..days.saturating_add(2) {
            dates.push(date.to_string());
            date = date.tomorrow().map_err(|_| {
                Error::invalid(format!("{days} days from {first_day} go beyond the year 9999"))
            })?;
        }
        Ok(Self(dates))
    }

    /// Writes `YYYY-MM-DD hh:mm:ss`; `second` may go beyond the day.
    fn push(&self, row: &mut Vec<u8>, day: u32, second: u32) {
        let day = (day + second / 86_400) as usize;
        let second = second % 86_400;
        row.extend_from_slice(
            self.0.get(day).or(self.0.last()).map_or(b"", |date| date.as_bytes()),
        );
        for (before, value) in
            [(b' ', second / 3_600), (b':', second / 60 % 60), (b':', second % 60)]
        {
            row.push(before);
            push_two_digits(row, value);
        }
    }
}

/// Replaces `row` by the fields of a trip on the `day`-th day, without line end.
pub(super) fn write_row(
    row: &mut Vec<u8>,
    kind: TripKind,
    calendar: &Calendar,
    day: u32,
    trip: &Trip,
) {
    row.clear();
    push_meter(row, trip, |meter| meter.vendor);
    row.push(b',');
    calendar.push(row, day, trip.pickup);
    row.push(b',');
    calendar.push(row, day, trip.pickup + trip.duration);
    match kind {
        TripKind::Yellow => push_yellow(row, trip),
        TripKind::Green => push_green(row, trip),
    }
}

fn push_yellow(row: &mut Vec<u8>, trip: &Trip) {
    row.push(b',');
    push_meter(row, trip, |meter| meter.passengers);
    row.push(b',');
    push_float(row, cents(trip.distance));
    row.push(b',');
    push_meter(row, trip, |meter| meter.rate_code);
    push_flag(row, trip);
    push_zones(row, trip);
    row.push(b',');
    push_meter(row, trip, |meter| meter.payment);
    for amount in [
        trip.fare,
        trip.extra,
        trip.tax,
        trip.tip,
        trip.tolls,
        trip.improvement,
        trip.total(),
        trip.congestion,
    ] {
        row.push(b',');
        push_float(row, amount);
    }
}

fn push_green(row: &mut Vec<u8>, trip: &Trip) {
    push_flag(row, trip);
    row.push(b',');
    push_meter(row, trip, |meter| meter.rate_code);
    push_zones(row, trip);
    row.push(b',');
    push_meter(row, trip, |meter| meter.passengers);
    row.push(b',');
    push_distance(row, trip.distance);
    for amount in [trip.fare, trip.extra, trip.tax, trip.tip, trip.tolls] {
        row.push(b',');
        push_shortest(row, amount);
    }
    // Nobody ever filled in the e-hail fee.
    row.push(b',');
    for amount in [trip.improvement, trip.total()] {
        row.push(b',');
        push_shortest(row, amount);
    }
    row.push(b',');
    push_meter(row, trip, |meter| meter.payment);
    row.push(b',');
    push_meter(row, trip, |meter| meter.trip_type);
    row.push(b',');
    if trip.meter.is_some() {
        push_shortest(row, trip.congestion);
    }
}

/// A field that is empty without a taximeter.
fn push_meter(row: &mut Vec<u8>, trip: &Trip, field: fn(&Meter) -> u32) {
    if let Some(meter) = &trip.meter {
        push_number(row, field(meter));
    }
}

fn push_flag(row: &mut Vec<u8>, trip: &Trip) {
    row.push(b',');
    if let Some(meter) = &trip.meter {
        row.push(if meter.stored { b'Y' } else { b'N' });
    }
}

fn push_zones(row: &mut Vec<u8>, trip: &Trip) {
    for zone in [trip.pickup_zone, trip.dropoff_zone] {
        row.push(b',');
        push_number(row, zone);
    }
}

/// Yellow files: `17.0`, `14.6`, `5.16`.
fn push_float(row: &mut Vec<u8>, amount: i32) {
    let rest = push_whole(row, amount);
    row.push(b'.');
    push_fraction(row, rest);
}

/// Green files: `9`, `9.5`, `45.12`.
fn push_shortest(row: &mut Vec<u8>, amount: i32) {
    let rest = push_whole(row, amount);
    if rest > 0 {
        row.push(b'.');
        push_fraction(row, rest);
    }
}

/// Distances of green files: `17.82`, `1.30`, `.00`.
fn push_distance(row: &mut Vec<u8>, distance: u32) {
    if distance >= 100 {
        push_number(row, distance / 100);
    }
    row.push(b'.');
    push_two_digits(row, distance % 100);
}

/// Writes sign and whole units; returns the hundredths that are left.
fn push_whole(row: &mut Vec<u8>, amount: i32) -> u32 {
    if amount < 0 {
        row.push(b'-');
    }
    push_number(row, amount.unsigned_abs() / 100);
    amount.unsigned_abs() % 100
}

fn push_fraction(row: &mut Vec<u8>, hundredths: u32) {
    row.push(digit(hundredths / 10));
    if !hundredths.is_multiple_of(10) {
        row.push(digit(hundredths));
    }
}

fn push_two_digits(row: &mut Vec<u8>, number: u32) {
    row.push(digit(number / 10));
    row.push(digit(number));
}

fn push_number(row: &mut Vec<u8>, number: u32) {
    if number >= 10 {
        push_number(row, number / 10);
    }
    row.push(digit(number));
}

/// The last digit of a number.
fn digit(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

fn cents(hundredths: u32) -> i32 {
    i32::try_from(hundredths).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut row = Vec::new();
        push(&mut row);
        String::from_utf8(row).unwrap()
    }

    #[test]
    fn amounts_look_as_in_the_real_files() {
        let yellow = [1_700, 1_460, 516, -50, 5].map(|cents| written(|row| push_float(row, cents)));
        assert_eq!(yellow, ["17.0", "14.6", "5.16", "-0.5", "0.05"]);
        let green = [900, 950, 4_512, 0].map(|cents| written(|row| push_shortest(row, cents)));
        assert_eq!(green, ["9", "9.5", "45.12", "0"]);
        let distance = [1_782, 130, 0, 90].map(|miles| written(|row| push_distance(row, miles)));
        assert_eq!(distance, ["17.82", "1.30", ".00", ".90"]);
    }

    #[test]
    fn a_trip_may_end_on_the_next_day() {
        let calendar = Calendar::new("2020-08-31".parse().unwrap(), 1).unwrap();
        assert_eq!(written(|row| calendar.push(row, 0, 86_399)), "2020-08-31 23:59:59");
        assert_eq!(written(|row| calendar.push(row, 0, 86_460)), "2020-09-01 00:01:00");
    }
}
