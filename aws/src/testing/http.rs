//! As much of HTTP/1.1 as a link needs: whole requests in, whole answers out, one for each connection.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No caller of a test is more patient.
const LONGEST_SILENCE: Duration = Duration::from_secs(120);
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const REFUSED: &[u8] =
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A request as it came.
#[derive(Debug)]
pub(super) struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// What is asked for: the operation of the JSON and query protocols, else method and path.
    pub(super) fn operation(&self) -> String {
        if let Some(target) = self.header("x-amz-target") {
            return target.rsplit('.').next().unwrap_or(target).to_owned();
        }
        let body = String::from_utf8_lossy(&self.body);
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        match action {
            Some(action) => action.to_owned(),
            None => format!("{} {}", self.method, self.path),
        }
    }

    /// Whether a text stands in its head or its body.
    pub(super) fn holds(&self, text: &str) -> bool {
        let head = format!("{} {}", self.method, self.path);
        head.contains(text)
            || self.headers.iter().any(|(_, value)| value.contains(text))
            || String::from_utf8_lossy(&self.body).contains(text)
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a whole request; `None` when the client went away, or sent something else.
pub(super) async fn read(client: &mut TcpStream) -> Option<Request> {
    let (head, mut body) = head(client).await?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    let mut request = Request { method, path, headers: headers.collect(), body: Vec::new() };
    if request.header("expect").is_some() {
        client.write_all(CONTINUE).await.ok()?;
    }
    if request.header("transfer-encoding").is_some() {
        body = unchunked(client, body).await?;
    } else {
        let length = request.header("content-length").map_or(Ok(0), str::parse::<usize>).ok()?;
        while body.len() < length {
            more(client, &mut body).await?;
        }
    }
    request.body = body;
    Some(request)
}

/// The head as text, and what came after it.
async fn head(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD);
        if let Some(end) = end {
            let rest = bytes.split_off(end + END_OF_HEAD.len());
            bytes.truncate(end);
            return Some((String::from_utf8(bytes).ok()?, rest));
        }
        more(client, &mut bytes).await?;
    }
}

/// A body that comes in chunks, each after its length.
async fn unchunked(client: &mut TcpStream, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            match bytes.windows(2).position(|window| window == b"\r\n") {
                Some(end) => break end,
                None => more(client, &mut bytes).await?,
            }
        };
        let line = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let length = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        while bytes.len() < end + 2 + length + 2 {
            more(client, &mut bytes).await?;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + length]);
        bytes.drain(..end + 2 + length + 2);
        if length == 0 {
            return Some(body);
        }
    }
}

async fn more(client: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut part = [0; 16 * 1024];
    let read = client.read(&mut part).await.ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&part[..read]);
    Some(())
}

/// Carries a request to the emulator on a connection of its own, and reads the whole answer.
pub(super) async fn carry(emulator: &str, request: &Request) -> Option<Vec<u8>> {
    let mut upstream = TcpStream::connect(emulator).await.ok()?;
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let replaced = ["expect", "connection", "transfer-encoding", "content-length"];
    for (name, value) in
        request.headers.iter().filter(|(name, _)| !replaced.contains(&name.as_str()))
    {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", request.body.len()));
    upstream.write_all(head.as_bytes()).await.ok()?;
    upstream.write_all(&request.body).await.ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await.ok()?;
    Some(answer)
}

/// Gives an answer; it says itself that the connection ends.
pub(super) async fn answer(client: &mut TcpStream, answer: &[u8]) {
    // Whoever went away does not want it.
    let _ = client.write_all(answer).await;
    let _ = client.shutdown().await;
}

/// Answers with a status and a body.
pub(super) async fn say(client: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status} .\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    answer(client, text.as_bytes()).await;
}

/// Says nothing until the client gives up.
pub(super) async fn until_gone(client: &mut TcpStream) {
    let mut part = [0; 1024];
    let gone = async { while client.read(&mut part).await.is_ok_and(|read| read > 0) {} };
    // Whoever is still there then is left alone.
    let _ = tokio::time::timeout(LONGEST_SILENCE, gone).await;
}

/// Answers 500.
pub(super) async fn refuse(client: &mut TcpStream) {
    answer(client, REFUSED).await;
}
