//! What the browser loads: it makes the server's HTML alive, and holds nothing else.
#![cfg(target_arch = "wasm32")]

/// Called by the page once the module is loaded. Ends when the page answers: its own part of the
/// module is fetched on the way.
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    app::tell_panics();
    leptos::mount::hydrate_from_async(leptos::tachys::dom::body(), app::App).await.forget();
    app::say_alive();
}
