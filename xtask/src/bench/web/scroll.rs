//! How smoothly a result of 100,000 rows scrolls, in Chromium.

use anyhow::{Context, Result};
use serde_json::Value;

use super::client::Session;
use super::server::Server;
use crate::bench::stage::succeed;
use crate::node;
use crate::workspace::Workspace;

/// Milliseconds from one frame to the next.
pub(super) fn measure(
    workspace: &Workspace,
    chromium: &std::path::Path,
    server: &Server,
    session: &Session,
) -> Result<Vec<f64>> {
    node::packages(workspace)?;
    let mut node = node::node(workspace);
    node.arg(workspace.root().join("xtask/src/bench/web/scroll.mjs")).arg(chromium);
    node.arg(format!("http://{}", server.address)).arg(&session.cookie);
    let said = succeed(node)?;
    let told: Value = serde_json::from_str(&said).context("the browser's figures are not JSON")?;
    let frames = told["frames"].as_array().context("the browser counted no frames")?;
    Ok(frames.iter().filter_map(Value::as_f64).collect())
}
