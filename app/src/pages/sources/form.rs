//! Fields of the registration form.

use leptos::prelude::*;

/// What is wrong with a field now, if anything.
pub(super) type FaultOf = Signal<Option<String>>;

/// No fault can be in this field.
pub(super) fn faultless() -> FaultOf {
    Signal::stored(None)
}

/// A line of text.
pub(super) fn text_field(
    id: String,
    label: &'static str,
    hint: &'static str,
    value: String,
    fault: FaultOf,
    on_change: impl Fn(String) + 'static,
) -> AnyView {
    let (described, error_id) = (format!("{id}-hint {id}-error"), format!("{id}-error"));
    let (label_for, hint_id) = (id.clone(), format!("{id}-hint"));
    view! {
        <div class="field">
            <label for=label_for>{label}</label>
            <input type="text" id=id value=value autocomplete="off" spellcheck="false"
                aria-describedby=described aria-invalid=move || fault.get().is_some().to_string()
                on:change=move |event| on_change(event_target_value(&event)) />
            <p class="hint" id=hint_id>{hint}</p>
            <p class="error" id=error_id>{move || fault.get()}</p>
        </div>
    }
    .into_any()
}

/// A choice among a few, as (value, text).
pub(super) fn select_field(
    id: String,
    label: &'static str,
    hint: &'static str,
    options: Vec<(String, String)>,
    selected: &str,
    on_change: impl Fn(String) + 'static,
) -> AnyView {
    let (label_for, hint_id) = (id.clone(), format!("{id}-hint"));
    let described = hint_id.clone();
    view! {
        <div class="field">
            <label for=label_for>{label}</label>
            <select id=id aria-describedby=described
                on:change=move |event| on_change(event_target_value(&event))>
                {select_options(options, selected)}
            </select>
            <p class="hint" id=hint_id>{hint}</p>
        </div>
    }
    .into_any()
}

/// The options of a choice.
pub(super) fn select_options(options: Vec<(String, String)>, selected: &str) -> AnyView {
    let option = |(value, text): (String, String)| {
        let is_selected = value == selected;
        view! { <option value=value selected=is_selected>{text}</option> }.into_any()
    };
    options.into_iter().map(option).collect_view().into_any()
}

/// One choice of several that each need an explanation, as (value, title, meaning).
pub(super) fn explained_choice(
    name: &'static str,
    legend: &'static str,
    options: Vec<(&'static str, &'static str, &'static str)>,
    selected: &str,
    on_change: impl Fn(&'static str) + Clone + 'static,
) -> AnyView {
    let option = |(value, title, meaning): (&'static str, &'static str, &'static str)| {
        let (checked, on_change) = (value == selected, on_change.clone());
        view! {
            <label class="check">
                <input type="radio" name=name value=value checked=checked on:change=move |_| on_change(value) />
                <span><strong>{title}</strong><span class="hint">{meaning}</span></span>
            </label>
        }
        .into_any()
    };
    view! {
        <fieldset class="choices"><legend>{legend}</legend>
            {options.into_iter().map(option).collect_view()}
        </fieldset>
    }
    .into_any()
}
