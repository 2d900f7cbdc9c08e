//! SQL to write and to compare: the custom elements of `web/sql-editor`, whose script is fetched when
//! the first of them is shown. Without JavaScript they show their text.

use leptos::ev::CustomEvent;
use leptos::prelude::*;

/// What the keys of the editor do, beside writing.
#[derive(Debug, Clone, Copy, Default)]
pub struct EditorKeys {
    /// Ctrl or Cmd and Enter; gets the selected text, empty when nothing is selected.
    pub run: Option<Callback<String>>,
    /// Ctrl or Cmd and S.
    pub save: Option<Callback<()>>,
}

/// An editor for one SQL text.
#[component]
pub fn SqlEditor(
    /// Its id in the document, for [`editor_go_to`] and [`editor_insert`].
    id: &'static str,
    /// Its accessible name.
    #[prop(into)]
    label: String,
    /// The text: follows what is written, and what is set here replaces what is written.
    sql: RwSignal<String>,
    /// Whether it can only be read.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// What completion and hover know: JSON of `/sql/catalog`.
    #[prop(optional, into)]
    catalog: Signal<String>,
    /// What to underline: JSON, a list of findings with severity, message, line, column, end_line,
    /// end_column (from 1, the end exclusive) and suggestion.
    #[prop(optional, into)]
    findings: Signal<String>,
    /// What its keys do.
    #[prop(optional)]
    keys: EditorKeys,
) -> impl IntoView {
    Effect::new(|_| load_elements());
    let first = sql.get_untracked();
    let name = label.clone();
    let hint = format!("{id}-keys");
    let json = |text: String| if text.is_empty() { "null".to_owned() } else { text };
    let changed = move |event: CustomEvent| sql.set(detail(&event, "value"));
    let run = move |event: CustomEvent| {
        if let Some(run) = keys.run {
            run.run(detail(&event, "selection"));
        }
    };
    let save = move |_: CustomEvent| {
        if let Some(save) = keys.save {
            save.run(());
        }
    };
    let works = [
        (keys.run.is_some(), "Ctrl Enter", "runs"),
        (keys.save.is_some(), "Ctrl S", "saves"),
        (true, "Ctrl Space", "completes"),
        (true, "Ctrl F", "finds"),
        (true, "Esc Tab", "leaves the editor"),
    ];
    let works = works.into_iter().filter(|key| key.0).map(|(_, key, deed)| {
        let keys = key.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect_view();
        view! { <span>{keys}" "{deed}</span> }
    });
    let works = works.collect_view();
    view! {
        <sql-editor id=id label=label readonly=move || readonly.get().then_some("")
            prop:catalog=move || json(catalog.get()) prop:value=move || sql.get()
            prop:diagnostics=move || json(findings.get())
            on:sql-change=changed on:sql-run=run on:sql-save=save>
            <textarea readonly aria-label=name spellcheck="false">{first}</textarea>
        </sql-editor>
        <p class="editor-keys" id=hint>{works}</p>
    }
}

/// Two texts side by side, or one below the other on a narrow screen.
#[component]
pub fn SqlDiff(
    /// What the first text is.
    #[prop(into)]
    label_before: Signal<String>,
    /// The first text.
    #[prop(into)]
    before: Signal<String>,
    /// What the second text is.
    #[prop(into)]
    label_after: Signal<String>,
    /// The second text.
    #[prop(into)]
    after: Signal<String>,
) -> impl IntoView {
    Effect::new(|_| load_elements());
    let (first, second) = (before.get_untracked(), after.get_untracked());
    view! {
        <div class="sql-diff-heads" aria-hidden="true"><span>{label_before}</span><span>{label_after}</span></div>
        <sql-diff label-before=label_before label-after=label_after
            prop:before=move || before.get() prop:after=move || after.get()>
            <pre>{first}</pre>
            <pre>{second}</pre>
        </sql-diff>
    }
}

/// Puts the cursor of an editor at a line and column, which count from 1.
pub fn editor_go_to(id: &str, line: u64, column: u64) {
    #[cfg(not(feature = "ssr"))]
    call(id, "goTo", &[(line as f64).into(), (column as f64).into()]);
    #[cfg(feature = "ssr")]
    let _ = (id, line, column);
}

/// Replaces a place of an editor, given as line, column, end line and end column, as if it were typed.
pub fn editor_replace(id: &str, place: (u64, u64, u64, u64), text: &str) {
    #[cfg(not(feature = "ssr"))]
    {
        let ends = [place.0, place.1, place.2, place.3].map(|number| (number as f64).into());
        let [line, column, end_line, end_column] = ends;
        call(id, "replace", &[line, column, end_line, end_column, text.into()]);
    }
    #[cfg(feature = "ssr")]
    let _ = (id, place, text);
}

/// Puts text in the place of the selection of an editor, as if it were typed.
pub fn editor_insert(id: &str, text: &str) {
    #[cfg(not(feature = "ssr"))]
    call(id, "insert", &[text.into()]);
    #[cfg(feature = "ssr")]
    let _ = (id, text);
}

#[cfg(not(feature = "ssr"))]
fn call(id: &str, method: &str, arguments: &[wasm_bindgen::JsValue]) {
    use wasm_bindgen::JsCast;
    let Some(element) = document().get_element_by_id(id) else { return };
    let found = js_sys::Reflect::get(&element, &method.into()).ok();
    // Before its script has arrived the element has no methods.
    if let Some(found) = found.and_then(|found| found.dyn_into::<js_sys::Function>().ok()) {
        let _ = found.apply(&element, &arguments.iter().collect::<js_sys::Array>());
    }
}

/// A text that an event carries.
#[cfg(feature = "ssr")]
pub(super) fn detail(_event: &CustomEvent, _name: &str) -> String {
    String::new()
}

/// A text that an event carries.
#[cfg(not(feature = "ssr"))]
pub(super) fn detail(event: &CustomEvent, name: &str) -> String {
    let found = js_sys::Reflect::get(&event.detail(), &name.into()).ok();
    found.and_then(|text| text.as_string()).unwrap_or_default()
}

/// Nothing is fetched while a page is rendered.
#[cfg(feature = "ssr")]
pub fn load_elements() {}

/// Fetches the script once. The policy lets scripts that a trusted script adds pass.
#[cfg(not(feature = "ssr"))]
pub fn load_elements() {
    const ID: &str = "sql-editor-script";
    let document = document();
    let address =
        document.document_element().and_then(|root| root.get_attribute("data-sql-editor"));
    let (Some(address), None) = (address, document.get_element_by_id(ID)) else { return };
    let Ok(script) = document.create_element("script") else { return };
    for (name, value) in [("id", ID), ("type", "module"), ("src", &address)] {
        let _ = script.set_attribute(name, value);
    }
    if let Some(head) = document.query_selector("head").ok().flatten() {
        let _ = head.append_child(&script);
    }
}
