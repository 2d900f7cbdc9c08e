//! A private PostgreSQL cluster for one test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// User and group `nobody`: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65534;

/// A running cluster in a temporary folder, reached by a socket in it. It ends with this value, and
/// also when the process is killed.
pub(crate) struct Postgres {
    binaries: PathBuf,
    folder: tempfile::TempDir,
    server: Option<Child>,
}

impl Postgres {
    /// Starts a cluster; `None`, with a line that says so, when PostgreSQL is not installed.
    pub(crate) fn start(what: &str) -> Option<Self> {
        let Some(binaries) = binaries() else {
            eprintln!("SKIPPED {what}: initdb not found");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut cluster = Self { binaries, folder, server: None };
        let data = cluster.folder.path().join("data");
        let mut initdb = cluster.command("initdb", None);
        initdb.args([
            "--no-sync",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
        ]);
        succeeded(&initdb.arg(data).output().unwrap());
        cluster.resume();
        Some(cluster)
    }

    /// The URL of a new, empty database.
    pub(crate) fn create_database(&self, name: &str) -> String {
        self.sql(&format!("CREATE DATABASE {name}"));
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.path().display())
    }

    /// Carries out a statement as the superuser.
    pub(crate) fn sql(&self, statement: &str) {
        let mut psql = self.command("psql", None);
        psql.args(["-U", "postgres", "-d", "postgres", "-c", statement, "-h"]);
        succeeded(&psql.arg(self.folder.path()).output().unwrap());
    }

    /// Stops the server at once, as a crash would.
    pub(crate) fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let pid = server.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        let _ = server.wait();
    }

    /// Starts the server again, and waits until it answers.
    pub(crate) fn resume(&mut self) {
        let mut server = self.command("postgres", Some("QUIT"));
        server.args(["-c", "listen_addresses=", "-c", "fsync=off", "-D"]);
        server.arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        server.stdout(Stdio::null()).stderr(Stdio::null());
        self.server = Some(server.spawn().unwrap());
        let begin = Instant::now();
        loop {
            let mut ready = self.command("pg_isready", None);
            if ready.arg("-h").arg(self.folder.path()).output().unwrap().status.success() {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A program of PostgreSQL, as an ordinary user, that gets `signal` when this process ends.
    fn command(&self, program: &str, signal: Option<&str>) -> Command {
        let program = self.binaries.join(program);
        if !is_root() && signal.is_none() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        if let Some(signal) = signal {
            command.args(["--pdeathsig", signal]);
        }
        if is_root() {
            let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
            command.args([&*user, &*group, "--clear-groups"]);
        }
        command.arg("--").arg(program);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The folder of PostgreSQL's programs: the newest one installed, else one on the PATH.
fn binaries() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = installed.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, std::env::split_paths(&path).collect::<Vec<_>>().into_iter().rev());
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "psql", "pg_isready"].iter().all(|name| folder.join(name).is_file())
    };
    folders.into_iter().rev().find(complete)
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|metadata| metadata.uid() == 0)
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
