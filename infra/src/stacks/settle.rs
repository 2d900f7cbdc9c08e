//! Waiting for what a stack is doing.

use std::time::Duration;

use domain::Result;

use super::{Stack, StackService};

/// So many looks in a row may fail: what is under way goes on meanwhile.
const MOST_LOST: u32 = 30;

/// Waits until nothing is under way with a stack, and returns it; `None` when there is none any more.
/// Looks every `look_every`.
pub async fn settled(
    service: &dyn StackService,
    name: &str,
    look_every: Duration,
) -> Result<Option<Stack>> {
    let mut lost = 0;
    loop {
        match service.describe(name).await {
            Ok(Some(stack)) if stack.status.is_in_progress() => lost = 0,
            Err(error) if error.kind().is_transient() && lost < MOST_LOST => lost += 1,
            found => return found,
        }
        tokio::time::sleep(look_every).await;
    }
}
