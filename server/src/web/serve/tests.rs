//! Real sockets against the loop: slow ones, silent ones, many of them, and the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::*;

const SOON: Duration = Duration::from_secs(20);

/// A running server.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    ended: JoinHandle<()>,
    served: Arc<AtomicUsize>,
}

impl Server {
    async fn start(change: impl FnOnce(&mut ServeLimits)) -> Self {
        let mut limits = ServeLimits {
            header_timeout: Duration::from_millis(500),
            max_header_bytes: 8 * 1024,
            pace: Pace { pause: Duration::from_millis(500), bytes_per_second: 100 },
            write_timeout: Duration::from_millis(500),
            max_connections: 100,
            grace: Duration::from_secs(2),
        };
        change(&mut limits);
        let served = Arc::new(AtomicUsize::new(0));
        let count = async |State(served): State<Arc<AtomicUsize>>, body: Bytes| {
            served.fetch_add(1, Ordering::SeqCst);
            body
        };
        let router = Router::new()
            .route("/echo", post(count))
            .route("/slow", get(async || sleep(Duration::from_millis(600)).await))
            .route("/never", get(std::future::pending::<()>))
            .with_state(Arc::clone(&served));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let ended = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self { address, shutdown, ended, served }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A whole exchange on a connection of its own.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }
}

/// Everything until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end like any other.
    let _ =
        timeout(SOON, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

fn echo(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn d19_a_slow_head_is_cut() {
    let server = Server::start(|_| {}).await;
    let mut stream = server.connect().await;
    let begin = Instant::now();
    for byte in b"POST /echo HTTP/1.1\r\nx-slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    rest(&mut stream).await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(server.served.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn d19_a_silent_connection_is_closed() {
    let server = Server::start(|_| {}).await;
    let mut fresh = server.connect().await;
    assert_eq!(rest(&mut fresh).await, "");
    // Also one that was of use before.
    let mut used = server.connect().await;
    used.write_all(echo("hi").replace("connection: close\r\n", "").as_bytes()).await.unwrap();
    assert!(rest(&mut used).await.ends_with("hi"));
}

#[tokio::test]
async fn d19_a_slow_body_is_cut() {
    let server = Server::start(|_| {}).await;
    let mut stream = server.connect().await;
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let trickle = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = timeout(SOON, read.read_to_end(&mut answer)).await.expect("the body holds the server");
    assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"));
    assert_eq!(server.served.load(Ordering::SeqCst), 0);
    timeout(SOON, trickle).await.unwrap().unwrap();
}

#[tokio::test]
async fn d19_a_head_that_is_too_large_is_refused() {
    let server = Server::start(|_| {}).await;
    let large = "a".repeat(20_000);
    let answer = server.ask(&format!("GET /echo HTTP/1.1\r\nx-large: {large}\r\n\r\n")).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn d19_idle_connections_do_not_keep_others_out() {
    let server = Server::start(|limits| {
        limits.max_connections = 8;
        limits.header_timeout = Duration::from_secs(60);
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(server.connect().await);
    }
    for _ in 0..5 {
        let answer = timeout(SOON, server.ask(&echo("hi"))).await.expect("there is no room");
        assert!(answer.ends_with("hi"), "{answer}");
    }
}

#[tokio::test]
async fn b17_requests_under_way_end_and_nobody_new_is_let_in() {
    let server = Server::start(|_| {}).await;
    let mut working = server.connect().await;
    working.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(200)).await;
    server.shutdown.cancel();
    let answer = rest(&mut working).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    timeout(SOON, server.ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn b17_a_request_that_does_not_end_is_cut_off_after_the_grace() {
    let server = Server::start(|limits| limits.grace = Duration::from_millis(300)).await;
    let mut stuck = server.connect().await;
    stuck.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(200)).await;
    server.shutdown.cancel();
    timeout(Duration::from_secs(5), server.ended).await.expect("the server does not end").unwrap();
    assert_eq!(rest(&mut stuck).await, "");
}
