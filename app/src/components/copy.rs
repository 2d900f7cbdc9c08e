//! Text for the clipboard.

use leptos::prelude::*;

use super::toast::toast;

/// A button that copies a text.
#[component]
pub fn CopyButton(
    /// What it says.
    label: &'static str,
    /// What is copied.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let copy = move |_| {
        #[cfg(not(feature = "ssr"))]
        let _ = window().navigator().clipboard().write_text(&text);
        #[cfg(feature = "ssr")]
        let _ = &text;
        toast("good", "Copied");
    };
    view! { <button type="button" class="button button-small" on:click=copy>{label}</button> }
}
