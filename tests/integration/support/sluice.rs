//! The real `sluice` binary as a child process, with failpoints compiled in.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

/// A `sluice` command over the lake in `data_dir`, untouched by the environment of the test.
pub(crate) fn command(data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLUICE_") {
            command.env_remove(name);
        }
    }
    command.env("SLUICE_DATA_DIR", data_dir).env("SLUICE_ACTOR", "test").env("RUST_LOG", "warn");
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn sluice(data_dir: &Path, args: &[&str]) -> Outcome {
    let output = command(data_dir, args).output().unwrap();
    Outcome {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A `sluice worker`, killed when it is dropped.
pub(crate) struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// Starts a worker with a lease of one second, so that what hangs is taken over soon; `failpoint`
    /// as in `SLUICE_FAILPOINT`.
    pub(crate) fn start(data_dir: &Path, failpoint: Option<&str>) -> Self {
        Self::start_with(data_dir, failpoint, &[])
    }

    /// As [`Self::start`], with further arguments.
    pub(crate) fn start_with(data_dir: &Path, failpoint: Option<&str>, args: &[&str]) -> Self {
        let mut command = command(data_dir, &["worker"]);
        if !args.contains(&"--lease") {
            command.args(["--lease", "1"]);
        }
        command.args(args).stdout(Stdio::null());
        if let Some(failpoint) = failpoint {
            command.env("SLUICE_FAILPOINT", failpoint);
        }
        // What a failing test shows comes from the ledger; a full pipe would stop the worker.
        command.stderr(Stdio::null());
        Self { child: command.spawn().unwrap() }
    }

    /// Starts a worker of the pipelines of `dev` alone that finds pushes within a second, and gives
    /// executions up for lost after another one.
    pub(crate) fn delivering(data_dir: &Path, failpoint: Option<&str>) -> Self {
        Self::delivering_with(data_dir, failpoint, &[])
    }

    /// As [`Self::delivering`], with further settings as variables, which may be other leases.
    pub(crate) fn delivering_with(
        data_dir: &Path,
        failpoint: Option<&str>,
        settings: &[(&str, &str)],
    ) -> Self {
        let mut command = command(data_dir, &["worker"]);
        command
            .env("SLUICE_ENVIRONMENTS", "[\"dev\"]")
            .env("SLUICE_ENGINE__LEASE_SECONDS", "1")
            .env("SLUICE_DELIVERY__POLL_SECONDS", "1")
            .env("SLUICE_DELIVERY__LEASE_SECONDS", "1")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(failpoint) = failpoint {
            command.env("SLUICE_FAILPOINT", failpoint);
        }
        Self { child: command.spawn().unwrap() }
    }

    /// Waits until the process ends by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.wait_for("ended", PATIENCE)
    }

    fn wait_for(&mut self, what: &str, patience: Duration) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < patience, "the worker is not {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until a failpoint has killed the process.
    pub(crate) fn wait_killed(&mut self, failpoint: &str) {
        self.wait_killed_within(failpoint, PATIENCE);
    }

    /// As [`Self::wait_killed`], where the way to the failpoint may be longer.
    pub(crate) fn wait_killed_within(&mut self, failpoint: &str, patience: Duration) {
        let status = self.wait_for(&format!("killed at {failpoint}"), patience);
        assert_eq!(status.signal(), Some(9), "{failpoint} was not reached: {status}");
    }

    /// Whether it is still there.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
