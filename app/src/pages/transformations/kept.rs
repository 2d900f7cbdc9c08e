//! What happens while somebody types: the SQL is checked, and kept as a draft.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::desk::{Desk, Kept};
use crate::api::drafts::{Draft, DraftToKeep};
use crate::api::send;
use crate::api::transformations::{Checked, SqlText};

/// How long nobody must type before the SQL is checked.
const CHECK_AFTER: Duration = Duration::from_millis(250);
/// How long nobody must type before the draft is kept.
const KEEP_AFTER: Duration = Duration::from_millis(700);

/// Does something when a signal has been still for a while; one at a time, and once more when it
/// changed meanwhile.
#[derive(Clone, Copy)]
struct Follower {
    waiting: StoredValue<Option<TimeoutHandle>>,
    busy: StoredValue<bool>,
    again: StoredValue<bool>,
}

impl Follower {
    fn new() -> Self {
        Self {
            waiting: StoredValue::new(None),
            busy: StoredValue::new(false),
            again: StoredValue::new(false),
        }
    }

    fn after(self, pause: Duration, todo: impl Fn() + 'static) {
        if let Some(Some(handle)) = self.waiting.try_get_value() {
            handle.clear();
        }
        self.waiting.try_set_value(set_timeout_with_handle(todo, pause).ok());
    }

    /// Whether it may begin now; if not, it is done again at the end.
    fn begin(self) -> bool {
        match self.busy.try_get_value() {
            Some(false) => {
                self.busy.set_value(true);
                true
            }
            Some(true) => {
                self.again.set_value(true);
                false
            }
            // The page is gone.
            None => false,
        }
    }

    /// Whether it must be done again.
    fn end(self) -> bool {
        self.busy.try_set_value(false);
        let again = self.again.try_get_value().unwrap_or(false);
        self.again.try_set_value(false);
        again
    }
}

/// Checks the SQL and keeps the draft from now on, in the browser.
pub(super) fn follow(desk: Desk) {
    let (checks, drafts) = (Follower::new(), Follower::new());
    Effect::new(move |_| {
        desk.sql.track();
        if desk.may_edit.get() {
            checks.after(CHECK_AFTER, move || check(desk, checks));
        }
    });
    Effect::new(move |before: Option<()>| {
        desk.sql.track();
        desk.base.track();
        // The first run is the page itself: nothing was typed.
        if before.is_some() && desk.may_edit.get_untracked() {
            let idle = desk.kept.with_untracked(|kept| *kept == Kept::Nothing);
            if !idle || untrack(|| desk.is_changed()) {
                desk.kept.set(Kept::Soon);
                drafts.after(KEEP_AFTER, move || keep(desk, drafts));
            }
        }
    });
}

fn check(desk: Desk, follower: Follower) {
    if !follower.begin() {
        return;
    }
    let sql = desk.sql.get_untracked();
    if sql.trim().is_empty() {
        desk.checked.set(None);
        follower.end();
        return;
    }
    let answer = send::<_, Checked>("POST", desk.path("/check"), &SqlText { sql });
    spawn_local(async move {
        let answer = answer.await;
        desk.checked.try_set(Some(answer));
        if follower.end() {
            check(desk, follower);
        }
    });
}

fn keep(desk: Desk, follower: Follower) {
    if !follower.begin() {
        return;
    }
    let (sql, base) = (desk.sql.get_untracked(), desk.base.get_untracked());
    let changed = untrack(|| desk.is_changed());
    spawn_local(async move {
        let path = desk.path("/draft");
        let (answer, kept) = if changed {
            let draft = DraftToKeep { sql, base };
            (send::<_, Draft>("PUT", path, &draft).await.map(drop), Kept::Yes)
        } else {
            (send::<_, ()>("DELETE", path, &()).await, Kept::Nothing)
        };
        let kept = answer.map_or_else(|problem| Kept::Failed(problem.detail), |()| kept);
        desk.kept.try_set(kept);
        if follower.end() {
            keep(desk, follower);
        }
    });
}

/// Throws the draft away and shows what runs.
pub(super) fn discard(desk: Desk) {
    let (sql, version) = untrack(|| {
        (desk.live_sql(), desk.live.with(|live| live.as_ref().map_or(0, |live| live.version)))
    });
    desk.conflict.set(None);
    desk.put(sql, version);
    forget(desk);
}

/// Deletes the draft on the server now: somebody may leave the page right away.
pub(super) fn forget(desk: Desk) {
    desk.kept.set(Kept::Soon);
    let deleted = send::<_, ()>("DELETE", desk.path("/draft"), &());
    spawn_local(async move {
        let kept = deleted.await.map_or_else(|told| Kept::Failed(told.detail), |()| Kept::Nothing);
        desk.kept.try_set(kept);
    });
}
