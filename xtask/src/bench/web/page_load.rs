//! What a page loads and how long it takes to become interactive, in Chromium.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::client::Session;
use super::server::Server;
use crate::bench::stage::succeed;
use crate::node;
use crate::workspace::Workspace;

/// A page, loaded a few times.
#[derive(Debug)]
pub(super) struct Loads {
    /// Milliseconds from navigation to the end of hydration, with an empty cache.
    pub(super) cold: Vec<f64>,
    /// The same with the files in the cache.
    pub(super) warm: Vec<f64>,
    /// Bytes of scripts and modules over the wire.
    pub(super) bytes: f64,
}

/// Chromium, where a Debian or a Mac has it.
pub(super) fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("SLUICE_TEST_CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    named.into_iter().chain(usual.map(PathBuf::from)).find(|path| path.is_file())
}

/// Opens the page at `path` a few times.
pub(super) fn measure(
    workspace: &Workspace,
    chromium: &std::path::Path,
    server: &Server,
    session: &Session,
    path: &str,
) -> Result<Loads> {
    node::packages(workspace)?;
    let mut node = node::node(workspace);
    node.arg(workspace.root().join("xtask/src/bench/web/page_load.mjs")).arg(chromium);
    node.arg(format!("http://{}{path}", server.address)).arg(&session.cookie);
    let said = succeed(node)?;
    let loads: Value = serde_json::from_str(&said).context("the browser's figures are not JSON")?;
    let times = |name: &str| -> Result<Vec<f64>> {
        let times = loads[name].as_array().with_context(|| format!("no times {name}"))?;
        Ok(times.iter().filter_map(Value::as_f64).collect())
    };
    let bytes = loads["bytes"].as_f64().filter(|bytes| *bytes > 0.0);
    Ok(Loads {
        cold: times("cold")?,
        warm: times("warm")?,
        bytes: bytes.context("the page loaded no script")?,
    })
}
