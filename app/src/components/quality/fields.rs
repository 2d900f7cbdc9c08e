//! The fields of a rule, by its kind.

use domain::column::ColumnType;
use domain::quality::Effect;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::form::Form;
use crate::api::get;
use crate::api::quality::QualityColumn;
use crate::api::transformations::SqlCatalog;
use crate::components::SqlEditor;
use crate::place::{in_environment, use_me};

/// The fields that a kind of rule asks for.
pub(super) fn fields(form: Form, environment: Memo<String>) -> AnyView {
    let kind = form.kind;
    let shown = move || {
        let columns = form.choices.get();
        let all = |_: &QualityColumn| true;
        match kind.get().as_str() {
            "unique" => several(form, columns),
            "range" => view! {
                {one_column(form, columns, "Column", None, |column| column.column_type != "boolean")}
                <div class="limits">
                    {text(form, "min", "At least", "Empty: no least value.", form.min)}
                    {text(form, "max", "At most", "Empty: no greatest value.", form.max)}
                </div>
            }
            .into_any(),
            "accepted_values" => view! {
                {one_column(form, columns, "Column", None, all)}
                {lines(form, "values", "Values", "One on each line.", form.values)}
            }
            .into_any(),
            "row_count" => view! {
                <div class="limits">
                    {text(form, "days", "Days to look back", "The median of their rows counts.", form.days)}
                    {text(form, "min_percent", "At least per cent", "Empty: no lower bound.", form.min_percent)}
                    {text(form, "max_percent", "At most per cent", "Empty: no upper bound.", form.max_percent)}
                </div>
            }
            .into_any(),
            "freshness" => view! {
                <div class="limits">
                    {one_column(form, columns, "Column", Some("the day of the partition"), dated)}
                    {text(form, "max_age_hours", "At most hours old", "When the file lands.", form.max_age)}
                </div>
            }
            .into_any(),
            "sql" => sql(form, environment),
            _ => one_column(form, columns, "Column", None, all),
        }
    };
    view! { <div class="stack rule-fields">{shown}</div> }.into_any()
}

/// The editor of a SELECT, which completes the names of the catalog once that has come.
fn sql(form: Form, environment: Memo<String>) -> AnyView {
    let (catalog, fault) = (RwSignal::new(String::new()), form.fault("sql"));
    let path = in_environment(&environment.get_untracked(), "/sql/catalog");
    let asked = get::<SqlCatalog>(path);
    spawn_local(async move {
        let found = asked.await.ok().and_then(|found| serde_json::to_string(&found).ok());
        catalog.try_set(found.unwrap_or_default());
    });
    view! {
        <div class="field rule-sql">
            <span class="label">"SELECT"</span>
            <SqlEditor id="rule-sql" label="SELECT" sql=form.sql catalog=catalog />
            <p class="hint">"Every row that it returns is a failing one."</p>
            <p class="error" role="alert">{fault}</p>
        </div>
    }
    .into_any()
}

fn dated(column: &QualityColumn) -> bool {
    matches!(column.column_type.parse(), Ok(ColumnType::Date | ColumnType::Timestamp))
}

/// A line of text.
pub(super) fn text(
    form: Form,
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    labelled(form, field, label, hint, |id, described, fault| {
        view! {
            <input type="text" id=id prop:value=value autocomplete="off" spellcheck="false"
                aria-describedby=described aria-invalid=move || fault.get().is_some().to_string()
                on:input=move |event| value.set(event_target_value(&event)) />
        }
        .into_any()
    })
}

fn lines(
    form: Form,
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    value: RwSignal<String>,
) -> AnyView {
    labelled(form, field, label, hint, |id, described, fault| {
        view! {
            <textarea id=id prop:value=value spellcheck="false"
                aria-describedby=described aria-invalid=move || fault.get().is_some().to_string()
                on:input=move |event| value.set(event_target_value(&event))></textarea>
        }
        .into_any()
    })
}

/// A control between its label, its hint and what is wrong with it. `control` gets its id, the ids of
/// what describes it, and what is wrong.
fn labelled(
    form: Form,
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    control: impl FnOnce(String, String, Signal<Option<String>>) -> AnyView,
) -> AnyView {
    let id = format!("rule-{field}");
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let fault = form.fault(field);
    let control = control(id.clone(), format!("{hint_id} {error_id}"), fault);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {control}
            <p class="hint" id=hint_id>{hint}</p>
            <p class="error" id=error_id>{fault}</p>
        </div>
    }
    .into_any()
}

