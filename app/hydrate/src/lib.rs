//! What the browser loads: it makes the server's HTML alive, and holds nothing else.
#![cfg(target_arch = "wasm32")]

/// Called by the page once the module is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    app::tell_panics();
    leptos::mount::hydrate_body(app::App);
    app::say_alive();
}
