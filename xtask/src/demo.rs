//! `cargo xtask demo`: build, then become `sluice demo`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::emulator::Emulator;
use crate::site;
use crate::workspace::Workspace;

/// The account that the server runs in; the emulator takes it from the access key.
const DEPLOYMENT_ACCOUNT: &str = "444444444444";
/// Run by the tests of the demo too.
const CONFIGURATION: &str = include_str!("../../server/src/demo/emulator.toml");

/// Builds `sluice` and the console's files and runs `sluice demo` with `args`, which ends in a link.
/// False when the demo failed.
pub(crate) fn run(workspace: &Workspace, aws_emulator: bool, args: &[String]) -> Result<bool> {
    if !workspace.sluice("debug").exists() {
        println!(
            "Building Sluice. The first time this compiles the query engine: about ten minutes on \
             two cores.\nLater builds take seconds to a minute."
        );
    }
    if !args.iter().any(|arg| arg == "--no-serve") {
        site::build(workspace, false)?;
    }
    let sluice = workspace.build_sluice(false)?;
    let mut demo = Command::new(&sluice);
    demo.arg("demo").args(args);
    if aws_emulator {
        put_on_emulator(workspace, &mut demo)?;
    }
    become_process(demo).with_context(|| format!("cannot run {}", sluice.display()))
}

/// Starts an emulator of AWS for the demo, and a data folder that knows nothing of an earlier one.
fn put_on_emulator(workspace: &Workspace, demo: &mut Command) -> Result<()> {
    let emulator = Emulator::start(workspace)?;
    let folder = workspace.target().join("emulator/demo");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join("sluice-server.toml");
    let data_dir = folder.display().to_string();
    let text = CONFIGURATION.replace("{endpoint}", &emulator.endpoint());
    let text = text.replace("{data_dir}", &data_dir);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let variables = [
        ("SLUICE_CONFIG", file.display().to_string()),
        ("AWS_ACCESS_KEY_ID", DEPLOYMENT_ACCOUNT.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "emulator".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    println!(
        "An emulator of AWS is at {} and forgets everything when the demo ends. Until then, in \
         another terminal:",
        emulator.endpoint()
    );
    for (name, value) in variables {
        println!("  export {name}={value}");
        demo.env(name, value);
    }
    println!("  alias sluice={}", workspace.sluice("debug").display());
    println!("  sluice ls && sluice runs list && sluice doctor\n");
    emulator.ends_with(demo);
    Ok(())
}

/// Replaces this process, so that signals and the terminal belong to the demo alone.
#[cfg(unix)]
fn become_process(mut command: Command) -> std::io::Result<bool> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_process(mut command: Command) -> std::io::Result<bool> {
    Ok(command.status()?.success())
}
