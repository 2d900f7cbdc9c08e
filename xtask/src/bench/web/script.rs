//! Measurements that a script makes in Chromium, on a page that it drives.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::client::Session;
use super::server::Server;
use crate::bench::stage::succeed;
use crate::node;
use crate::workspace::Workspace;

/// Runs a script of this folder and returns the milliseconds that it tells under a name.
pub(super) fn times(
    workspace: &Workspace,
    chromium: &Path,
    server: &Server,
    session: &Session,
    (script, name): (&str, &str),
) -> Result<Vec<f64>> {
    node::packages(workspace)?;
    let mut node = node::node(workspace);
    node.arg(workspace.root().join("xtask/src/bench/web").join(script)).arg(chromium);
    node.arg(format!("http://{}", server.address)).arg(&session.cookie);
    let said = succeed(node)?;
    let told: Value = serde_json::from_str(&said).context("the browser's figures are not JSON")?;
    let times = told[name].as_array().with_context(|| format!("{script} told no {name}"))?;
    let times: Vec<f64> = times.iter().filter_map(Value::as_f64).collect();
    ensure!(!times.is_empty(), "{script} measured no {name}");
    Ok(times)
}
