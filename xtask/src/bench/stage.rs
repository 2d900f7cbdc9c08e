//! What every measurement needs: the release binary, a Python with the other engines, an input file
//! and a folder to work in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::python;
use crate::workspace::Workspace;

/// The days of a generated file and its seed.
#[derive(Debug, Clone)]
pub(super) struct Trips {
    /// Rows below the header.
    pub(super) rows: u64,
    /// Day of the first pickups, `YYYY-MM-DD`.
    pub(super) first_day: String,
    /// Days that the pickups spread over.
    pub(super) days: u16,
}

/// A prepared benchmark.
#[derive(Debug)]
pub(super) struct Stage {
    sluice: PathBuf,
    python: PathBuf,
    pins: Vec<String>,
    root: PathBuf,
    folder: PathBuf,
}

impl Stage {
    /// Builds the release binary and makes the Python environment.
    pub(super) fn set_up(workspace: &Workspace, spark: bool) -> Result<Self> {
        println!("building sluice for release (over ten minutes the first time)");
        let sluice = workspace.build_sluice(true)?;
        let mut requirements = vec!["requirements.txt", "bench-requirements.txt"];
        if spark {
            requirements.push("spark-requirements.txt");
        }
        let python = python::environment(workspace, &requirements)?;
        let pins = python::pins(workspace, &requirements)?;
        let folder = workspace.target().join("bench");
        clear(&folder)?;
        Ok(Self { sluice, python, pins, root: workspace.root().to_path_buf(), folder })
    }

    /// The other engines' versions: `duckdb 2.0.0`.
    pub(super) fn pins(&self) -> &[String] {
        &self.pins
    }

    /// A path in the working folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A `sluice` command.
    pub(super) fn sluice(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.sluice);
        command.args(args);
        command
    }

    /// A command that runs a script of `tests/python/bench`.
    pub(super) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        // Without -B Python would leave compiled files in the clone.
        command.arg("-B").arg(self.scripts().join(name));
        command
    }

    /// The reference query of the yellow dataset.
    pub(super) fn reference_sql(&self) -> PathBuf {
        let demo = self.root.join("server").join("src").join("demo");
        demo.join("yellow_taxi_trip_record.sql")
    }

    /// Generates a yellow file without faults. Equal trips give equal bytes.
    pub(super) fn generate(&self, name: &str, trips: &Trips) -> Result<PathBuf> {
        let path = self.path(name);
        let (rows, days) = (trips.rows.to_string(), trips.days.to_string());
        let mut generate = self.sluice(&["generate-trips", "--kind", "yellow", "--seed", "42"]);
        generate.args(["--rows", &rows, "--first-day", &trips.first_day, "--days", &days]);
        generate.arg("--out").arg(&path);
        succeed(generate)?;
        Ok(path)
    }

    fn scripts(&self) -> PathBuf {
        self.root.join("tests").join("python").join("bench")
    }
}

/// Runs a command that is not measured. The error tells what it said.
pub(super) fn succeed(mut command: Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{program} {}: {}: {}",
        command.get_args().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" "),
        output.status,
        said.trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes `folder` an empty folder.
pub(super) fn clear(folder: &Path) -> Result<()> {
    remove(folder)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Removes `folder` and all in it, if it is there.
pub(super) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
