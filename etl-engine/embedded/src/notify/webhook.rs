//! Notifications as HTTP requests.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use domain::notification::{Notification, USUAL_TARGET};
use domain::{Error, ErrorKind, Result};
use etl_engine::notify::Notifier;
use reqwest::{Client, StatusCode, Url};

use super::outbound;

/// For the connection, and for the whole request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts each notification as JSON to one configured URL. The header `Idempotency-Key` carries its
/// id, by which receivers drop repeats. Redirects and proxies are not followed: the request goes to
/// the host that was configured, or nowhere.
pub struct WebhookNotifier {
    name: String,
    target: String,
    url: Url,
    client: Client,
}

impl std::fmt::Debug for WebhookNotifier {
    /// Without the URL, which may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookNotifier").field("name", &self.name).finish_non_exhaustive()
    }
}

impl WebhookNotifier {
    /// The usual target, at a URL as in [`WebhookNotifier::named`].
    pub fn new(url: &str) -> Result<Self> {
        Self::named(USUAL_TARGET, url)
    }

    /// A target by the name that routes know it by, at an `http` or `https` URL. [`ErrorKind::Invalid`] for another one, or for one that
    /// names a link-local address.
    pub fn named(target: &str, url: &str) -> Result<Self> {
        // Errors name the host only: path, query and user of such URLs are often secrets.
        let parsed = Url::parse(url).map_err(|error| {
            Error::invalid(format!("the webhook URL is not valid: {error}; use https://host/path"))
        })?;
        let host = parsed.host_str().unwrap_or_default().to_owned();
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(Error::invalid(format!(
                "the webhook URL has the scheme {:?}: use https",
                parsed.scheme()
            )));
        }
        if outbound::names_refused_address(&parsed) {
            return Err(Error::invalid(format!(
                "the webhook URL names the link-local address {host}, which is refused"
            )));
        }
        let client = outbound::client(PATIENCE)?;
        Ok(Self { name: format!("webhook {host}"), target: target.to_owned(), url: parsed, client })
    }

    fn failed(&self, kind: ErrorKind, why: impl std::fmt::Display) -> Error {
        Error::new(kind, format!("{} did not take the notification: {why}", self.name))
    }
}

#[async_trait]
impl Notifier for WebhookNotifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn target(&self) -> Option<&str> {
        Some(&self.target)
    }

    async fn deliver(&self, notification: &Notification) -> Result<()> {
        let request = self.client.post(self.url.clone());
        let request = request.header("Idempotency-Key", &notification.id).json(notification);
        let response = request.send().await.map_err(|error| {
            let error = error.without_url();
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            self.failed(ErrorKind::Unavailable, format!("{error}{cause}"))
        })?;
        match kind_of(response.status()) {
            None => Ok(()),
            Some(kind) => Err(self.failed(kind, format!("it answered {}", response.status()))),
        }
    }
}

/// `None` for success.
fn kind_of(status: StatusCode) -> Option<ErrorKind> {
    match status.as_u16() {
        200..=299 => None,
        401 | 403 => Some(ErrorKind::Denied),
        404 | 410 => Some(ErrorKind::NotFound),
        429 => Some(ErrorKind::Throttled),
        408 | 500..=599 => Some(ErrorKind::Unavailable),
        _ => Some(ErrorKind::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use etl_engine::testing::sample;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers one request with `answer`; returns the request.
    async fn exchange(answer: &'static str) -> (Result<()>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 4096];
            while !request.ends_with(b"}") {
                let length = stream.read(&mut chunk).await.unwrap();
                request.extend_from_slice(&chunk[..length]);
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let url = format!("http://user:hunter2@localhost:{}/T0K3N?key=s3cret", address.port());
        let notifier = WebhookNotifier::new(&url).unwrap();
        assert_eq!(notifier.name(), "webhook localhost");
        let outcome = notifier.deliver(&notification()).await;
        (outcome, server.await.unwrap())
    }

    fn notification() -> Notification {
        Notification {
            id: "run-1".into(),
            subject: "[dev] tlc/yellow succeeded".into(),
            event: None,
            source_system: None,
            body: serde_json::json!({"rows": 3}),
            created_at: sample::at(0),
        }
    }

    #[tokio::test]
    async fn b10_a_notification_is_posted_with_its_id() {
        let (outcome, request) = exchange("HTTP/1.1 204 No Content\r\n\r\n").await;
        outcome.unwrap();
        assert!(request.starts_with("POST /T0K3N?key=s3cret HTTP/1.1\r\n"), "{request}");
        assert!(request.to_lowercase().contains("idempotency-key: run-1\r\n"), "{request}");
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        assert_eq!(serde_json::from_str::<Notification>(body).unwrap(), notification());
    }

    #[tokio::test]
    async fn d13_an_error_names_the_host_and_nothing_secret() {
        let (outcome, _) = exchange("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").await;
        let refused = outcome.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unavailable);
        let url = "http://user:hunter2@127.0.0.1:9/T0K3N?key=s3cret";
        let notifier = WebhookNotifier::new(url).unwrap();
        let closed = notifier.deliver(&notification()).await.unwrap_err();
        let shown = Error::internal(format!("{notifier:?}"));
        assert_eq!(closed.kind(), ErrorKind::Unavailable);
        let invalid = WebhookNotifier::new("ftp://user:hunter2@host/T0K3N").unwrap_err();
        for error in [refused, closed, invalid, shown] {
            let text = format!("{error} {error:?}");
            for secret in ["T0K3N", "s3cret", "hunter2"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn d15_a_redirect_is_not_followed() {
        let redirect = "HTTP/1.1 307 Go\r\nlocation: http://169.254.169.254/\r\n\
                        content-length: 0\r\n\r\n";
        let (outcome, _) = exchange(redirect).await;
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Invalid);
    }

    #[test]
    fn d15_other_schemes_and_metadata_addresses_are_refused() {
        for url in [
            "file:///etc/passwd",
            "gopher://host/",
            "http://169.254.169.254/latest/meta-data",
            "http://[fd00:ec2::254]/",
            "http://2852039166/",
            "not a url",
        ] {
            assert_eq!(WebhookNotifier::new(url).unwrap_err().kind(), ErrorKind::Invalid, "{url}");
        }
    }
}
