//! One stream of events per tab, however many parts of the page listen: a browser has few
//! connections to one server. A tab that nobody looks at holds none.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{document, set_timeout};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Changes are collected for so long before listeners hear of them.
const COLLECT: Duration = Duration::from_millis(800);
/// More changes than this at once are told as one: look at everything.
const MANY: usize = 20;
/// Wait before a stream that the server ended is asked for again.
const AGAIN: Duration = Duration::from_secs(5);

type Callback = Rc<dyn Fn(String, String)>;

#[derive(Default)]
struct Hub {
    environment: String,
    source: Option<EventSource>,
    listeners: Vec<(u32, Callback)>,
    last: u32,
    /// Runs that changed, with their datasets; an empty one stands for everything.
    waiting: Vec<(String, String)>,
    collecting: bool,
    watches_visibility: bool,
}

thread_local! {
    static HUB: RefCell<Hub> = RefCell::new(Hub::default());
}

/// Adds a listener for the runs of an environment. Returns what removes it.
pub(super) fn add(environment: &str, on_change: Box<dyn Fn(String, String)>) -> u32 {
    let (id, first) = HUB.with_borrow_mut(|hub| {
        if hub.environment != environment {
            hub.close();
            hub.environment = environment.to_owned();
        }
        hub.last += 1;
        hub.listeners.push((hub.last, Rc::from(on_change)));
        let first = !std::mem::replace(&mut hub.watches_visibility, true);
        (hub.last, first)
    });
    if first {
        watch_visibility();
    }
    connect();
    id
}

/// Removes a listener; the last one closes the stream.
pub(super) fn remove(id: u32) {
    HUB.with_borrow_mut(|hub| {
        hub.listeners.retain(|(listener, _)| *listener != id);
        if hub.listeners.is_empty() {
            hub.close();
        }
    });
}

impl Hub {
    fn close(&mut self) {
        if let Some(source) = self.source.take() {
            source.close();
        }
    }
}

fn connect() {
    HUB.with_borrow_mut(|hub| {
        if hub.source.is_some() || hub.listeners.is_empty() || document().hidden() {
            return;
        }
        let path = crate::place::in_environment(&hub.environment, "/events");
        let Ok(source) = EventSource::new(&path) else { return };
        on(&source, "run", |event| {
            let value: serde_json::Value = serde_json::from_str(&event).unwrap_or_default();
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            changed(field("id"), field("dataset"));
        });
        // The first event of every stream: what happened before it was not told.
        on(&source, "sync", |_| changed(String::new(), String::new()));
        on(&source, "error", |_| lost());
        hub.source = Some(source);
    });
}

/// Listens to one kind of event as long as the stream lives.
fn on(source: &EventSource, kind: &str, handle: impl Fn(String) + 'static) {
    let handler = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        handle(event.data().as_string().unwrap_or_default());
    });
    let _ = source.add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref());
    handler.forget();
}

/// The browser connects again by itself, unless the server refused.
fn lost() {
    let closed = HUB.with_borrow_mut(|hub| {
        let closed = |source: &EventSource| source.ready_state() == EventSource::CLOSED;
        hub.source.take_if(|source| closed(source)).is_some()
    });
    if closed {
        set_timeout(connect, AGAIN);
    }
}

fn changed(id: String, dataset: String) {
    let begin = HUB.with_borrow_mut(|hub| {
        let change = (id, dataset);
        if !hub.waiting.contains(&change) {
            hub.waiting.push(change);
        }
        !std::mem::replace(&mut hub.collecting, true)
    });
    if begin {
        set_timeout(tell, COLLECT);
    }
}

fn tell() {
    let (changes, listeners) = HUB.with_borrow_mut(|hub| {
        hub.collecting = false;
        (std::mem::take(&mut hub.waiting), hub.listeners.clone())
    });
    let everything = changes.len() > MANY || changes.iter().any(|(id, _)| id.is_empty());
    for (_, listener) in listeners {
        if everything {
            listener(String::new(), String::new());
            continue;
        }
        changes.iter().cloned().for_each(|(id, dataset)| listener(id, dataset));
    }
}

fn watch_visibility() {
    let handler = Closure::<dyn Fn()>::new(|| match document().hidden() {
        true => HUB.with_borrow_mut(Hub::close),
        false => connect(),
    });
    let callback = handler.as_ref().unchecked_ref();
    let _ = document().add_event_listener_with_callback("visibilitychange", callback);
    handler.forget();
}
