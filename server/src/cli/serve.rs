//! `sluice serve`: console, API and workers in one process, until stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::output::{remark, say};
use crate::accounts::Visitor;
use crate::compose;
use crate::compose::delivery as compose_delivery;
use crate::config::{Config, Given};
use crate::console::Console;
use crate::open_lake::OpenLake;
use crate::queries;
use crate::sign_in::SignInMode;
use crate::signals::stop_signal;
use crate::site::Site;
use crate::uploads;
use crate::web::router;
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
            Given::flag(
                "--listen",
                "server.listen",
                self.listen.map(|address| address.to_string()),
            ),
            Given::flag("--public-url", "server.public_url", self.public_url.clone()),
            Given::flag("--site", "server.site", site),
            Given::flag("--sign-in", "sign_in.mode", self.sign_in.clone()),
        ];
        flags.into_iter().flatten().collect()
    }

    /// Serves until Ctrl-C or SIGTERM.
    pub(super) async fn run(self, config: &Config) -> Result<ExitCode> {
        let lakes = compose::open_all(config).await?;
        run(config, lakes, !self.no_worker).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Serves the console over `lakes`, with their workers if wanted, until Ctrl-C or SIGTERM. The last
/// line printed before that is the address, or the one-time link to sign in with.
pub(super) async fn run(config: &Config, lakes: Vec<OpenLake>, with_workers: bool) -> Result<()> {
    let site = Site::load(&site_folder(config)?)?;
    let listener = TcpListener::bind(config.server.listen).await.map_err(|error| {
        let message = format!("server.listen {}: {error}", config.server.listen);
        Error::new(ErrorKind::Unavailable, message)
    })?;
    let bound = listener.local_addr().map_err(|error| Error::internal(error.to_string()))?;
    let public_url = config.server.public_url(bound);
    let parsed = public_url
        .parse()
        .map_err(|error| Error::invalid(format!("server.public_url {public_url}: {error}")))?;
    let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
    let delivery = Arc::new(compose_delivery::open(config, &lakes).await?);
    let console =
        Console::new(config, lakes.clone(), Arc::clone(&delivery), site, parsed, with_workers)?;
    let console = Arc::new(console);
    let shutdown = console.shutdown.clone();
    let stop = stop_signal()?;
    let mut workers = JoinSet::new();
    if with_workers {
        for lake in &lakes {
            remark(&format!(
                "{}: files put below {} are picked up",
                lake.lake.environment,
                lake.raw_zone.name()
            ));
            workers.spawn(lake.worker()?.run(shutdown.clone()));
        }
        workers.spawn(delivery.run(shutdown.clone()));
    }
    for lake in &lakes {
        tokio::spawn(uploads::tend(Arc::clone(lake), shutdown.clone()));
    }
    for workbench in &console.workbenches {
        tokio::spawn(queries::tend(Arc::clone(workbench), shutdown.clone()));
    }
    let limits = ServeLimits::from(&config.server);
    let serving =
        tokio::spawn(serve(listener, router(Arc::clone(&console)), limits, shutdown.clone()));
    announce(&console, &public_url).await?;
    stop.await;
    remark("stopping: requests under way may end, runs are given back");
    shutdown.cancel();
    console.live.stop();
    while workers.join_next().await.is_some() {}
    serving.await.map_err(|error| Error::internal(format!("the server ended: {error}")))
}

/// Prints where the console is and how to get in.
async fn announce(console: &Console, public_url: &str) -> Result<()> {
    if console.sign_in.config().mode != Some(SignInMode::Link) {
        return say(&format!("Sluice is at {public_url}\n"));
    }
    let path = console.accounts.new_sign_in_link(&Visitor::default(), Timestamp::now()).await?;
    remark("Sluice is ready. This link signs you in once:");
    say(&format!("{public_url}{path}\n"))
}

/// The configured folder, else `site` beside the folder of this program, where xtask puts it.
fn site_folder(config: &Config) -> Result<PathBuf> {
    if let Some(site) = &config.server.site {
        return Ok(site.clone());
    }
    let program = std::env::current_exe().map_err(|error| Error::internal(error.to_string()))?;
    let beside = program.ancestors().nth(2).map(|folder| folder.join("site"));
    beside.ok_or_else(|| Error::invalid("server.site must say where the console's files are"))
}
