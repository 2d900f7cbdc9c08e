//! As much of an HTTP client as a measurement needs: one request per connection.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::server::Server;

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Session {
    address: String,
    /// `name=value` of the session's cookie.
    pub(super) cookie: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// From the last byte of the request to the first of the answer.
    pub(super) first_byte: Duration,
    /// What follows the head, if it is text.
    pub(super) body: String,
    head: String,
}

impl Session {
    /// Signs in by the server's link.
    pub(super) fn begin(server: &Server) -> Result<Self> {
        let (address, body) = (&server.address, format!("code={}", server.code));
        let answer = exchange(
            address,
            &format!(
                "POST /sign-in/link HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
                 sec-fetch-site: same-origin\r\nconnection: close\r\ncontent-length: {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\n\r\n{body}",
                body.len()
            ),
        )?;
        let cookie = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_session = name.eq_ignore_ascii_case("set-cookie") && value.contains("session=");
            is_session.then(|| value.split(';').next().unwrap_or(value).trim().to_owned())
        });
        let cookie = cookie.with_context(|| format!("no session was begun: {}", answer.head))?;
        Ok(Self { address: address.clone(), cookie })
    }

    /// Asks for a path, as a browser does that takes compressed answers.
    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        self.ask(path, "accept-encoding: gzip\r\n")
    }

    /// The text of an answer.
    pub(super) fn text(&self, path: &str) -> Result<String> {
        Ok(self.ask(path, "")?.body)
    }

    /// Sends JSON, as the console does.
    pub(super) fn post(&self, path: &str, body: &str) -> Result<Answer> {
        let (address, cookie, length) = (&self.address, &self.cookie, body.len());
        exchange(
            address,
            &format!(
                "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
                 sec-fetch-site: same-origin\r\ncookie: {cookie}\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ),
        )
    }

    fn ask(&self, path: &str, headers: &str) -> Result<Answer> {
        let (address, cookie) = (&self.address, &self.cookie);
        exchange(
            address,
            &format!(
                "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n{headers}\
                 connection: close\r\n\r\n"
            ),
        )
    }
}

fn exchange(address: &str, request: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).context("the server cannot be reached")?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_nodelay(true)?;
    stream.write_all(request.as_bytes())?;
    let sent = Instant::now();
    let mut answer = vec![0; 1];
    stream.read_exact(&mut answer).context("the server did not answer")?;
    let first_byte = sent.elapsed();
    stream.read_to_end(&mut answer).context("the answer broke off")?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.map_or(answer.len(), |end| end + 4));
    let (head, body) = (text(head), text(body));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    ensure!(status.is_some(), "the answer is no HTTP: {head}");
    Ok(Answer { status: status.unwrap_or_default(), first_byte, body, head })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
