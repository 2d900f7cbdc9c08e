//! A proxy that loses and delays requests and answers, or gives its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It does not arrive, and nobody answers.
    LoseRequest,
    /// It arrives, and its answer is lost.
    LoseAnswer,
    /// It does not arrive; this is the answer: a status and a body.
    Answer(u16, String),
    /// It arrives later.
    Delay(Duration),
}

/// A server on the loopback between clients and an emulator, over plain HTTP/1.1.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its address, `http://127.0.0.1:…`.
    pub endpoint: String,
    faults: Faults,
}

/// Each for one request that holds a text.
type Faults = Arc<Mutex<Vec<(String, Fault)>>>;

impl Proxy {
    /// Begins to pass everything on to `endpoint`, until the runtime ends.
    pub async fn before(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let faults = Faults::default();
        let upstream = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        tokio::spawn(serve(listener, upstream, faults.clone()));
        Self { endpoint: format!("http://{address}"), faults }
    }

    /// Does this once, to the next request whose head or body holds a text.
    pub fn next_with(&self, text: &str, fault: Fault) {
        locked(&self.faults).push((text.to_owned(), fault));
    }

    /// Ends what has not happened yet.
    pub fn heal(&self) {
        locked(&self.faults).clear();
    }
}

fn locked(faults: &Faults) -> MutexGuard<'_, Vec<(String, Fault)>> {
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, upstream: String, faults: Faults) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, upstream.clone(), faults.clone()));
    }
}

/// Passes one request on and closes the connection, which clients then open anew.
async fn pass(mut client: TcpStream, upstream: String, faults: Faults) -> Option<()> {
    let request = read_request(&mut client).await?;
    let fault = {
        let mut faults = locked(&faults);
        let text = String::from_utf8_lossy(&request);
        let found = faults.iter().position(|(holding, _)| text.contains(holding.as_str()));
        found.map(|at| faults.remove(at).1)
    };
    let answer = match &fault {
        Some(Fault::LoseRequest) => return None,
        Some(Fault::Answer(status, body)) => format!(
            "HTTP/1.1 {status} Fault\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(*time).await;
            ask(&upstream, &request).await?
        }
        Some(Fault::LoseAnswer) | None => ask(&upstream, &request).await?,
    };
    if fault == Some(Fault::LoseAnswer) {
        return None;
    }
    client.write_all(&answer).await.ok()?;
    client.shutdown().await.ok()
}

/// The head and the body of a request; its length is given by a header.
async fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        if let Some(end) = end_of_head(&request) {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let lines = head.lines().filter_map(|line| line.strip_prefix("content-length:"));
            let length: usize = lines.last().map_or(Some(0), |text| text.trim().parse().ok())?;
            if request.len() >= end + length {
                return Some(request);
            }
        }
        match client.read(&mut part).await.ok()? {
            0 => return None,
            read => request.extend_from_slice(&part[..read]),
        }
    }
}

/// The whole answer, after which the other side closes.
async fn ask(upstream: &str, request: &[u8]) -> Option<Vec<u8>> {
    let end = end_of_head(request)?;
    let head = String::from_utf8_lossy(&request[..end - 2]);
    let lines = head.split_inclusive("\r\n");
    let kept: String =
        lines.filter(|line| !line.to_lowercase().starts_with("connection:")).collect();
    let mut server = TcpStream::connect(upstream).await.ok()?;
    server.write_all(format!("{kept}connection: close\r\n\r\n").as_bytes()).await.ok()?;
    server.write_all(&request[end..]).await.ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}
