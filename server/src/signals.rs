//! Being asked to stop.

use domain::{Error, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Resolves when the process is asked to stop, by Ctrl-C or SIGTERM. From then on a second signal
/// ends the process at once: somebody is in a hurry.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>> {
    let refused = |error| Error::internal(format!("signals cannot be handled: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(1);
        });
    })
}
