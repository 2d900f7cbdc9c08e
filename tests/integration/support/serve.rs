//! A real `sluice serve` on a port that the system chose, and plain HTTP over real sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::sluice::{PATIENCE, command};

/// A running server, killed when it is dropped.
pub(crate) struct ServeProcess {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    code: String,
    log: Arc<Mutex<String>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A folder of static files without content: pages need its manifest alone.
pub(crate) fn empty_site(folder: &Path) -> std::path::PathBuf {
    let site = folder.join("site");
    std::fs::create_dir_all(site.join("assets")).unwrap();
    let manifest = r#"{"style":"s.css","script":"s.js","module":"m.wasm","icon":"i.svg","sql_editor":"e.js","fonts":[]}"#;
    std::fs::write(site.join("manifest.json"), manifest).unwrap();
    site
}

impl ServeProcess {
    /// Starts a server over a data folder and waits until it is ready. Settings are variables.
    pub(crate) fn start(data_dir: &Path, settings: &[(&str, &str)]) -> Self {
        let site = empty_site(data_dir);
        let args = ["serve", "--sign-in", "link", "--listen", "127.0.0.1:0", "--site"];
        let mut command = command(data_dir, &args);
        command.arg(site).env("RUST_LOG", "info").stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in settings {
            command.env(name, value);
        }
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap();
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let link = stdout.lines().map_while(Result::ok).find(|line| line.contains("code="));
        let link = link.unwrap_or_else(|| panic!("no link: {}", log.lock().unwrap()));
        let (_, rest) = link.split_once("http://").unwrap();
        let (address, path) = rest.split_once('/').unwrap();
        let (_, code) = path.split_once("code=").unwrap();
        Self { child, address: address.to_owned(), code: code.trim().to_owned(), log }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Signs in by the link and returns the header line of the session's cookie.
    pub(crate) fn sign_in(&self) -> String {
        let headers = format!(
            "origin: http://{}\r\ncontent-type: application/x-www-form-urlencoded\r\n",
            self.address
        );
        let body = format!("code={}", self.code);
        let reply = self.ask("POST", "/sign-in/link", &headers, &body);
        let cookie = reply.header("set-cookie").unwrap_or_else(|| panic!("{reply:?}"));
        format!("cookie: {}\r\n", cookie.split(';').next().unwrap_or_default())
    }

    /// All that it logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The code of its one-time link.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// A whole exchange on a connection of its own. `headers` end in line breaks.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let (address, length) = (&self.address, body.len());
        self.exchange(&format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        ))
    }

    /// Asks for a path.
    pub(crate) fn get(&self, path: &str, headers: &str) -> Reply {
        self.ask("GET", path, headers, "")
    }

    fn exchange(&self, request: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or_default().parse().unwrap();
        Reply { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Waits until `path` answers with a status.
    pub(crate) fn wait_for(&self, path: &str, status: u16) -> Reply {
        let begin = Instant::now();
        loop {
            let reply = self.get(path, "");
            if reply.status == status {
                return reply;
            }
            assert!(begin.elapsed() < PATIENCE, "{path} does not answer {status}: {reply:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal by name and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) -> (ExitStatus, Duration) {
        let begin = Instant::now();
        let pid = self.child.id().to_string();
        Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, begin.elapsed());
            }
            assert!(begin.elapsed() < PATIENCE, "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
