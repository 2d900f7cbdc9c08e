//! Live changes: the server tells the page what changed, the page asks for it again.

#[cfg(not(feature = "ssr"))]
mod follow;
#[cfg(not(feature = "ssr"))]
mod hub;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use crate::api::{Problem, get};

/// Calls `on_change` in the browser when a run of the environment changed, with the run's id and
/// dataset; both are empty when anything may have changed: after a gap, or when much did at once.
/// Comes at most about once a second. Does nothing on the server.
pub fn use_live(on_change: impl Fn(String, String) + Clone + 'static) {
    let environment = crate::place::use_environment();
    Effect::new(move |_| listen(&environment.get(), on_change.clone()));
}

/// Asks for `path` again and shows the answer if it says something else: what did not change keeps
/// the focus and what is open. What cannot be read now stays as it was.
pub fn refresh<T>(shown: Resource<Result<T, Problem>>, path: Memo<String>)
where
    T: PartialEq + Clone + DeserializeOwned + Send + Sync + 'static,
{
    let Some(asked) = path.try_get_untracked() else { return };
    spawn_local(async move {
        let Ok(fresh) = get::<T>(asked.clone()).await else { return };
        // The reader may have gone elsewhere meanwhile.
        let still_here = path.try_get_untracked().is_some_and(|path| path == asked);
        // Not as a resource: nothing is rendered from what is read here.
        let inner: &AsyncDerived<Result<T, Problem>> = &shown;
        let before = inner.try_get_untracked().flatten();
        if still_here && !matches!(before, Some(Ok(before)) if before == fresh) {
            shown.set(Some(Ok(fresh)));
        }
    });
}

/// Calls `look` in the browser again and again, `every` so often, as long as `on` says so and somebody
/// looks at the page. For what tells no events. Does nothing on the server.
pub fn poll(every: Duration, on: impl Fn() -> bool + 'static, look: impl Fn() + Clone + 'static) {
    Effect::new(move |_| {
        if !on() {
            return;
        }
        let look = look.clone();
        let look_if_seen = move || {
            if !document().hidden() {
                look();
            }
        };
        if let Ok(handle) = set_interval_with_handle(look_if_seen, every) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// Listens to the events of one kind of one address, until `heard` says that it is enough. Calls
/// `lost` when the stream breaks off before. Does nothing on the server.
pub fn follow_events(
    path: &str,
    kind: &str,
    heard: impl Fn(String) -> bool + 'static,
    lost: impl Fn() + 'static,
) {
    #[cfg(not(feature = "ssr"))]
    follow::follow(path, kind, heard, lost);
    #[cfg(feature = "ssr")]
    let _ = (path, kind, heard, lost);
}

#[cfg(feature = "ssr")]
fn listen(_environment: &str, _on_change: impl Fn(String, String) + 'static) {}

#[cfg(not(feature = "ssr"))]
fn listen(environment: &str, on_change: impl Fn(String, String) + 'static) {
    if environment.is_empty() {
        return;
    }
    let listener = hub::add(environment, Box::new(on_change));
    on_cleanup(move || hub::remove(listener));
}
