//! `cargo xtask site`: the console's static files, in `<target>/site`. Names carry a hash of the
//! content, so that browsers may keep them for ever; text and module are compressed once, here.

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
    /// Its name before the hash, for example `style.css`.
    name: &'static str,
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
    let (script, module) = wasm::bind(&compiled, &packages, dev)?;
    let fonts = style::fonts(&packages)?;
    let editor = scripts::editor(&workspace.root().join("web"), &packages)?;
    let icon =
        Asset { name: "icon.svg", content: read(&workspace.root().join("public/icon.svg"))? };

    let fresh = workspace.target().join("site.new");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(fresh.join("assets"))?;
    let put = |asset: &Asset| put(&fresh, asset);
    let fonts: Vec<_> =
        fonts.iter().map(|font| Ok((font.name, put(font)?))).collect::<Result<_>>()?;
    let style = style::sheet(&workspace.root().join("style"), &fonts)?;
    let manifest = json!({
        "style": put(&style)?,
        "script": put(&script)?,
        "module": put(&module)?,
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
    fs::write(site.join("assets").join(&name), &asset.content)?;
    Ok(name)
}

/// Says what the site is made of, to know whether it must be made again.
fn inputs(workspace: &Workspace, compiled: &Path, dev: bool) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update([u8::from(dev)]);
    hash.update(read(compiled)?);
    hash.update(read(&workspace.root().join("package-lock.json"))?);
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
