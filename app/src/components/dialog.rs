//! Questions that must be answered before the page goes on, on the browser's own `<dialog>`: it
//! keeps the focus inside and closes with Escape.

use leptos::prelude::*;

/// A modal dialog. Open it with [`open_dialog`].
#[component]
pub fn Dialog(
    /// Its id in the document.
    id: &'static str,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// What answering means, and the buttons.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let labelled_by = heading.clone();
    view! {
        <dialog id=id class="dialog" aria-labelledby=labelled_by>
            <h2 id=heading>{title}</h2>
            {children()}
        </dialog>
    }
}

/// Shows the dialog with this id.
pub fn open_dialog(id: &str) {
    with_dialog(id, true);
}

/// Closes the dialog with this id.
pub fn close_dialog(id: &str) {
    with_dialog(id, false);
}

#[cfg(feature = "ssr")]
fn with_dialog(_id: &str, _open: bool) {}

#[cfg(not(feature = "ssr"))]
fn with_dialog(id: &str, open: bool) {
    use wasm_bindgen::JsCast;
    let Some(element) = document().get_element_by_id(id) else { return };
    let Ok(dialog) = element.dyn_into::<web_sys::HtmlDialogElement>() else { return };
    match open {
        true if !dialog.open() => _ = dialog.show_modal(),
        true => {}
        false => dialog.close(),
    }
}
