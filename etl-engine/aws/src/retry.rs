//! Calls that are made again because they were refused as too many: such a call was not carried out,
//! so that it may be repeated whatever it does.

use std::time::Duration;

use domain::ErrorKind;

/// Waits between attempts, at first.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Attempts at one call: about 12 s of waiting.
const ATTEMPTS: u32 = 7;

/// Makes a call, and makes it again while AWS asks to slow down.
pub(crate) async fn when_throttled<T, E, F: Future<Output = Result<T, E>>>(
    call: impl Fn() -> F,
    kind_of: impl Fn(&E) -> ErrorKind,
) -> Result<T, E> {
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if kind_of(&error) == ErrorKind::Throttled => {}
            done => return done,
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    call().await
}
