//! A stream of events of its own for one thing that ends soon, such as a query.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Opens the stream; `heard` says whether to go on. Ends with `lost` when the stream breaks off.
pub(super) fn follow(
    path: &str,
    kind: &str,
    heard: impl Fn(String) -> bool + 'static,
    lost: impl Fn() + 'static,
) {
    let Ok(source) = EventSource::new(path) else { return lost() };
    let source = Rc::new(source);
    let stream = Rc::clone(&source);
    let handler = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if !heard(event.data().as_string().unwrap_or_default()) {
            stream.close();
        }
    });
    let _ = source.add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref());
    handler.forget();
    let stream = Rc::clone(&source);
    let handler = Closure::<dyn Fn()>::new(move || {
        // The browser would begin again by itself, and hear everything twice.
        stream.close();
        lost();
    });
    let _ = source.add_event_listener_with_callback("error", handler.as_ref().unchecked_ref());
    handler.forget();
}
