//! The loop that serves connections. `axum::serve` knows no time-outs; this one lets nobody hold
//! the server by being slow (D19): heads, bodies and the taking of answers all have their time, and
//! when there are too many connections the one that was idle longest goes.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::connections::{Connection, Connections};
use super::pace::{Pace, PacedBody};
use super::patient_io::PatientIo;
use crate::config::ServerConfig;

/// Pause after a connection could not be accepted, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How patient the server is, and how much it holds.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// For the head of a request; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// Largest head, in bytes.
    pub max_header_bytes: usize,
    /// How bodies must come.
    pub pace: Pace,
    /// For a client that takes nothing of its answer.
    pub write_timeout: Duration,
    /// Connections at the same time.
    pub max_connections: usize,
    /// For requests under way when the server stops.
    pub grace: Duration,
}

impl From<&ServerConfig> for ServeLimits {
    fn from(config: &ServerConfig) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            header_timeout: seconds(config.header_timeout_seconds),
            max_header_bytes: config.max_header_kilobytes * 1024,
            pace: Pace {
                pause: seconds(config.body_timeout_seconds),
                bytes_per_second: config.body_bytes_per_second,
            },
            write_timeout: seconds(config.write_timeout_seconds),
            max_connections: config.max_connections,
            grace: seconds(config.shutdown_seconds),
        }
    }
}

/// Serves `router` until `shutdown`, then lets requests end for at most the grace. Handlers find
/// the peer's address as [`ConnectInfo`]. Answers without an end (server-sent events) must end by
/// themselves when `shutdown` is cancelled, or are cut off after the grace.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServeLimits,
    shutdown: CancellationToken,
) {
    let limits = Arc::new(limits);
    let connections = Connections::new(limits.max_connections);
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let (stream, peer, connection) = accepted;
        let (router, limits, shutdown) = (router.clone(), limits.clone(), shutdown.clone());
        tasks.spawn(one(stream, peer, router, limits, connection, shutdown));
        while tasks.try_join_next().is_some() {}
    }
    // Nobody is let in while the rest ends.
    drop(listener);
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, ended).await.is_err() {
        tracing::warn!(
            connections = connections.count(),
            "connections were cut off by the shutdown"
        );
    }
}

/// The next connection there is room for.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> (TcpStream, SocketAddr, Connection) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, connections.enter().await),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection, from its first request to its end.
async fn one(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Arc<ServeLimits>,
    connection: Connection,
    shutdown: CancellationToken,
) {
    // Answers are small and complete: waiting to fill packets only delays them.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(PatientIo::new(stream, limits.write_timeout));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let busy = connection.busy();
        let mut request = request.map(|body| Body::new(PacedBody::new(body, limits.pace)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move {
            let answer =
                router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            Ok::<_, Infallible>(answer.map(|body| busy.until_end_of(body)))
        }
    });
    // Without `pipeline_flush`: an answer given before the body is read whole would never be sent.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(limits.max_header_bytes)
        .max_buf_size(limits.max_header_bytes.max(64 * 1024));
    let mut exchange = pin!(http.serve_connection(io, &service));
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = exchange.as_mut() => break ended,
            () = connection.cut() => return,
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                exchange.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = ended {
        // Ordinary on the internet: clients that vanish, are slow, or speak something else.
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
