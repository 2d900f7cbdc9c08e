//! An emulator that keeps versions of Glue tables, which ministack does not: a proxy before it that
//! keeps a table whenever it was changed, and answers `GetTableVersions` as AWS documents it.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::Account;
use aws::testing::{Emulator, fresh_account};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Versions in one answer: few, so that there are several pages.
const PAGE: usize = 2;

/// Versions by account, database and table, oldest first.
type Versions = Arc<Mutex<BTreeMap<String, Vec<Value>>>>;

/// An emulator with versions, as long as the test runs.
pub(crate) struct EmulatorWithVersions {
    emulator: Emulator,
}

impl EmulatorWithVersions {
    /// Put before an emulator.
    pub(crate) async fn before(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let upstream = emulator.endpoint.trim_start_matches("http://").to_owned();
        let versions = Versions::default();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, versions) = (upstream.clone(), Arc::clone(&versions));
                tokio::spawn(async move { serve(client, &upstream, &versions).await });
            }
        });
        Self { emulator: Emulator { endpoint } }
    }

    /// An account with nothing in it.
    pub(crate) async fn account(&self) -> Account {
        Account::open(&self.emulator.settings(&fresh_account())).await
    }
}

struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    async fn read(from: &mut TcpStream) -> Option<Self> {
        let (head, body) = message(from).await?;
        Some(Self { head, body })
    }

    fn header(&self, name: &str) -> &str {
        header(&self.head, name).unwrap_or_default()
    }

    fn action(&self) -> &str {
        self.header("x-amz-target").trim_start_matches("AWSGlue.")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The same caller asking something else.
    fn asking(&self, action: &str, body: &Value) -> Self {
        let (target, length) = (self.header("x-amz-target"), self.header("content-length"));
        let body = body.to_string();
        let head = self.head.replace(target, &format!("AWSGlue.{action}"));
        let head = head.replace(
            &format!("content-length: {length}"),
            &format!("content-length: {}", body.len()),
        );
        Self { head, body: body.into_bytes() }
    }

    fn key(&self, table: &str) -> String {
        let credential = self.header("authorization").split("Credential=").nth(1);
        let account = credential.unwrap_or_default().split('/').next().unwrap_or_default();
        format!("{account}/{}/{table}", self.json()["DatabaseName"].as_str().unwrap_or_default())
    }
}

async fn serve(mut client: TcpStream, upstream: &str, versions: &Versions) {
    while let Some(request) = Request::read(&mut client).await {
        let answer = answer(&request, upstream, versions).await;
        if client.write_all(&answer).await.is_err() {
            return;
        }
    }
}

async fn answer(request: &Request, upstream: &str, versions: &Versions) -> Vec<u8> {
    let asked = request.json();
    match request.action() {
        "CreateTable" | "UpdateTable" => {
            // One change after the other, so that each is seen as it was made.
            let mut versions = versions.lock().await;
            let name = asked["TableInput"]["Name"].as_str().unwrap_or_default();
            let ask = json!({"DatabaseName": asked["DatabaseName"], "Name": name});
            let read = request.asking("GetTable", &ask);
            let before = sent(upstream, &read).await.json();
            let changed = sent(upstream, request).await;
            let now = sent(upstream, &read).await.json();
            let kept = versions.entry(request.key(name)).or_default();
            // Without an archive, the version that is replaced is gone.
            if asked["SkipArchive"] == true && changed.is_success() {
                kept.retain(|version| version["VersionId"] != before["Table"]["VersionId"]);
            }
            if changed.is_success() {
                kept.push(now["Table"].clone());
            }
            changed.raw
        }
        "DeleteTable" => {
            let name = asked["Name"].as_str().unwrap_or_default();
            versions.lock().await.remove(&request.key(name));
            sent(upstream, request).await.raw
        }
        "GetTableVersions" => {
            let name = asked["TableName"].as_str().unwrap_or_default();
            let versions = versions.lock().await;
            let Some(kept) = versions.get(&request.key(name)) else {
                let missing = json!({"__type": "EntityNotFoundException", "message": "no table"});
                return written("400 Bad Request", &missing);
            };
            let from =
                asked["NextToken"].as_str().and_then(|at| at.parse().ok()).unwrap_or(0_usize);
            let page = kept.iter().rev().skip(from).take(PAGE);
            let page: Vec<_> = page
                .map(|table| json!({"Table": table, "VersionId": table["VersionId"]}))
                .collect();
            let mut told = json!({"TableVersions": page});
            if from + PAGE < kept.len() {
                told["NextToken"] = (from + PAGE).to_string().into();
            }
            written("200 OK", &told)
        }
        _ => sent(upstream, request).await.raw,
    }
}

struct Answer {
    raw: Vec<u8>,
    body: Vec<u8>,
}

impl Answer {
    fn is_success(&self) -> bool {
        self.raw.starts_with(b"HTTP/1.1 200")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

async fn sent(upstream: &str, request: &Request) -> Answer {
    let mut stream = TcpStream::connect(upstream).await.unwrap();
    stream.write_all(request.head.as_bytes()).await.unwrap();
    stream.write_all(&request.body).await.unwrap();
    let (head, body) = message(&mut stream).await.expect("an answer");
    let raw = [head.as_bytes(), &body].concat();
    Answer { raw, body }
}

fn written(status: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    let head = "content-type: application/x-amz-json-1.1";
    format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// The head, with the empty line behind it, and the body of a message.
async fn message(from: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if from.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8(read).ok()?;
    let length = header(&head, "content-length").and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or_default();
    while body.len() < length {
        if from.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value.trim())
}
