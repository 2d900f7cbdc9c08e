//! What leaves this process, and what comes back: to one host, in bounded time and size.
//!
//! Architecture invariant (D15): a request goes to the configured host or nowhere. Redirects and
//! proxies are not followed, links in answers are not either, and a name that resolves to a
//! link-local address, where clouds keep their metadata services, is refused.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::{Error, ErrorKind, Result};
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use http::{Method, Request, Response, StatusCode, Uri};
use octocrab::OctoBody;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Body, Client, redirect};
use tower::Service;

/// Longest answer that is read: a file of the largest size in base64, a tree of the most files.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Heads of branches that are remembered.
const MOST_REMEMBERED: usize = 1_000;
/// The metadata service of AWS over IPv6.
const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The way to one host.
#[derive(Clone)]
pub(super) struct Outbound {
    http: Client,
    host: Uri,
    remembered: Arc<Mutex<HashMap<Uri, Remembered>>>,
}

/// An answer that is asked for again on condition that it changed: such questions cost nothing of
/// what GitHub allows in an hour, and branches are looked at all the time.
#[derive(Clone)]
struct Remembered {
    etag: HeaderValue,
    body: Bytes,
}

impl Outbound {
    /// A way to the host of `base`; `patience` bounds the connection and each request as a whole.
    pub(super) fn new(base: &Uri, patience: Duration) -> Result<Self> {
        refuse_literal(base)?;
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .connect_timeout(patience)
            .timeout(patience)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(GuardedResolver))
            .build();
        let http = http.map_err(|error| {
            Error::internal(format!("no HTTP client: {error}")).with_source(error)
        })?;
        Ok(Self { http, host: base.clone(), remembered: Arc::default() })
    }

    async fn send(self, request: Request<OctoBody>) -> Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let there = (parts.uri.scheme(), parts.uri.authority());
        if there != (self.host.scheme(), self.host.authority()) {
            return Err(Error::new(ErrorKind::Denied, "GitHub's answer leads to another host"));
        }
        let uri = parts.uri.clone();
        let is_head = parts.method == Method::GET && uri.path().contains("/git/ref/heads/");
        let before = is_head.then(|| self.recall(&uri)).flatten();
        if let Some(before) = &before {
            parts.headers.insert(IF_NONE_MATCH, before.etag.clone());
        }
        let request = Request::from_parts(parts, Body::wrap(body));
        let request = reqwest::Request::try_from(request).map_err(|error| {
            Error::internal("a request to GitHub could not be made")
                .with_source(error.without_url())
        })?;
        let answer = self.http.execute(request).await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let (status, body) = match (status, before) {
            (StatusCode::NOT_MODIFIED, Some(before)) => (StatusCode::OK, before.body),
            (status, _) => (status, whole(answer).await?),
        };
        if let (true, StatusCode::OK, Some(etag)) = (is_head, status, headers.get(ETAG)) {
            self.remember(uri, Remembered { etag: etag.clone(), body: body.clone() });
        }
        let mut answer = Response::new(Body::from(body));
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }

    fn recall(&self, uri: &Uri) -> Option<Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(uri).cloned()
    }

    fn remember(&self, uri: Uri, answer: Remembered) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(uri, answer);
    }
}

/// All of an answer, unless it is too long.
async fn whole(mut answer: reqwest::Response) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            let message = format!("GitHub's answer has more than {MOST_BYTES} bytes");
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn unreachable(error: reqwest::Error) -> Error {
    let why = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "it did not answer in time",
        (_, true) => "it cannot be reached",
        _ => "the connection broke",
    };
    let message = format!("GitHub is not available: {why}; try again later");
    Error::new(ErrorKind::Unavailable, message).with_source(error.without_url())
}

impl Service<Request<OctoBody>> for Outbound {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// Refuses a base that is itself an address to which nothing goes. Names are checked when resolved.
fn refuse_literal(base: &Uri) -> Result<()> {
    let host = base.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(address) if is_refused(address) => Err(Error::invalid(format!(
            "GitHub's API cannot be at {host}: link-local addresses are refused"
        ))),
        _ => Ok(()),
    }
}

fn is_refused(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_unspecified() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unspecified() || v6 == AWS_METADATA,
    }
}

/// Resolves names, and leaves out the refused addresses: what is checked is what is called.
#[derive(Debug, Clone, Copy)]
struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|found| !is_refused(found.ip())).collect();
            if allowed.is_empty() {
                return Err("its addresses are link-local, which is refused".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d15_metadata_addresses_are_refused() {
        for refused in ["http://169.254.169.254", "http://[fd00:ec2::254]/", "http://0.0.0.0"] {
            assert!(refuse_literal(&refused.parse().unwrap()).is_err(), "{refused}");
        }
        for allowed in ["https://api.github.com", "http://127.0.0.1:9", "https://10.0.0.7/api/v3"] {
            assert!(refuse_literal(&allowed.parse().unwrap()).is_ok(), "{allowed}");
        }
    }

    #[tokio::test]
    async fn d15_a_request_goes_to_the_configured_host_or_nowhere() {
        let base: Uri = "http://127.0.0.1:9".parse().unwrap();
        let outbound = Outbound::new(&base, Duration::from_secs(1)).unwrap();
        for other in ["http://127.0.0.2:9/x", "https://127.0.0.1:9/x", "http://127.0.0.1:10/x"] {
            let request = Request::get(other).body(OctoBody::empty()).unwrap();
            let refused = outbound.clone().send(request).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Denied, "{other}");
        }
    }
}
