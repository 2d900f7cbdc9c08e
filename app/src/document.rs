//! The HTML document around the console, made by the server alone.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::WasmSplitManifest;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;
use crate::api::me::Me;
use crate::place::ME_ELEMENT;

/// Addresses of the static files that every page loads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFiles {
    /// The style sheet.
    pub style: String,
    /// The script that loads the module.
    pub script: String,
    /// The part of the module that every page needs.
    pub module: String,
    /// The folder of the static files, without a slash at its end.
    pub folder: String,
    /// Name of the script that loads the parts of the module that a page needs.
    pub loader: String,
    /// Which parts that are, by the name that Leptos gives to what is loaded when it is needed.
    pub parts: HashMap<String, Vec<String>>,
    /// The icon.
    pub icon: String,
    /// The SQL editor: loaded by the pages that show one.
    pub sql_editor: String,
    /// Fonts to load early.
    pub fonts: Vec<String>,
}

/// The whole document, with the reader as JSON for the browser. `theme` is the reader's choice, if
/// they made one.
pub fn document(
    files: &Arc<PageFiles>,
    me: &Me,
    theme: Option<&'static str>,
) -> impl IntoView + use<> {
    let nonce = use_nonce();
    preload_parts(files);
    let boot = format!(
        "import start,{{hydrate}} from {:?};start({{module_or_path:{:?}}})\
         .then(hydrate).then(()=>performance.mark(\"interactive\"))",
        files.script, files.module
    );
    let fonts = files.fonts.iter().cloned().map(|font| {
        view! { <link rel="preload" href=font r#as="font" type="font/woff2" crossorigin="anonymous" /> }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme data-sql-editor=files.sql_editor.clone()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=files.style.clone() />
                <link rel="icon" href=files.icon.clone() type="image/svg+xml" />
                {fonts.collect_view()}
                <link rel="modulepreload" href=files.script.clone() nonce=nonce.clone() />
                <link rel="preload" href=files.module.clone() r#as="fetch" type="application/wasm" crossorigin="anonymous" />
                <script type="module" nonce=nonce inner_html=boot></script>
                <MetaTags />
            </head>
            <body>
                <App />
                <script type="application/json" id=ME_ELEMENT inner_html=json_for_html(me)></script>
            </body>
        </html>
    }
}

/// Lets the page begin to load its own part of the module together with the first part.
fn preload_parts(files: &PageFiles) {
    let without_extension = |name: &String| name.trim_end_matches(".wasm").to_owned();
    let parts = files.parts.iter().map(|(page, names)| {
        (page.clone(), names.iter().map(without_extension).collect::<Vec<_>>())
    });
    let manifest = (files.folder.clone(), parts.collect(), files.loader.clone());
    provide_context(WasmSplitManifest(ArcStoredValue::new(manifest)));
}

/// JSON that cannot end the element it stands in.
fn json_for_html(me: &Me) -> String {
    serde_json::to_string(me).unwrap_or_default().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_the_document() {
        let me = Me { login: "</script><script>alert(1)</script>".into(), ..Me::default() };
        let json = json_for_html(&me);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Me>(&json).unwrap(), me);
    }
}
