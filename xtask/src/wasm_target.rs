//! The standard library for browsers: part of the toolchain, and fetched with rustup where it is missing.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// What the console's module is compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that it is there. A toolchain that was installed before this repository was cloned lacks
/// what `rust-toolchain.toml` asks for.
pub(crate) fn ensure() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    println!("fetching the standard library for {TARGET}");
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && is_there() {
        return Ok(());
    }
    bail!("this toolchain cannot compile for {TARGET}: run `rustup target add {TARGET}`")
}

fn is_there() -> bool {
    let asked =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    asked.is_ok_and(|answer| {
        let folder = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        answer.status.success() && Path::new(&folder).exists()
    })
}
