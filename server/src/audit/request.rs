//! The id of the request under way, so that an entry of the log leads to its log lines.

use std::future::Future;

tokio::task_local! {
    static REQUEST: String;
}

/// Carries out `future` as a part of the request with this id.
pub async fn in_request<F: Future>(id: String, future: F) -> F::Output {
    REQUEST.scope(id, future).await
}

/// The id of the request under way; empty outside of one.
pub fn request_id() -> String {
    REQUEST.try_with(Clone::clone).unwrap_or_default()
}
