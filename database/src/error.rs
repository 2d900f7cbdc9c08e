//! What went wrong in the database, as kinds that callers act on.

use std::future::Future;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use sqlx::error::DatabaseError;

/// Transactions that lost a deadlock or a race are begun again so many times.
const ATTEMPTS: u32 = 5;

/// Maps an error of the database: "cannot {doing}: cause; what to do".
pub fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |error| {
        let (kind, advice) = classify(&error);
        let message = format!("the database cannot {doing}: {}; {advice}", cause(&error));
        Error::new(kind, message).with_source(error)
    }
}

/// A row that does not say what Sluice wrote into it.
pub fn damaged(what: &str, error: impl std::fmt::Display) -> Error {
    Error::internal(format!(
        "{what} in the database cannot be read: {error}; was it changed by hand or by a newer \
         version of Sluice?"
    ))
}

/// Calls `attempt` again while the database says that its transaction lost against another.
pub async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut tried = 1;
    loop {
        match attempt().await {
            Err(error) if error.kind() == ErrorKind::Throttled && tried < ATTEMPTS => {
                tokio::time::sleep(Duration::from_millis(5 * u64::from(tried * tried))).await;
                tried += 1;
            }
            outcome => return outcome,
        }
    }
}

/// The kind, and what to do next.
fn classify(error: &sqlx::Error) -> (ErrorKind, &'static str) {
    match error {
        sqlx::Error::Database(error) => classify_code(error.as_ref()),
        sqlx::Error::PoolTimedOut => (
            ErrorKind::Unavailable,
            "it is busy or down: look at its load, the call may be repeated",
        ),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => {
            (ErrorKind::Unavailable, "check that it runs and can be reached")
        }
        sqlx::Error::Configuration(_) => (ErrorKind::Invalid, "check the database URL"),
        _ => (ErrorKind::Internal, "this is a fault of Sluice: please report it"),
    }
}

fn classify_code(error: &dyn DatabaseError) -> (ErrorKind, &'static str) {
    let code = error.code().unwrap_or_default();
    if error.is_unique_violation() {
        return (ErrorKind::Conflict, "somebody else was faster: read it again");
    }
    if error.is_foreign_key_violation() {
        return (ErrorKind::NotFound, "what it belongs to does not exist");
    }
    // SQLite's codes are numbers whose lowest byte is the main one; PostgreSQL's have five signs.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => classify_sqlite(number & 0xff),
        _ => classify_postgres(&code),
    }
}

fn classify_sqlite(code: u32) -> (ErrorKind, &'static str) {
    match code {
        5 | 6 => {
            (ErrorKind::Unavailable, "another process keeps it locked: wait, or stop that one")
        }
        8 => (ErrorKind::Unavailable, "make the file and its folder writable"),
        10 => (ErrorKind::Unavailable, "the disk reports errors: check it"),
        13 => (ErrorKind::Unavailable, "the disk is full: make room"),
        14 => (ErrorKind::Unavailable, "check that the file exists and can be opened"),
        3 | 23 => (ErrorKind::Denied, "check who may use the file"),
        11 | 26 => (ErrorKind::Internal, "the file is damaged: restore it from a backup"),
        _ => (ErrorKind::Internal, "this is a fault of Sluice: please report it"),
    }
}

fn classify_postgres(code: &str) -> (ErrorKind, &'static str) {
    match code {
        "40001" | "40P01" => (ErrorKind::Throttled, "it lost against another transaction: repeat"),
        "55P03" | "57014" => (ErrorKind::Unavailable, "another process keeps it locked: wait"),
        "25006" => (ErrorKind::Unavailable, "it is read-only now: make it writable"),
        "25P03" => (ErrorKind::Unavailable, "Sluice was stopped for too long: repeat"),
        "22021" => (ErrorKind::Invalid, "leave characters out that no text may have"),
        "42501" => (ErrorKind::Denied, "grant the database user what it needs"),
        "3D000" => (ErrorKind::Unavailable, "create the database first"),
        _ => match code.get(..2) {
            Some("08" | "57" | "58") => {
                (ErrorKind::Unavailable, "check that it runs and can be reached")
            }
            Some("53") => (ErrorKind::Unavailable, "its disk, memory or connections are used up"),
            Some("28") => (ErrorKind::Denied, "check user and password of the database URL"),
            _ => (ErrorKind::Internal, "this is a fault of Sluice: please report it"),
        },
    }
}

/// The database's own words. A configuration error could repeat the URL with its password.
fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Configuration(_) => "its URL is not understood".to_owned(),
        other => other.to_string(),
    }
}
