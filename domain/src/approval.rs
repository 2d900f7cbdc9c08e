//! Approvals: the rules of an environment, its freeze windows, and decisions on one plan digest.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time, Weekday};
use serde::{Deserialize, Serialize};

use crate::branch::Person;
use crate::release::Digest;
use crate::{Error, Result};

/// What an environment asks for before a plan is carried out there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalRule {
    /// How many people have to approve. With 0, only plans that widen permissions or endanger data
    /// pause, and then one has to.
    pub approvers: u32,
    /// GitHub teams, as `org/team`: who approves is in one of them, beside having the role approver
    /// or admin there. Empty: the role is enough.
    pub teams: Vec<String>,
    /// Whether who pushed, promoted or asked may not approve.
    pub exclude_requester: bool,
    /// Whether authors of the commits that would be deployed may not approve.
    pub exclude_authors: bool,
    /// Hours until a plan that nobody decided on expires, and an approval with it.
    pub expires_after_hours: u32,
}

impl Default for ApprovalRule {
    fn default() -> Self {
        Self {
            approvers: 0,
            teams: Vec::new(),
            exclude_requester: true,
            exclude_authors: true,
            expires_after_hours: 72,
        }
    }
}

/// A time in which nothing is deployed, unless somebody breaks the glass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FreezeWindow {
    /// Why, for people: `Christmas`, `weekends`.
    pub name: String,
    /// The clock that it goes by, as `Europe/Berlin`.
    pub time_zone: String,
    /// The first moment of it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub from: Moment,
    /// The first moment after it; of the same kind as `from`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub to: Moment,
}

/// A moment on the clock of a freeze window: `2026-12-20T18:00`, or each week `fri 18:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Moment {
    /// Once.
    Once(DateTime),
    /// Every week.
    Weekly(Weekday, Time),
}

/// The days of a week, as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let weekly = || {
            let (word, time) = text.split_once(' ')?;
            let (_, day) = DAYS.into_iter().find(|(name, _)| *name == word)?;
            Some(Self::Weekly(day, time.trim_start().parse().ok()?))
        };
        let once = || text.parse().ok().map(Self::Once);
        weekly().or_else(once).ok_or_else(|| {
            Error::invalid(format!(
                "{text:?} is no moment of a freeze window: write `2026-12-20T18:00`, or `fri 18:00` \
                 for every week"
            ))
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(moment) => write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M")),
            Self::Weekly(day, time) => {
                let word = DAYS.into_iter().find(|(_, own)| own == day).map(|(name, _)| name);
                write!(f, "{} {}", word.unwrap_or_default(), time.strftime("%H:%M"))
            }
        }
    }
}

impl TryFrom<String> for Moment {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Carry it out.
    Approve,
    /// Do not.
    Reject,
}

/// What somebody decided on one plan digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decision {
    /// The digest of the plan they saw.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub plan: Digest,
    /// Who.
    pub by: Person,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why; needed to reject and to break the glass.
    pub reason: String,
    /// Names they typed because data may be lost.
    pub typed: Vec<String>,
    /// Whether rules were set aside, which needs a reason and is recorded.
    pub break_glass: bool,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back_as_it_is_written() {
        for text in ["2026-12-20T18:00", "fri 18:00", "sun 00:00"] {
            assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        }
        for bad in ["", "friday", "fri", "fri 25:00", "2026-13-01T00:00", "18:00"] {
            assert!(bad.parse::<Moment>().is_err(), "{bad:?} was accepted");
        }
    }
}
