//! The web server: section `[server]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::{Wrong, within};
use super::secret::Secret;

/// Where the server listens, what it believes about its own address, and its bounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The address that browsers use, when a proxy stands in front: `https://sluice.example.org`.
    pub public_url: Option<String>,
    /// Folder of the console's static files.
    pub site: Option<PathBuf>,
    /// A request's head must be there within this time; idle connections are closed after it.
    pub header_timeout_seconds: u32,
    /// A request's body may pause for so long.
    pub body_timeout_seconds: u32,
    /// A request's body must come at least this fast, after the time above.
    pub body_bytes_per_second: u32,
    /// A client that takes nothing of an answer for so long is cut off.
    pub write_timeout_seconds: u32,
    /// An answer must begin within this time.
    pub request_timeout_seconds: u32,
    /// Requests may take so long to end when the server shuts down.
    pub shutdown_seconds: u32,
    /// Largest head of a request.
    pub max_header_kilobytes: usize,
    /// Largest body of a request that is no upload.
    pub max_body_kilobytes: usize,
    /// Most connections. Above, the one that was idle longest is closed.
    pub max_connections: usize,
    /// Most requests answered at the same time.
    pub max_requests: usize,
    /// Who may read `/metrics`.
    pub metrics: MetricsAccess,
    /// The bearer token that opens `/metrics` when access is `token`.
    pub metrics_token: Option<Secret>,
    /// File to read the token from.
    pub metrics_token_file: Option<PathBuf>,
}

/// Who may read `/metrics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsAccess {
    /// Nobody: the page is not there.
    #[default]
    Off,
    /// Who shows the token.
    Token,
    /// Everybody who reaches the server.
    Open,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8340)),
            public_url: None,
            site: None,
            header_timeout_seconds: 15,
            body_timeout_seconds: 20,
            body_bytes_per_second: 1_024,
            write_timeout_seconds: 30,
            request_timeout_seconds: 30,
            shutdown_seconds: 8,
            max_header_kilobytes: 32,
            max_body_kilobytes: 1_024,
            max_connections: 1_000,
            max_requests: 256,
            metrics: MetricsAccess::default(),
            metrics_token: None,
            metrics_token_file: None,
        }
    }
}

impl ServerConfig {
    /// Time that an answer may take to begin.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.into())
    }

    /// The address that browsers use, without a slash at its end. `bound` is what the system gave.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    pub(super) fn check(&self, wrong: &mut Vec<Wrong>) {
        if let Some(url) = &self.public_url {
            check_public_url(wrong, url);
        } else if !self.listen.ip().is_loopback() {
            let message = format!("must be set when server.listen is {}", self.listen);
            wrong.push(Wrong::new("server.public_url", message));
        }
        if let Some(site) = self.site.as_ref().filter(|site| !site.is_dir()) {
            wrong.push(Wrong::new("server.site", format!("{} is no folder", site.display())));
        }
        within(wrong, "server.header_timeout_seconds", self.header_timeout_seconds, 1..=300);
        within(wrong, "server.body_timeout_seconds", self.body_timeout_seconds, 1..=300);
        within(wrong, "server.body_bytes_per_second", self.body_bytes_per_second, 0..=1_048_576);
        within(wrong, "server.write_timeout_seconds", self.write_timeout_seconds, 1..=300);
        within(wrong, "server.request_timeout_seconds", self.request_timeout_seconds, 1..=300);
        within(wrong, "server.shutdown_seconds", self.shutdown_seconds, 0..=60);
        within(wrong, "server.max_header_kilobytes", self.max_header_kilobytes, 8..=1_024);
        within(wrong, "server.max_body_kilobytes", self.max_body_kilobytes, 64..=65_536);
        within(wrong, "server.max_connections", self.max_connections, 8..=100_000);
        within(wrong, "server.max_requests", self.max_requests, 4..=10_000);
        self.check_metrics(wrong);
    }

    fn check_metrics(&self, wrong: &mut Vec<Wrong>) {
        let long_enough = |token: &Secret| token.expose().len() >= 16;
        match (self.metrics, &self.metrics_token) {
            (MetricsAccess::Token, None) => wrong.push(Wrong::new(
                "server.metrics_token",
                "must be set when server.metrics is \"token\"",
            )),
            (_, Some(token)) if !long_enough(token) => {
                wrong.push(Wrong::new("server.metrics_token", "must have 16 characters or more"));
            }
            _ => {}
        }
    }
}

/// Cookies and redirects are bound to the address, so it must be an origin and nothing more.
fn check_public_url(wrong: &mut Vec<Wrong>, text: &str) {
    let key = "server.public_url";
    let url = url::Url::parse(text).ok().filter(|url| {
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        bare && url.username().is_empty() && url.password().is_none()
    });
    let local =
        |url: &url::Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url {
        Some(url) if url.scheme() == "https" || (url.scheme() == "http" && local(&url)) => {}
        Some(url) if url.scheme() == "http" => wrong.push(Wrong::new(
            key,
            format!("{text:?} is not safe for cookies: use https, or http on localhost"),
        )),
        _ => wrong.push(Wrong::new(key, format!("{text:?} must be like https://host:port"))),
    }
}
