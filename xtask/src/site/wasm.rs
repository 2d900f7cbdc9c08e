//! The console's module: cargo for wasm32, wasm-bindgen as a library, wasm-opt from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use super::{Asset, read};
use crate::workspace::Workspace;

/// Compiles `app/hydrate` and returns the path of the module.
pub(super) fn compile(workspace: &Workspace, dev: bool) -> Result<PathBuf> {
    let (profile, folder) = if dev { ("dev", "debug") } else { ("wasm", "wasm") };
    let target = "wasm32-unknown-unknown";
    let mut cargo = workspace.cargo(&["build", "--package", "sluice-hydrate", "--lib"]);
    let status = cargo.args(["--target", target, "--profile", profile]).status()?;
    ensure!(status.success(), "the console could not be built; see cargo's messages above");
    Ok(workspace.target().join(target).join(folder).join("hydrate.wasm"))
}

/// Makes script and module for the browser.
pub(super) fn bind(compiled: &Path, packages: &Path, dev: bool) -> Result<(Asset, Asset)> {
    let folder = compiled.with_file_name("hydrate-bound");
    let _ = fs::remove_dir_all(&folder);
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(!dev)
        .remove_producers_section(!dev)
        .generate(&folder)
        .context("wasm-bindgen failed")?;
    ensure!(
        !folder.join("snippets").exists(),
        "scripts beside the module are not served: see {}",
        folder.display()
    );
    let module = folder.join("hydrate_bg.wasm");
    if !dev {
        optimise(&module, packages)?;
    }
    let script = Asset { name: "console.js", content: read(&folder.join("hydrate.js"))? };
    Ok((script, Asset { name: "console.wasm", content: read(&module)? }))
}

fn optimise(module: &Path, packages: &Path) -> Result<()> {
    let status = Command::new(packages.join(".bin/wasm-opt"))
        .args(["-Oz", "--enable-bulk-memory", "--enable-nontrapping-float-to-int"])
        .args(["--enable-sign-ext", "--enable-mutable-globals", "--enable-multivalue"])
        .args(["--enable-reference-types", "--enable-bulk-memory-opt"])
        .arg("-o")
        .args([module, module])
        .status()
        .context("cannot start wasm-opt of the npm package binaryen")?;
    ensure!(status.success(), "wasm-opt failed; see its messages above");
    Ok(())
}
