//! Times of the SDK as ours.

use aws_sdk_ssm::primitives::DateTime;
use domain::{Error, Result};
use jiff::Timestamp;

/// The time that AWS gives with `what`; Internal when it gives none, or one that no clock shows.
pub(crate) fn told(what: &str, time: Option<&DateTime>) -> Result<Timestamp> {
    let none = || Error::internal(format!("AWS does not say when {what} was made or changed"));
    let time = time.ok_or_else(none)?;
    Timestamp::from_nanosecond(time.as_nanos()).map_err(|_| none())
}