/// A choice among columns; `none` is what no column means, where that means something.
fn one_column(
    form: Form,
    columns: Vec<QualityColumn>,
    label: &'static str,
    none: Option<&'static str>,
    fits: impl Fn(&QualityColumn) -> bool,
) -> AnyView {
    let chosen = form.column;
    let fault = form.fault("column");
    let option = |column: QualityColumn| {
        let (name, value) = (column.name.clone(), column.name.clone());
        let text = format!("{} ({})", column.name, column.column_type);
        view! { <option value=value selected=move || chosen.get() == name>{text}</option> }
            .into_any()
    };
    let options = columns.into_iter().filter(fits).map(option).collect_view();
    let first = none.unwrap_or("Choose a column");
    view! {
        <div class="field">
            <label for="rule-column">{label}</label>
            <select id="rule-column" aria-describedby="rule-column-error"
                aria-invalid=move || fault.get().is_some().to_string()
                on:change=move |event| chosen.set(event_target_value(&event))>
                <option value="" selected=move || chosen.get().is_empty()>{first}</option>
                {options}
            </select>
            <p class="error" id="rule-column-error">{fault}</p>
        </div>
    }
    .into_any()
}

/// Columns that are unique together.
fn several(form: Form, columns: Vec<QualityColumn>) -> AnyView {
    let fault = form.fault("columns");
    view! {
        <div class="field">
            {choices(columns, form.columns, "Columns, compared together")}
            <p class="error">{fault}</p>
        </div>
    }
    .into_any()
}

/// A choice of some columns.
pub(super) fn choices(
    columns: Vec<QualityColumn>,
    chosen: RwSignal<Vec<String>>,
    legend: &'static str,
) -> AnyView {
    let choice = |column: QualityColumn| {
        let (name, shown) = (column.name.clone(), column.name.clone());
        let is_chosen = move || chosen.with(|chosen| chosen.contains(&shown));
        let change = move |event: leptos::ev::Event| {
            let checked = event_target_checked(&event);
            chosen.update(|chosen| {
                chosen.retain(|other| *other != name);
                if checked {
                    chosen.push(name.clone());
                }
            });
        };
        view! {
            <label class="check"><input type="checkbox" prop:checked=is_chosen on:change=change />
                <span><code>{column.name}</code></span></label>
        }
        .into_any()
    };
    let choices = columns.into_iter().map(choice).collect_view();
    view! {
        <fieldset class="choices"><legend>{legend}</legend>
            <div class="rule-columns" tabindex="0" role="group" aria-label="Columns">{choices}</div>
        </fieldset>
    }
    .into_any()
}

/// What happens when the rule is broken, here and in single environments.
pub(super) fn effects(form: Form) -> AnyView {
    let (effect, elsewhere) = (form.effect, form.effect_in);
    let choice = |value: Effect, title: &'static str, meaning: &'static str| {
        view! {
            <label class="check">
                <input type="radio" name="effect" value=value.as_str() prop:checked=move || effect.get() == value
                    on:change=move |_| effect.set(value) />
                <span><strong>{title}</strong><span class="hint">{meaning}</span></span>
            </label>
        }
        .into_any()
    };
    let environments = use_me().environments.into_iter().map(|name| {
        let (id, text) = (format!("effect-in-{name}"), format!("In {name}"));
        let (for_id, of, to) = (id.clone(), name.clone(), name);
        let is = move |wanted: Option<Effect>| {
            let of = of.clone();
            move || elsewhere.with(|all| all.get(&of).copied()) == wanted
        };
        let change = move |event: leptos::ev::Event| {
            elsewhere.update(|all| {
                match event_target_value(&event).as_str() {
                    "block" => all.insert(to.clone(), Effect::Block),
                    "warn" => all.insert(to.clone(), Effect::Warn),
                    _ => all.remove(&to),
                };
            });
        };
        view! {
            <div class="field">
                <label for=for_id>{text}</label>
                <select id=id on:change=change>
                    <option value="" selected=is(None)>"As above"</option>
                    <option value="block" selected=is(Some(Effect::Block))>"Block"</option>
                    <option value="warn" selected=is(Some(Effect::Warn))>"Warn"</option>
                </select>
            </div>
        }
        .into_any()
    });
    let environments = environments.collect_view();
    view! {
        <fieldset class="choices"><legend>"When it is broken"</legend>
            {choice(Effect::Block, "Block", "The run fails before the table changes; readers keep the data from before.")}
            {choice(Effect::Warn, "Warn", "The run goes on and says so.")}
        </fieldset>
        <details class="details">
            <summary>"Otherwise in some environments"</summary>
            <div class="limits rule-elsewhere">{environments}</div>
        </details>
    }
    .into_any()
}
