//! What a change changed: field by field, instead of two documents to compare by eye.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::Value;

/// More fields than these are folded.
const SHOWN: usize = 6;

/// A field before and after; absent before it was added, or after it was removed.
#[derive(Debug, PartialEq, Eq)]
struct FieldChange {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

/// The fields that differ.
pub(super) fn changes(before: Option<&Value>, after: Option<&Value>) -> AnyView {
    let mut changed = compare(before, after);
    if changed.is_empty() {
        return view! { <span class="muted">"no detail"</span> }.into_any();
    }
    let rest = changed.split_off(changed.len().min(SHOWN));
    let folded = (!rest.is_empty()).then(|| {
        let summary = format!("{} more fields", rest.len());
        view! { <details class="details"><summary>{summary}</summary>{list(rest)}</details> }
    });
    view! { {list(changed)}{folded} }.into_any()
}

fn list(changed: Vec<FieldChange>) -> AnyView {
    let item = |change: FieldChange| {
        // Read aloud, the signs of a diff are silent: words stand beside them.
        let before = change.before.map(|text| {
            view! { <del><span class="visually-hidden">"before: "</span>{text}</del>" " }
        });
        let after = change.after.map(|text| {
            view! { <ins><span class="visually-hidden">"after: "</span>{text}</ins> }
        });
        let path = (!change.path.is_empty())
            .then(|| view! { <span class="change-path">{change.path}</span>" " });
        view! { <li>{path}{before}{after}</li> }.into_any()
    };
    view! { <ul class="diff changes">{changed.into_iter().map(item).collect_view()}</ul> }
        .into_any()
}

fn compare(before: Option<&Value>, after: Option<&Value>) -> Vec<FieldChange> {
    let mut fields: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
    for (path, text) in before.map(flat).unwrap_or_default() {
        fields.entry(path).or_default().0 = Some(text);
    }
    for (path, text) in after.map(flat).unwrap_or_default() {
        fields.entry(path).or_default().1 = Some(text);
    }
    let changed = fields.into_iter().filter(|(_, (before, after))| before != after);
    changed.map(|(path, (before, after))| FieldChange { path, before, after }).collect()
}

/// The leaves of a document, each with its path.
fn flat(value: &Value) -> Vec<(String, String)> {
    let mut leaves = Vec::new();
    collect(value, String::new(), &mut leaves);
    leaves
}

fn collect(value: &Value, path: String, leaves: &mut Vec<(String, String)>) {
    let below = |name: &str| match path.as_str() {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| collect(value, below(name), leaves));
        }
        Value::Array(values)
            if values.iter().any(|value| value.is_object() || value.is_array()) =>
        {
            let numbered = values.iter().enumerate();
            numbered.for_each(|(index, value)| collect(value, below(&index.to_string()), leaves));
        }
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().map(text).collect();
            leaves.push((path, texts.join(", ")));
        }
        leaf => leaves.push((path, text(leaf))),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let before =
            json!({ "owner": "a", "columns": [{ "name": "x", "kind": "int" }], "tags": [] });
        let after = json!({
            "owner": "a", "columns": [{ "name": "x", "kind": "double" }], "tags": ["p", "q"],
        });
        let changed = compare(Some(&before), Some(&after));
        let told: Vec<_> = changed
            .iter()
            .map(|change| (change.path.as_str(), change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert_eq!(
            told,
            [("columns.0.kind", Some("int"), Some("double")), ("tags", Some(""), Some("p, q")),]
        );
        assert_eq!(compare(Some(&before), Some(&before)), []);
        assert_eq!(compare(None, None), []);
        assert_eq!(compare(None, Some(&json!("x")))[0].after.as_deref(), Some("x"));
    }
}
