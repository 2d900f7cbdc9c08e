//! What it means that an execution did not succeed.

use aws_sdk_athena::types::{QueryExecution, QueryExecutionState};
use domain::{Error, ErrorKind, Result};

/// Athena's own faults, and people's.
const SYSTEM: i32 = 1;

/// Said when a file went, or became another, while it was read.
const TORN: [&str; 4] = ["HIVE_CANNOT_OPEN_SPLIT", "HIVE_CURSOR_ERROR", "NoSuchKey", "ETag"];

/// Said when a query needs more than it may have, or files are not as the catalog says.
const NOT_THE_SQL: [&str; 3] = ["exhausted resources", "limit was exceeded", "HIVE_"];

/// The execution when it succeeded, else why it did not.
pub(super) fn outcome(execution: QueryExecution) -> Result<QueryExecution> {
    let status = execution.status.as_ref();
    let state = status.and_then(|status| status.state.as_ref());
    let error = status.and_then(|status| status.athena_error.as_ref());
    let reason = status.and_then(|status| status.state_change_reason.clone());
    let reason = reason.filter(|reason| !reason.is_empty());
    let said = reason.or_else(|| error.and_then(|error| error.error_message.clone()));
    let category = error.and_then(|error| error.error_category);
    let retryable = error.is_some_and(|error| error.retryable);
    match state {
        Some(QueryExecutionState::Succeeded) => Ok(execution),
        Some(QueryExecutionState::Cancelled) => Err(stopped(said)),
        _ => {
            let said = said.unwrap_or_else(|| "Athena does not say why".to_owned());
            let id = execution.query_execution_id.as_deref().unwrap_or("unknown");
            let kind = kind_of(&said, category, retryable);
            Err(Error::new(kind, format!("{said} (Athena execution {id})")))
        }
    }
}

/// Athena stops what passes the workgroup's limit in the same way as people do, and says so.
fn stopped(said: Option<String>) -> Error {
    match said {
        Some(said) if said.to_lowercase().contains("limit") => {
            Error::invalid(format!("{said}: read fewer partitions or columns"))
        }
        _ => Error::new(ErrorKind::Cancelled, "the query was stopped in Athena"),
    }
}

fn kind_of(said: &str, category: Option<i32>, retryable: bool) -> ErrorKind {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if says(&["Rate exceeded", "SlowDown", "Throttling", "TooManyRequests"]) {
        ErrorKind::Throttled
    } else if says(&["Access Denied", "AccessDenied", "not authorized", "Insufficient permissions"])
        || says(&["PERMISSION_DENIED"])
    {
        ErrorKind::Denied
    } else if says(&TORN) || retryable || says(&["INTERNAL_ERROR", "SERVER_SHUTTING_DOWN"]) {
        ErrorKind::Unavailable
    } else {
        match category {
            Some(SYSTEM) => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        }
    }
}

/// Whether the same query may succeed at once, because a file was replaced while it was read.
pub(super) fn is_torn(error: &Error) -> bool {
    let said = error.message();
    error.kind() == ErrorKind::Unavailable && TORN.iter().any(|word| said.contains(word))
}

/// Whether an error says that the SQL is wrong.
pub(super) fn is_about_sql(error: &Error) -> bool {
    let said = error.message();
    error.kind() == ErrorKind::Invalid && !NOT_THE_SQL.iter().any(|word| said.contains(word))
}

#[cfg(test)]
mod tests {
    use aws_sdk_athena::types::{AthenaError, QueryExecutionStatus};

    use super::*;

    fn failed(said: &str, category: i32, retryable: bool) -> Error {
        let error = AthenaError::builder().error_category(category).retryable(retryable).build();
        let status = QueryExecutionStatus::builder()
            .state(QueryExecutionState::Failed)
            .state_change_reason(said)
            .athena_error(error)
            .build();
        let execution = QueryExecution::builder().query_execution_id("q-1").status(status).build();
        outcome(execution).unwrap_err()
    }

    #[test]
    fn failures_keep_their_kind_and_their_place() {
        let wrong = failed("SYNTAX_ERROR: line 3:8: Column 'tipp' cannot be resolved", 2, false);
        assert_eq!(wrong.kind(), ErrorKind::Invalid);
        assert!(wrong.message().contains("line 3:8") && wrong.message().contains("q-1"));
        assert!(is_about_sql(&wrong));
        for (said, category, retryable, kind) in [
            ("GENERIC_INTERNAL_ERROR: null", 1, false, ErrorKind::Unavailable),
            ("Query timeout", 1, true, ErrorKind::Unavailable),
            ("Query exhausted resources at this scale factor", 2, false, ErrorKind::Invalid),
            ("HIVE_METASTORE_ERROR: Rate exceeded", 2, false, ErrorKind::Throttled),
            ("Access Denied (Service: Amazon S3; Status Code: 403)", 2, false, ErrorKind::Denied),
            ("Insufficient permissions to execute the query", 2, false, ErrorKind::Denied),
            ("HIVE_PARTITION_SCHEMA_MISMATCH: types", 2, false, ErrorKind::Invalid),
        ] {
            let error = failed(said, category, retryable);
            assert_eq!(error.kind(), kind, "{said}");
            assert!(!is_torn(&error), "{said}");
            assert!(!is_about_sql(&error), "{said}");
        }
        let torn = failed("HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split", 2, false);
        assert!(is_torn(&torn), "a commit replaced a file meanwhile");
    }

    #[test]
    fn e6_a_query_that_passes_the_limit_of_the_workgroup_is_told_so() {
        let status = QueryExecutionStatus::builder()
            .state(QueryExecutionState::Cancelled)
            .state_change_reason("Bytes scanned limit was exceeded")
            .build();
        let error = outcome(QueryExecution::builder().status(status).build()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("fewer partitions"), "{error}");
        assert!(!is_about_sql(&error), "{error}");
    }
}
