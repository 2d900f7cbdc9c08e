//! Requests that change something must come from the console itself (promise D8). Cookies go along
//! with requests that other sites cause; tokens do not, so that requests with one are free. Other
//! kinds of `Authorization` say nothing: browsers add a name and password by themselves, once a
//! proxy before the console has asked for them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::authenticate::bearer;
use super::problem::Refusal;
use crate::console::Console;

/// Refuses unsafe requests from other sites.
pub(super) async fn check(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let headers = request.headers();
    let has_token = bearer(headers).is_some();
    if safe || has_token || from_here(headers, &console.public_url.origin().ascii_serialization()) {
        return next.run(request).await;
    }
    let detail = "This request seems to come from another site. Use the console at its own address, \
                  or send an API token.";
    Refusal::of_status(StatusCode::FORBIDDEN, detail).into_response()
}

/// Browsers say where a request comes from. One that says nothing is no browser of today, and is
/// refused: tools use tokens.
fn from_here(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some("same-origin"), None) => true,
        (Some("same-origin") | None, Some(origin)) => origin == own,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn d8_only_the_own_origin_may_change_things() {
        let own = "https://lake.example";
        let allowed = |pairs: &[(&'static str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), value.parse().unwrap())
            });
            from_here(&pairs.collect(), own)
        };
        assert!(allowed(&[("origin", own)]));
        assert!(allowed(&[("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("sec-fetch-site", "same-origin"), ("origin", own)]));
        assert!(!allowed(&[]));
        assert!(!allowed(&[("origin", "null")]));
        assert!(!allowed(&[("origin", "https://evil.example")]));
        assert!(!allowed(&[("origin", "https://lake.example.evil")]));
        assert!(!allowed(&[("sec-fetch-site", "same-site"), ("origin", own)]));
        assert!(!allowed(&[("sec-fetch-site", "none")]));
    }
}
