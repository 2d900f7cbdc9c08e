//! What comes back from a console under test.

use axum::body::to_bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::Value;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null when the body is no JSON.
    pub(crate) json: Value,
    pub(crate) text: String,
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 1 << 24).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, json, text }
    }

    /// Where it redirects to.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The `Set-Cookie` of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).into_iter();
        let mut lines = lines.map(|line| line.to_str().unwrap());
        lines.find(|line| line.split_once('=').is_some_and(|(found, _)| found == name))
    }
}
