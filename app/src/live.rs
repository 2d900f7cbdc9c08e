//! Live changes: the server tells the page what changed, the page asks for it again.

use leptos::prelude::*;

/// Calls `on_change` in the browser whenever a run of the environment changed, with the run's id
/// and dataset. Does nothing on the server.
pub fn use_live(on_change: impl Fn(String, String) + Clone + 'static) {
    let environment = crate::place::use_environment();
    Effect::new(move |_| {
        let environment = environment.get();
        listen(&environment, on_change.clone());
    });
}

#[cfg(feature = "ssr")]
fn listen(_environment: &str, _on_change: impl Fn(String, String) + 'static) {}

#[cfg(not(feature = "ssr"))]
fn listen(environment: &str, on_change: impl Fn(String, String) + 'static) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;

    let path = crate::place::in_environment(environment, "/events");
    let Ok(source) = web_sys::EventSource::new(&path) else { return };
    let handler =
        Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            on_change(field("id"), field("dataset"));
        });
    let _ = source.add_event_listener_with_callback("run", handler.as_ref().unchecked_ref());
    let kept = send_wrapper::SendWrapper::new((source, handler));
    on_cleanup(move || kept.0.close());
}
