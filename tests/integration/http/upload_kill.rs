//! Uploads to a real `sluice serve` that is killed at every step, and goes on after its restart.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use database::{Database, sqlite_url};
use domain::access::{Grant, Role};
use domain::run::RunStatus;
use jiff::Timestamp;
use serde_json::{Value, json};
use server::accounts::{AccountSettings, Accounts, Identity};

use crate::support::lake::{TestLake, file, files_below};
use crate::support::serve::empty_site;
use crate::support::sluice::command;

/// A `sluice serve` without workers, killed when it is dropped.
struct Server {
    child: Child,
    address: String,
    cookie: String,
}

impl Server {
    fn start(data_dir: &Path, cookie: &str, failpoint: Option<&str>) -> Self {
        let site = empty_site(data_dir);
        let site = site.to_str().unwrap();
        let args = ["serve", "--no-worker", "--listen", "127.0.0.1:0", "--sign-in", "link"];
        let mut command = command(data_dir, &[&args[..], &["--site", site]].concat());
        if let Some(failpoint) = failpoint {
            command.env("SLUICE_FAILPOINT", format!("{failpoint}:kill"));
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split('/').nth(2).unwrap_or_else(|| panic!("no address: {line:?}"));
        Self { child, address: address.to_owned(), cookie: cookie.to_owned() }
    }

    /// Sends a request by hand and returns the JSON of the answer; `None` when the server died.
    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (address, cookie, length) = (&self.address, &self.cookie, body.len());
        let request = format!(
            "{method} /api/v1/environments/dev{path} HTTP/1.1\r\nhost: {address}\r\n\
             cookie: sluice_session={cookie}\r\nsec-fetch-site: same-origin\r\n\
             content-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        // Past the framing of chunks, if there is any.
        let json = &body[body.find('{')?..=body.rfind('}')?];
        Some(serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    fn piece(&self, path: &str, offset: u64, body: &str) -> Option<Value> {
        let headers = format!("upload-offset: {offset}\r\n");
        self.send("PATCH", path, &headers, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn session(data_dir: &Path) -> String {
    let database = Database::open(&sqlite_url(&data_dir.join("sluice.sqlite")).unwrap()).await;
    let accounts = Accounts::new(database.unwrap(), AccountSettings::of_provider("local"));
    let (provider, name) = ("local".to_owned(), None);
    let identity = Identity { provider, subject: "ada".into(), login: "ada".into(), name };
    let grants = [Grant::everywhere(Role::Engineer)];
    let started = accounts.sign_in(&identity, &grants, None, Timestamp::now()).await;
    started.unwrap().unwrap().secret.reveal().to_owned()
}

async fn killed_at(failpoint: &str) {
    let lake = TestLake::with_orders().await;
    let cookie = session(lake.path()).await;
    let text = file((1..500).map(|id| (id, 1)));
    let server = Server::start(lake.path(), &cookie, Some(failpoint));
    let new = json!({"dataset": "shop/orders", "file_name": "a.csv", "size": text.len()});
    let headers = "content-type: application/json\r\n";
    let begun = server.send("POST", "/uploads", headers, &new.to_string()).unwrap();
    let path = format!("/uploads/{}", begun["id"].as_str().unwrap());
    assert_eq!(server.piece(&path, 0, &text), None, "{failpoint} was not reached");
    drop(server);

    let server = Server::start(lake.path(), &cookie, None);
    let stands = server.send("GET", &path, "", "").unwrap();
    let offset = stands["offset"].as_u64().unwrap();
    let rest = &text[usize::try_from(offset).unwrap()..];
    let landed = server.piece(&path, offset, rest).unwrap();
    let run = landed["run"].as_str().unwrap_or_else(|| panic!("{failpoint}: {landed}"));
    let target = lake.zone("raw").join("shop/orders/a.csv");
    assert_eq!(std::fs::read_to_string(target).unwrap(), text, "{failpoint}");
    assert!(files_below(&lake.zone("raw").join(".uploads")).is_empty(), "{failpoint}");
    let runs = lake.runs().await;
    let first: Vec<_> = runs.iter().filter(|run| run.status != RunStatus::Duplicate).collect();
    assert_eq!(first.len(), 1, "{failpoint}: {runs:?}");
    assert_eq!(first[0].id.to_string(), run, "{failpoint}");
    lake.carry_out_all().await;
    assert_eq!(lake.query("SELECT count(*) FROM shop.orders").await, [["499"]], "{failpoint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a1_an_upload_survives_a_kill_at_every_step() {
    for failpoint in ["upload.written", "upload.landing", "upload.moved", "upload.recorded"] {
        killed_at(failpoint).await;
    }
}
