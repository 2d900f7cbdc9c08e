//! Live changes: the server tells the page what changed, the page asks for it again.

#[cfg(not(feature = "ssr"))]
mod hub;

use leptos::prelude::*;

/// Calls `on_change` in the browser when a run of the environment changed, with the run's id and
/// dataset; both are empty when anything may have changed: after a gap, or when much did at once.
/// Comes at most about once a second. Does nothing on the server.
pub fn use_live(on_change: impl Fn(String, String) + Clone + 'static) {
    let environment = crate::place::use_environment();
    Effect::new(move |_| listen(&environment.get(), on_change.clone()));
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
