//! One round of delivery from the outbox.

use std::sync::Arc;

use domain::Result;
use domain::notification::{NotificationRoute, is_told};
use jiff::{SignedDuration, Timestamp};

use super::{Notifier, Outbox, Pending};

/// After so many failed deliveries a notification is given up; it stays in the outbox, marked. One that an
/// outbox cannot read is looked at as often: a newer server may have written it and deliver it yet.
pub const MAX_ATTEMPTS: u32 = 12;
const BATCH: usize = 50;
const HIDDEN: SignedDuration = SignedDuration::from_secs(60);

/// Delivers everything that is due to the targets that the environment's routes ask for. Returns how many
/// were delivered; what nobody asked for is one of them.
pub async fn deliver_due(outbox: &dyn Outbox, targets: &[Arc<dyn Notifier>]) -> Result<usize> {
    let now = Timestamp::now();
    let pending = outbox.take_due(now, now + HIDDEN, BATCH).await?;
    if pending.is_empty() {
        return Ok(0);
    }
    let routes = outbox.routes().await?;
    let mut delivered = 0;
    for item in pending {
        match deliver_to_all(&item, routes.as_deref(), targets).await {
            Ok(()) => {
                outbox.delivered(&item.notification.id, Timestamp::now()).await?;
                delivered += 1;
            }
            Err(error) => {
                tracing::warn!(id = %item.notification.id, %error, "notification not delivered");
                let retry_at = retry_at(item.attempts + 1);
                outbox.failed(&item.notification.id, error.message(), retry_at).await?;
            }
        }
    }
    Ok(delivered)
}

/// Tries every target that is to be told, so that one that is down does not silence the others; a repeat reaches those
/// that already have it again, which is why receivers drop repeats by id.
async fn deliver_to_all(
    item: &Pending,
    routes: Option<&[NotificationRoute]>,
    targets: &[Arc<dyn Notifier>],
) -> Result<()> {
    let mut outcome = Ok(());
    let asked = |target: &&Arc<dyn Notifier>| {
        target.target().is_none_or(|name| is_told(routes, name, &item.notification))
    };
    for target in targets.iter().filter(asked) {
        if let Err(error) = target.deliver(&item.notification).await {
            outcome = Err(error.context(target.name()));
        }
    }
    outcome
}

/// 1 s, 2 s, 4 s … up to an hour; `None` when it is time to give up.
fn retry_at(attempts: u32) -> Option<Timestamp> {
    let seconds = 2_i64.saturating_pow(attempts.saturating_sub(1)).min(3600);
    (attempts < MAX_ATTEMPTS).then(|| Timestamp::now() + SignedDuration::from_secs(seconds))
}
