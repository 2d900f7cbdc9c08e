//! Errors of libgit2 as ours, with their kind.

use domain::{Error, ErrorKind};

/// An error while the lake repository was to be `doing`: as `open`, `read`, `change`.
pub(super) fn failed(doing: &'static str) -> impl Fn(git2::Error) -> Error {
    move |error| {
        use git2::ErrorCode::{Exists, Locked, Modified, NotFound};
        let kind = match error.code() {
            NotFound => ErrorKind::NotFound,
            Exists | Modified => ErrorKind::Conflict,
            Locked => ErrorKind::Unavailable,
            _ => match error.class() {
                git2::ErrorClass::Os | git2::ErrorClass::Filesystem => ErrorKind::Unavailable,
                _ => ErrorKind::Internal,
            },
        };
        let message = format!("could not {doing} the lake repository: {}", error.message());
        Error::new(kind, message).with_source(error)
    }
}

/// Something that the lake repository does not have.
pub(super) fn not_there(what: &str) -> Error {
    Error::not_found(format!("{what} is not in the lake repository: was it pushed?"))
}
