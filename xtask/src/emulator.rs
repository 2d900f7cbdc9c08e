//! The emulator of AWS that tests and the demo run against: ministack, in a private Python environment,
//! on a free port of this machine alone. It ends with us.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::python;
use crate::workspace::Workspace;

/// Names the emulator's address to tests; absent when there is none.
pub(crate) const ENDPOINT: &str = "SLUICE_TEST_AWS_ENDPOINT";
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs the emulator until our end of its standard input is closed, which the system does for us when we
/// are killed.
const RUN: &str = "\
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
sys.argv = ['ministack']
runpy.run_module('ministack', run_name='__main__')
";
const HEALTH: &[u8] =
    b"GET /_ministack/health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";

/// A running emulator; dropped, it ends and forgets everything.
#[derive(Debug)]
pub(crate) struct Emulator {
    process: Child,
    address: SocketAddr,
}

impl Emulator {
    /// The Python that it runs in. The error says what is missing on this machine.
    pub(crate) fn python(workspace: &Workspace) -> Result<PathBuf> {
        python::environment(workspace, &["aws-requirements.txt"])
    }

    /// Starts one and waits until it answers.
    pub(crate) fn start(workspace: &Workspace) -> Result<Self> {
        Self::start_in(workspace, &Self::python(workspace)?)
    }

    /// As [`Self::start`], in the Python that was found.
    pub(crate) fn start_in(workspace: &Workspace, python: &Path) -> Result<Self> {
        let address = free_address()?;
        let folder = workspace.target().join("emulator");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let log = File::create(folder.join("log")).context("cannot write the emulator's log")?;
        let mut command = Command::new(python);
        apart(&mut command);
        let process = command
            .args(["-c", RUN])
            .env("BIND_HOST", address.ip().to_string())
            .env("GATEWAY_PORT", address.port().to_string())
            .env("MINISTACK_HOST", address.ip().to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("s3"))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("cannot write the emulator's log")?)
            .stderr(log)
            .spawn()
            .context("cannot start the emulator of AWS")?;
        let mut emulator = Self { process, address };
        emulator.wait()?;
        Ok(emulator)
    }

    /// Its address, for clients.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets it end with `command` instead of with us, by its standard input, which has to be free for that.
    pub(crate) fn ends_with(mut self, command: &mut Command) {
        if let Some(held) = self.process.stdin.take() {
            command.stdin(held);
        }
        std::mem::forget(self);
    }

    fn wait(&mut self) -> Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.process.try_wait().context("the emulator was lost")? {
                bail!("the emulator of AWS ended at once ({status}); see target/emulator/log");
            }
            if is_healthy(self.address) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("the emulator of AWS did not answer within {} s", PATIENCE.as_secs());
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It keeps nothing that would have to be put in order.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Who stops us at the terminal does not stop it: what runs against it may still want to end in order.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    listener.local_addr().context("no port is free")
}

fn is_healthy(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    let mut answer = [0; 12];
    let asked = stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .and_then(|()| stream.write_all(HEALTH))
        .and_then(|()| stream.read_exact(&mut answer));
    asked.is_ok() && answer.ends_with(b" 200")
}
