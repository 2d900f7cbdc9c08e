//! When people are reminded of a plan that waits for them.

use jiff::{SignedDuration, Timestamp};

/// After so long for the first time.
const FIRST: SignedDuration = SignedDuration::from_hours(4);
/// And again after so long.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// The last time so long before it expires.
const LAST: SignedDuration = SignedDuration::from_hours(1);

/// What a reminder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    /// It waits.
    Waits,
    /// It expires within the hour.
    LastCall,
}

/// The reminder that is due now for a plan that people were asked about at `asked_at`, if any, given
/// when the last one was sent. Reminders that were missed are sent as one.
pub fn reminder_due(
    asked_at: Timestamp,
    expires_at: Timestamp,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<Reminder> {
    if now >= expires_at {
        return None;
    }
    let last_call = expires_at - LAST;
    let sent_since = |moment: Timestamp| last.is_some_and(|last| last >= moment);
    if now >= last_call && last_call > asked_at {
        return (!sent_since(last_call)).then_some(Reminder::LastCall);
    }
    let waited = now.duration_since(asked_at);
    if waited < FIRST {
        return None;
    }
    let round = (waited - FIRST).as_secs() / AGAIN.as_secs();
    let moment = asked_at + FIRST + SignedDuration::from_secs(round * AGAIN.as_secs());
    (!sent_since(moment)).then_some(Reminder::Waits)
}
