//! Planning on a stack that is deep enough.
//!
//! The planner recurses as deep as an expression is nested, with frames of kilobytes. The bounds on
//! query text keep that finite; a thread of our own keeps it away from the server's small stacks.

use domain::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// Stack of a thread that plans. Only what is used of it takes memory.
pub(crate) const DEEP_STACK_BYTES: usize = 32 * 1024 * 1024;

/// Runs `work` on a thread with a deep stack, its I/O on the current runtime. A panic in it becomes
/// [`ErrorKind::Internal`].
pub(crate) async fn on_deep_stack<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime = Handle::current();
    let (done, result) = oneshot::channel();
    std::thread::Builder::new()
        .name("planning".to_owned())
        .stack_size(DEEP_STACK_BYTES)
        .spawn(move || {
            // Nobody listens any more when the caller has given up.
            let _ = done.send(runtime.block_on(work));
        })
        .map_err(|error| {
            Error::new(ErrorKind::Unavailable, "no thread could be started to plan the query")
                .with_source(error)
        })?;
    match result.await {
        Ok(result) => result,
        Err(error) => {
            Err(Error::internal("the planner broke down on this query").with_source(error))
        }
    }
}
