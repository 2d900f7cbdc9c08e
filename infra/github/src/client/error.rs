//! GitHub's refusals as our errors, with their kind.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{Error, ErrorKind};
use http::{HeaderMap, StatusCode};
use octocrab::GitHubError;

/// Longest that is shown of what GitHub says, in characters.
const MOST_SHOWN: usize = 300;
/// How long to wait when GitHub says that it is too much, and not for how long.
const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// Longest wait that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    /// What callers see.
    pub(super) error: Error,
    /// Nothing is asked until this has passed.
    pub(super) pause: Option<Duration>,
    /// Whether the token is not accepted any more.
    pub(super) token_refused: bool,
}

/// What a failure is, `doing` being as "read branch main". `hidden` is never shown.
pub(super) fn refused(error: octocrab::Error, doing: &str, hidden: &str) -> Refused {
    match error {
        octocrab::Error::GitHub { source, .. } => said(&source, doing, hidden),
        octocrab::Error::Service { source, .. } => {
            let known = source.downcast_ref::<Error>().cloned();
            let error = known.unwrap_or_else(|| Error::internal("the way to GitHub is closed"));
            plain(error.context(format!("could not {doing}")))
        }
        // Sources are left out: they may hold what was sent.
        octocrab::Error::Json { source, .. } => plain(Error::new(
            ErrorKind::Unavailable,
            format!(
                "could not {doing}: GitHub's answer is not understood at `{}`; is something between \
                 Sluice and GitHub?",
                source.path()
            ),
        )),
        _ => plain(Error::internal(format!("could not {doing}: the request could not be made"))),
    }
}

fn plain(error: Error) -> Refused {
    Refused { error, pause: None, token_refused: false }
}

fn said(said: &GitHubError, doing: &str, hidden: &str) -> Refused {
    let none = HeaderMap::new();
    let headers = said.headers.as_ref().unwrap_or(&none);
    let message = shown(said, hidden);
    let pause = pause(said.status_code, headers, &said.message);
    let (kind, advice) = match said.status_code {
        _ if pause.is_some() => (ErrorKind::Throttled, "it goes on by itself later"),
        StatusCode::UNAUTHORIZED => (ErrorKind::Denied, "is the token still valid?"),
        StatusCode::FORBIDDEN => (ErrorKind::Denied, "give its token or app this permission"),
        StatusCode::NOT_FOUND => {
            (ErrorKind::NotFound, "it is not there, or the token or app may not see it")
        }
        StatusCode::CONFLICT => (ErrorKind::Conflict, "look at what came meanwhile"),
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => {
            (ErrorKind::Invalid, "mend what is wrong")
        }
        status if status.is_redirection() => {
            (ErrorKind::Invalid, "was the repository renamed or moved? configure its new name")
        }
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            (ErrorKind::Unavailable, "try again later")
        }
        _ => (ErrorKind::Internal, "GitHub refused it"),
    };
    let status = said.status_code.as_u16();
    let error =
        Error::new(kind, format!("could not {doing}: GitHub said {status} {message}; {advice}"));
    Refused { error, pause, token_refused: said.status_code == StatusCode::UNAUTHORIZED }
}

/// How long to wait, if GitHub says that it is too much: the limit of an hour, or a secondary one.
fn pause(status: StatusCode, headers: &HeaderMap, message: &str) -> Option<Duration> {
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let number = |name: &str| -> Option<u64> { headers.get(name)?.to_str().ok()?.parse().ok() };
    let wait = match (number("retry-after"), number("x-ratelimit-remaining")) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Some(0)) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let reset = number("x-ratelimit-reset").map(|reset| reset.saturating_sub(now));
            reset.map_or(USUAL_PAUSE, Duration::from_secs)
        }
        _ if status == StatusCode::TOO_MANY_REQUESTS => USUAL_PAUSE,
        _ if message.to_ascii_lowercase().contains("rate limit") => USUAL_PAUSE,
        _ => return None,
    };
    Some(wait.clamp(Duration::from_secs(1), LONGEST_PAUSE))
}

/// What GitHub says, on one line.
fn shown(said: &GitHubError, hidden: &str) -> String {
    let details = said.errors.iter().flatten().filter_map(|detail| detail.get("message")?.as_str());
    let all: Vec<_> = std::iter::once(said.message.as_str()).chain(details).collect();
    let mut text = all.join(": ");
    if !hidden.is_empty() {
        text = text.replace(hidden, "(hidden)");
    }
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{:?}…", &line[..end]),
        None => format!("{line:?}"),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect()
    }

    #[test]
    fn both_limits_are_told_from_a_refusal() {
        let seconds =
            |status: StatusCode, pairs: &[(&'static str, &'static str)], message: &str| {
                pause(status, &headers(pairs), message).map(|pause| pause.as_secs())
            };
        let forbidden = StatusCode::FORBIDDEN;
        assert_eq!(seconds(forbidden, &[("x-ratelimit-remaining", "17")], "Must have admin"), None);
        assert_eq!(seconds(forbidden, &[("retry-after", "7")], ""), Some(7));
        assert_eq!(seconds(StatusCode::TOO_MANY_REQUESTS, &[], ""), Some(60));
        let secondary = "You have exceeded a secondary rate limit";
        assert_eq!(seconds(forbidden, &[("x-ratelimit-remaining", "17")], secondary), Some(60));
        let long_ago = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000")];
        assert_eq!(seconds(forbidden, &long_ago, ""), Some(1));
        let far = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "99999999999")];
        assert_eq!(seconds(forbidden, &far, ""), Some(3_600));
        assert_eq!(seconds(StatusCode::BAD_GATEWAY, &[("retry-after", "7")], ""), None);
    }
}
