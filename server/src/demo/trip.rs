//! One taxi trip, drawn from shares and quantiles that were read off real months.

use std::fmt;
use std::str::FromStr;

use domain::{Error, Result};

use super::random::Random;

/// Which taxis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TripKind {
    /// Manhattan and airports; 18 columns.
    Yellow,
    /// The other boroughs; 20 columns.
    Green,
}

impl FromStr for TripKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "yellow" => Ok(Self::Yellow),
            "green" => Ok(Self::Green),
            _ => {
                Err(Error::invalid(format!("trip kind {text:?} is not known: use yellow or green")))
            }
        }
    }
}

impl fmt::Display for TripKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yellow => "yellow",
            Self::Green => "green",
        })
    }
}

/// A trip. Money is in cents, distance in hundredths of a mile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trip {
    /// What the taximeter adds; trips ordered through an app lack it.
    pub(super) meter: Option<Meter>,
    /// Second of the day.
    pub(super) pickup: u32,
    /// Seconds.
    pub(super) duration: u32,
    pub(super) pickup_zone: u32,
    pub(super) dropoff_zone: u32,
    pub(super) distance: u32,
    pub(super) fare: i32,
    pub(super) extra: i32,
    pub(super) tax: i32,
    pub(super) tip: i32,
    pub(super) tolls: i32,
    pub(super) improvement: i32,
    pub(super) congestion: i32,
}

/// What only a taximeter records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meter {
    pub(super) vendor: u32,
    pub(super) passengers: u32,
    pub(super) rate_code: u32,
    /// Whether the trip was stored before it was sent.
    pub(super) stored: bool,
    pub(super) payment: u32,
    pub(super) trip_type: u32,
}

impl Trip {
    /// A trip with a taximeter.
    pub(super) fn metered(kind: TripKind, random: &mut Random) -> Self {
        let mut trip = Self::route(kind, random);
        trip.fare = cents(250 + (trip.distance * 2 + trip.duration / 3) / 50 * 50);
        trip.extra = random.weighted(&[(4_900, 0), (1_700, 250), (1_300, 100), (1_300, 50)], 350);
        let meter = Meter::draw(random);
        trip.congestion = if random.chance(8_800) { 250 } else { 0 };
        if kind == TripKind::Green {
            trip.extra = random.weighted(&[(6_300, 0), (2_000, 100), (1_500, 50)], 275);
            trip.congestion = if random.chance(2_500) { 275 } else { 0 };
        }
        if meter.payment == 1 {
            trip.tip = trip.total() / 20 * random.weighted(&[(800, 0), (1_500, 3), (6_500, 4)], 5);
        }
        // A dispute or a void trip is booked back with a negative amount.
        if meter.payment > 2 && random.chance(4_000) {
            trip.negate();
        }
        Self { meter: Some(meter), ..trip }
    }

    /// A trip ordered through an app: fare to the cent, times to the minute, no meter.
    pub(super) fn ordered(kind: TripKind, random: &mut Random) -> Self {
        let mut trip = Self::route(kind, random);
        trip.fare = cents(600 + trip.distance * 3 + random.below(800));
        trip.tip = random.weighted(&[(6_500, 275)], 0);
        trip.tax = if kind == TripKind::Yellow { 50 } else { 0 };
        if random.chance(6_000) {
            trip.pickup -= trip.pickup % 60;
            trip.duration -= trip.duration % 60;
        }
        trip
    }

    /// What the passenger paid.
    pub(super) fn total(&self) -> i32 {
        self.fare
            + self.extra
            + self.tax
            + self.tip
            + self.tolls
            + self.improvement
            + self.congestion
    }

    /// Where, when and how far; nothing paid yet but taxes and tolls.
    fn route(kind: TripKind, random: &mut Random) -> Self {
        let distance = random.between(match kind {
            TripKind::Yellow => &YELLOW_DISTANCE,
            TripKind::Green => &GREEN_DISTANCE,
        });
        // Seconds for a hundredth of a mile: 3 is 12 miles an hour.
        let pace = 2 + random.below(4);
        Self {
            meter: None,
            pickup: random.between(&TIME_OF_DAY).min(86_399),
            duration: 30 + random.below(300) + distance * pace,
            pickup_zone: zone(kind, random),
            dropoff_zone: zone(kind, random),
            distance,
            fare: 0,
            extra: 0,
            tax: 50,
            tip: 0,
            tolls: if distance > 500 {
                random.weighted(&[(7_500, 0), (2_300, 612)], 1_224)
            } else {
                0
            },
            improvement: 30,
            congestion: 0,
        }
    }

    fn negate(&mut self) {
        for amount in [
            &mut self.fare,
            &mut self.extra,
            &mut self.tax,
            &mut self.tip,
            &mut self.tolls,
            &mut self.improvement,
            &mut self.congestion,
        ] {
            *amount = -*amount;
        }
    }
}

impl Meter {
    fn draw(random: &mut Random) -> Self {
        let rate_code = random.weighted(&[(9_830, 1), (90, 2), (10, 3), (10, 4)], 5);
        Self {
            vendor: random.weighted(&[(3_250, 1)], 2),
            passengers: random
                .weighted(&[(7_500, 1), (1_340, 2), (360, 3), (240, 5), (230, 0), (210, 6)], 4),
            rate_code,
            stored: random.chance(80),
            payment: random.weighted(&[(6_880, 1), (2_990, 2), (80, 3)], 4),
            trip_type: if rate_code == 5 { 2 } else { 1 },
        }
    }
}

/// Hundredths of a mile.
const YELLOW_DISTANCE: [(u32, u32); 9] = [
    (0, 0),
    (250, 0),
    (1_000, 60),
    (2_500, 100),
    (5_000, 176),
    (7_500, 330),
    (9_000, 698),
    (9_900, 1_930),
    (10_000, 3_500),
];
const GREEN_DISTANCE: [(u32, u32); 8] = [
    (0, 0),
    (500, 0),
    (1_000, 60),
    (2_500, 128),
    (5_000, 270),
    (7_500, 626),
    (9_000, 1_284),
    (10_000, 2_600),
];

/// Seconds of the day: few trips at night, most in the afternoon.
const TIME_OF_DAY: [(u32, u32); 6] =
    [(0, 0), (600, 21_600), (2_200, 32_400), (6_000, 54_000), (8_800, 72_000), (10_000, 86_399)];

/// One of the 265 taxi zones; a few of them see most trips. The step only spreads the busy zones
/// over the numbers; it shares no factor with 265.
fn zone(kind: TripKind, random: &mut Random) -> u32 {
    let rank = (0..4).fold(264, |rank, _| rank * (100 + random.below(901)) / 1_000);
    let first = match kind {
        TripKind::Yellow => 236,
        TripKind::Green => 73,
    };
    (first + rank * 97) % 265 + 1
}

fn cents(amount: u32) -> i32 {
    i32::try_from(amount).unwrap_or(0)
}
