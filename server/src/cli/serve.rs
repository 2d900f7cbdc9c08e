//! `sluice serve`: console, API and workers in one process, until stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::output::{remark, say};
use crate::compose::embedded::Embedded;
use crate::config::{Config, Given};
use crate::console::Console;
use crate::sign_in::SignInMode;
use crate::signals::stop_signal;
use crate::web::router;
use crate::web::serve::{ServeLimits, serve};

const FORGET_EVERY: Duration = Duration::from_mins(10);

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
        let lakes = Embedded::open_all(config).await?;
        run(config, lakes, !self.no_worker).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Serves console and API over open lakes, and works in them, until the process is asked to stop.
/// Says on standard output when it is ready, and last how to sign in.
pub(super) async fn run(config: &Config, lakes: Vec<Embedded>, workers: bool) -> Result<()> {
    let stop = stop_signal()?;
    let listener = listen(config.server.listen).await?;
    let bound = listener.local_addr().map_err(|error| Error::internal(error.to_string()))?;
    let address = config.server.public_url(bound);
    let public_url = address
        .parse()
        .map_err(|error| Error::invalid(format!("server.public_url {address}: {error}")))?;
    let lakes: Vec<_> = lakes.into_iter().map(Arc::new).collect();
    let console = Arc::new(Console::open(config, lakes.clone(), public_url, workers)?);
    let mut tasks = JoinSet::new();
    if workers {
        for lake in &lakes {
            remark(&format!("{}: files go to {}", lake.lake.environment, lake.raw_dir().display()));
            tasks.spawn(lake.worker()?.run(console.shutdown.clone()));
        }
    }
    let limits = ServeLimits::from(&config.server);
    let serving = serve(listener, router(Arc::clone(&console)), limits, console.shutdown.clone());
    tasks.spawn(serving);
    tasks.spawn(forget_expired(Arc::clone(&console)));
    say(&format!("Sluice is ready at {address}\n"))?;
    if config.sign_in.mode == Some(SignInMode::Link) {
        let link = console.accounts.new_sign_in_link(Timestamp::now()).await?;
        say(&format!("Sign in (once, within the hour): {address}{link}\n"))?;
    }
    stop.await;
    tracing::info!("stopping");
    console.shutdown.cancel();
    while tasks.join_next().await.is_some() {}
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let message = format!("server.listen {address}: {error}; choose another with --listen");
        Error::new(ErrorKind::Unavailable, message)
    })
}

/// Removes sessions and links that nobody can use any more, now and then.
async fn forget_expired(console: Arc<Console>) {
    while !console.shutdown.is_cancelled() {
        if let Err(error) = console.accounts.forget_expired(Timestamp::now()).await {
            tracing::warn!(%error, "expired sessions could not be removed");
        }
        tokio::select! {
            () = console.shutdown.cancelled() => {}
            () = tokio::time::sleep(FORGET_EVERY) => {}
        }
    }
}
