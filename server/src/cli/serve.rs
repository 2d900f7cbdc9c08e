//! `sluice serve`: console, API and workers in one process, until stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::{Error, ErrorKind, Result};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::output::{remark, say};
use crate::compose::embedded::Embedded;
use crate::config::{Config, Given};
use crate::signals::stop_signal;
use crate::web::serve::{ServeLimits, serve};

/// Console, API and workers in one process, until stopped.
#[derive(Debug, Default, Args)]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The address that browsers use, when a proxy stands in front.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Folder of the console's static files.
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// How people sign in: `link` prints a one-time link, `github` is set up in the configuration.
    #[arg(long, value_name = "WAY")]
    sign_in: Option<String>,
    /// Leave the runs to `sluice worker` elsewhere.
    #[arg(long)]
    no_worker: bool,
}

impl Serve {
    /// The flags as settings.
    pub(super) fn settings(&self) -> Vec<Given> {
        let site = self.site.as_ref().map(|site| site.display().to_string());
        let flags = [
            Given::flag("--listen", "server.listen", self.listen.map(|address| address.to_string())),
            Given::flag("--public-url", "server.public_url", self.public_url.clone()),
            Given::flag("--site", "server.site", site),
            Given::flag("--sign-in", "sign_in.mode", self.sign_in.clone()),
        ];
        flags.into_iter().flatten().collect()
    }

    /// Serves until Ctrl-C or SIGTERM.
    pub(super) async fn run(self, config: &Config) -> Result<ExitCode> {
        let lakes = Embedded::open_all(config).await?;
        run(config, lakes, !self.no_worker).await?;
        Ok(ExitCode::SUCCESS)
    }
}
