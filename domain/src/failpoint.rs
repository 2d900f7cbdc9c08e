//! Named places at which tests stop the process, to see that it recovers.
//!
//! Without the feature `failpoints` [`reach`] is an empty function. With it, the environment
//! variable `SLUICE_FAILPOINT=<name>:<action>` arms one place: `kill` sends this process SIGKILL,
//! `pause` stops the caller for good, `pause-once` for five seconds the first time, `error` returns
//! an unavailable error each time, `error-once` the first time only, `panic` panics.

#[cfg(not(feature = "failpoints"))]
use crate::Result;

/// Does nothing, unless a test armed `name`.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_name: &str) -> Result<()> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::reach;

#[cfg(feature = "failpoints")]
mod armed {
    use std::process::Command;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use crate::{Error, ErrorKind, Result};

    static ARMED: LazyLock<Option<(String, String)>> = LazyLock::new(|| {
        let setting = std::env::var("SLUICE_FAILPOINT").ok()?;
        let (name, action) = setting.rsplit_once(':')?;
        Some((name.to_owned(), action.to_owned()))
    });
    static REACHED: AtomicBool = AtomicBool::new(false);

    /// Carries out the armed action if `name` is the armed place.
    #[allow(clippy::panic)] // The point of it.
    pub fn reach(name: &str) -> Result<()> {
        let Some((armed, action)) = ARMED.as_ref() else { return Ok(()) };
        if armed != name {
            return Ok(());
        }
        let first = !REACHED.swap(true, Ordering::SeqCst);
        let failure =
            || Err(Error::new(ErrorKind::Unavailable, format!("failpoint {name} is armed")));
        match action.as_str() {
            "kill" => kill_this_process(),
            "pause" => pause(Duration::MAX),
            "pause-once" if first => pause(Duration::from_secs(5)),
            "error" => return failure(),
            "error-once" if first => return failure(),
            "panic" => panic!("failpoint {name} is armed"),
            _ => {}
        }
        Ok(())
    }

    fn kill_this_process() {
        let pid = std::process::id().to_string();
        let _ = Command::new("kill").args(["-9", &pid]).status();
        pause(Duration::MAX);
    }

    fn pause(duration: Duration) {
        std::thread::sleep(duration);
    }
}
