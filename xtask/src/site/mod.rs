//! `cargo xtask site`: the console's static files, in `<target>/site`. Names carry a hash of what
//! the files are made of, so that browsers may keep them for ever; text and modules are compressed
//! once, here.

mod scripts;
mod style;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::node;
use crate::workspace::Workspace;

/// A file to be served.
pub(super) struct Asset {
    /// Its name, for example `style.css`.
    name: String,
    /// Its content.
    content: Vec<u8>,
}

/// Builds the site and returns its folder. Does nothing when its inputs did not change.
pub(crate) fn build(workspace: &Workspace, dev: bool) -> Result<PathBuf> {
    let site = workspace.target().join("site");
    let packages = node::packages(workspace)?;
    let compiled = wasm::compile(workspace, dev)?;
    let inputs = inputs(workspace, &compiled, dev)?;
    if fs::read_to_string(site.join("inputs")).is_ok_and(|old| old == inputs) {
        return Ok(site);
    }
    println!("Building the console's static files");
    let version = module_version(workspace, &compiled, dev)?;
    let module = wasm::bind(&compiled, &packages, dev, &version)?;
    let fonts = style::fonts(&packages)?;
    let editor = scripts::editor(&workspace.root().join("web"), &packages)?;
    let icon = read(&workspace.root().join("public/icon.svg"))?;
    let icon = Asset { name: "icon.svg".to_owned(), content: icon };

    let fresh = workspace.target().join("site.new");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(fresh.join("assets"))?;
    let put = |asset: &Asset| put(&fresh, asset);
    let fonts: Vec<_> =
        fonts.iter().map(|font| Ok((font.name.clone(), put(font)?))).collect::<Result<_>>()?;
    let style = style::sheet(&workspace.root().join("style"), &fonts)?;
    for asset in module.files() {
        write(&fresh, &asset.name, &asset.content)?;
    }
    let manifest = json!({
        "style": put(&style)?,
        "script": module.script.name,
        "module": module.main.name,
        "loader": module.loader.name,
        "parts": module.parts_of,
        "icon": put(&icon)?,
        "sql_editor": put(&editor)?,
        "fonts": fonts.iter().map(|(_, name)| name).collect::<Vec<_>>(),
    });
    fs::write(fresh.join("manifest.json"), format!("{manifest:#}\n"))?;
    compress(workspace, &fresh)?;
    fs::write(fresh.join("inputs"), inputs)?;
    let _ = fs::remove_dir_all(&site);
    fs::rename(&fresh, &site).context("the finished site cannot be moved to its place")?;
    Ok(site)
}

/// Writes an asset under its hashed name and returns that name.
fn put(site: &Path, asset: &Asset) -> Result<String> {
    let hash = hex(&Sha256::digest(&asset.content));
    let (stem, extension) = asset.name.rsplit_once('.').context("an asset needs an extension")?;
    let name = format!("{stem}.{}.{extension}", &hash[..16]);
    write(site, &name, &asset.content)?;
    Ok(name)
}

fn write(site: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = site.join("assets").join(name);
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// A hash of all that decides what the module's files are.
fn module_version(workspace: &Workspace, compiled: &Path, dev: bool) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update([u8::from(dev)]);
    hash.update(read(compiled)?);
    // The tools that cut, bind and shrink the module.
    hash.update(read(&workspace.root().join("package-lock.json"))?);
    hash.update(read(&workspace.root().join("Cargo.lock"))?);
    hash.update(include_str!("wasm.rs"));
    Ok(hex(&hash.finalize())[..16].to_owned())
}

/// Says what the site is made of, to know whether it must be made again.
fn inputs(workspace: &Workspace, compiled: &Path, dev: bool) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(module_version(workspace, compiled, dev)?);
    hash.update(read(&workspace.root().join("public/icon.svg"))?);
    let sheets = style::files(&workspace.root().join("style"))?;
    let scripts = scripts::files(&workspace.root().join("web"))?;
    for file in sheets.iter().chain(&scripts) {
        hash.update(read(file)?);
    }
    Ok(hex(&hash.finalize()))
}

/// Brotli and gzip beside each file that gains from it, by Node's own zlib.
fn compress(workspace: &Workspace, site: &Path) -> Result<()> {
    let script = workspace.root().join("xtask/src/site/compress.mjs");
    let status = node::node(workspace).arg(script).arg(site.join("assets")).status()?;
    ensure!(status.success(), "the static files could not be compressed; see the messages above");
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
