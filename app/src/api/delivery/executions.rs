//! Executions of pipelines.

use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, ExecutionId, ExecutionStatus, Stage, StageRecord};
use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::{CommitShown, DecisionShown};
use crate::api::moment;

/// An execution in a list or a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExecutionSummary {
    /// Its id; ids sort by time.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub id: ExecutionId,
    /// Where.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub environment: EnvironmentName,
    /// The commit.
    pub commit: CommitShown,
    /// What started it.
    #[serde(deserialize_with = "read_cause")]
    pub cause: Cause,
    /// The login of who asked; `None` when nobody who is signed in did.
    pub requested_by: Option<String>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// The stage that is under way, waits for people, or failed.
    pub stage: Option<Stage>,
    /// What that stage says.
    pub note: Option<String>,
    /// When it was asked for.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    #[serde(deserialize_with = "moment::read")]
    pub created_at: Timestamp,
    /// When it ended.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    #[serde(default, deserialize_with = "moment::read_some")]
    pub ended_at: Option<Timestamp>,
}

/// All about one execution, except its log and its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExecutionDetail {
    /// What lists say.
    pub summary: ExecutionSummary,
    /// The branch.
    pub branch: String,
    /// All stages, in order.
    pub stages: Vec<StageRecord>,
    /// The release, from the build stage on.
    pub release: Option<String>,
    /// The digest of the plan, from the plan stage on.
    pub plan: Option<String>,
    /// The commits that came after what runs, the newest first, at most 50.
    pub commits: Vec<CommitShown>,
    /// What people decided.
    pub decisions: Vec<DecisionShown>,
    /// The execution that took its place.
    #[cfg_attr(feature = "ssr", schema(value_type = Option<String>))]
    pub superseded_by: Option<ExecutionId>,
    /// Whether it can be cancelled now.
    pub can_cancel: bool,
    /// The stages from which it can be begun again.
    pub can_retry: Vec<Stage>,
}

/// Lines of an execution's log, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ExecutionLog {
    /// The lines after the cursor that was asked for.
    pub lines: Vec<LogEntry>,
    /// Ask for what comes after this.
    pub cursor: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogEntry {
    /// When.
    #[cfg_attr(feature = "ssr", schema(value_type = String))]
    pub at: Timestamp,
    /// In which stage.
    pub stage: Stage,
    /// What.
    pub text: String,
}

/// Asks to begin again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryAsked {
    /// From this stage on.
    pub from: Stage,
}

/// Reads a cause as a plain record. What is derived for an enumeration with a tag first keeps a copy
/// of whatever comes, and the code of that would be part of the first page.
fn read_cause<'de, D: Deserializer<'de>>(from: D) -> Result<Cause, D::Error> {
    #[derive(Deserialize)]
    struct Record {
        kind: String,
        from: Option<EnvironmentName>,
        reason: Option<String>,
    }
    let record = Record::deserialize(from)?;
    match (record.kind.as_str(), record.from, record.reason) {
        ("push", ..) => Ok(Cause::Push),
        ("poll", ..) => Ok(Cause::Poll),
        ("manual", ..) => Ok(Cause::Manual),
        ("promotion", Some(from), _) => Ok(Cause::Promotion { from }),
        ("rollback", _, Some(reason)) => Ok(Cause::Rollback { reason }),
        (kind, ..) => Err(D::Error::custom(format!("{kind:?} is no cause of an execution"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_read_as_they_are_written() {
        let causes = [
            Cause::Push,
            Cause::Poll,
            Cause::Manual,
            Cause::Promotion { from: "dev".parse().unwrap() },
            Cause::Rollback { reason: "fares doubled".to_owned() },
        ];
        for cause in causes {
            let written = serde_json::to_value(&cause).unwrap();
            assert_eq!(read_cause(written).unwrap(), cause);
        }
        assert!(read_cause(serde_json::json!({ "kind": "promotion" })).is_err());
        assert!(read_cause(serde_json::json!({ "kind": "whim" })).is_err());
    }
}
