//! A `sluice serve` to be measured.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A running server. It is asked to stop when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    /// The code of its one-time sign-in link.
    pub(super) code: String,
    /// Time from the start of the process to the link.
    pub(super) ready_after: Duration,
}

/// A `sluice` command over a data folder, untouched by the environment.
pub(super) fn sluice(program: &Path, data: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLUICE_") {
            command.env_remove(name);
        }
    }
    command.arg("--data-dir").arg(data).stdin(Stdio::null());
    command
}

impl Server {
    /// Starts a server and waits for the link.
    pub(super) fn start(program: &Path, data: &Path, site: &Path) -> Result<Self> {
        Self::run(sluice(program, data), site)
    }

    /// The same with a folder of its own for temporary files.
    pub(super) fn start_with(
        program: &Path,
        data: &Path,
        site: &Path,
        temporary: &Path,
    ) -> Result<Self> {
        let mut command = sluice(program, data);
        command.env("TMPDIR", temporary);
        Self::run(command, site)
    }

    fn run(mut command: Command, site: &Path) -> Result<Self> {
        command.args(["serve", "--sign-in", "link", "--listen", "127.0.0.1:0", "--site"]);
        command.arg(site).env("RUST_LOG", "warn").stdout(Stdio::piped()).stderr(Stdio::inherit());
        let begin = Instant::now();
        let mut child = command.spawn().context("cannot start sluice serve")?;
        let stdout = child.stdout.take().context("sluice serve has no output")?;
        for line in BufReader::new(stdout).lines() {
            let line = line.context("the output of sluice serve is not readable")?;
            if let Some((address, code)) = link(&line) {
                return Ok(Self { child, address, code, ready_after: begin.elapsed() });
            }
        }
        bail!("sluice serve ended before it was ready: {}", child.wait()?)
    }

    /// How many files and sockets it has open.
    pub(super) fn descriptors(&self) -> Result<usize> {
        let path = format!("/proc/{}/fd", self.child.id());
        Ok(fs::read_dir(&path).with_context(|| format!("cannot read {path}"))?.count())
    }

    /// A figure of `/proc/<pid>/status` in megabytes.
    pub(super) fn memory(&self, name: &str) -> Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        let kilobytes: f64 = kilobytes.with_context(|| format!("{path} has no {name}"))?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Address and code of a sign-in link in a line.
fn link(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once("http://")?;
    let (address, path) = rest.split_once('/')?;
    let (_, code) = path.split_once("code=")?;
    Some((address.to_owned(), code.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_is_found_in_its_line() {
        let line = "Sign in: http://127.0.0.1:4000/sign-in/link?code=a-b_c";
        assert_eq!(link(line), Some(("127.0.0.1:4000".to_owned(), "a-b_c".to_owned())));
        assert_eq!(link("Sluice is at http://127.0.0.1:4000"), None);
    }
}
