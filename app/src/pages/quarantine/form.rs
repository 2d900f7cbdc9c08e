//! The settings of a source that decide whether a row fits, and all of it as text for experts.

use domain::column::{Column, ColumnType};
use domain::source::{CsvDialect, Encoding, Format, MalformedPolicy, Source};
use leptos::prelude::*;

/// What the form edits: the source, and what is wrong with the text typed last.
#[derive(Clone, Copy)]
pub(super) struct Edited {
    pub(super) source: RwSignal<Source>,
    fault: RwSignal<Option<String>>,
}

impl Edited {
    pub(super) fn new(source: Source) -> Self {
        Self { source: RwSignal::new(source), fault: RwSignal::new(None) }
    }

    /// Whether the form holds something that cannot be sent.
    pub(super) fn is_faulty(self) -> bool {
        self.fault.with(Option::is_some)
    }

    fn dialect(self, edit: impl FnOnce(&mut CsvDialect)) {
        self.source.update(|source| {
            if let Format::Csv(dialect) = &mut source.format {
                edit(dialect);
            }
        });
    }

    fn column(self, name: &str, edit: impl FnOnce(&mut Column)) {
        self.source.update(|source| {
            if let Some(column) = source.columns.iter_mut().find(|column| column.name == name) {
                edit(column);
            }
        });
    }
}

/// All fields; `column` is the one that the reader looks at.
pub(super) fn settings(edited: Edited, column: Signal<Option<String>>) -> AnyView {
    let is_csv = edited.source.with_untracked(|source| matches!(source.format, Format::Csv(_)));
    let names: Vec<_> = edited
        .source
        .with_untracked(|source| source.columns.iter().map(|column| column.name.clone()).collect());
    let first = names.first().cloned().unwrap_or_default();
    // The column of the filter, until the reader takes another.
    let taken = RwSignal::new(None::<String>);
    let name = Memo::new(move |_| {
        let filtered = column.get().filter(|name| !name.is_empty());
        taken.get().or(filtered).unwrap_or_else(|| first.clone())
    });
    let options = names.into_iter().map(|name| (name.clone(), name)).collect();
    view! {
        <fieldset class="settings-group">
            <legend>"Column"</legend>
            <div class="settings-grid">
                {select("Column", options, name.into(), move |name| taken.set(Some(name)))}
                {column_fields(edited, name)}
            </div>
        </fieldset>
        {is_csv.then(|| dialect_fields(edited))}
        {policy_fields(edited)}
        {whole(edited)}
        <p class="failure-line" role="alert">{move || edited.fault.get()}</p>
    }
    .into_any()
}

fn column_fields(edited: Edited, name: Memo<String>) -> AnyView {
    let of = move |read: fn(&Column) -> String| {
        Signal::derive(move || {
            let name = name.get();
            edited.source.with(|source| source.column(&name).map(read).unwrap_or_default())
        })
    };
    let types = [
        "boolean",
        "int",
        "bigint",
        "double",
        "decimal(18,2)",
        "decimal(38,6)",
        "date",
        "timestamp",
        "string",
    ];
    let current = of(|column| column.column_type.to_string());
    let mut options: Vec<_> = types.map(|name| (name.to_owned(), name.to_owned())).into();
    edited.source.with_untracked(|source| {
        for column in &source.columns {
            let name = column.column_type.to_string();
            if !options.iter().any(|(known, _)| *known == name) {
                options.push((name.clone(), name));
            }
        }
    });
    let set_type = move |text: String| {
        if let Ok(column_type) = text.parse::<ColumnType>() {
            edited.column(&name.get_untracked(), |column| column.column_type = column_type);
        }
    };
    let set_format = move |text: String| {
        let format = Some(text).filter(|text| !text.is_empty());
        edited.column(&name.get_untracked(), |column| column.format = format);
    };
    let nullable = Signal::derive(move || {
        let name = name.get();
        edited.source.with(|source| source.column(&name).is_some_and(|column| column.nullable))
    });
    view! {
        {select("Type", options, current, set_type)}
        {text("How dates are written", "ISO 8601 when empty; for example %d.%m.%Y", of(|column| column.format.clone().unwrap_or_default()), set_format)}
        {check("May be empty", nullable, move |on| edited.column(&name.get_untracked(), |column| column.nullable = on))}
    }
    .into_any()
}

fn dialect_fields(edited: Edited) -> AnyView {
    let of = move |read: fn(&CsvDialect) -> String| {
        Signal::derive(move || {
            edited.source.with(|source| match &source.format {
                Format::Csv(dialect) => read(dialect),
                Format::JsonLines | Format::Parquet => String::new(),
            })
        })
    };
    let one = |ch: char| match ch {
        '\t' => "\\t".to_owned(),
        ch => ch.to_string(),
    };
    let set_delimiter = move |text: String| {
        let ch = if text == "\\t" { Some('\t') } else { text.chars().next() };
        edited.dialect(|dialect| dialect.delimiter = ch.unwrap_or(','));
    };
    let set_nulls = move |text: String| {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let words = words.map(str::to_owned).collect();
        edited.dialect(|dialect| dialect.null_strings = words);
    };
    let pair = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let quotes = vec![pair("\"", "\" double quote"), pair("'", "' single quote"), pair("", "none")];
    let encodings = vec![pair("utf-8", "UTF-8"), pair("windows-1252", "Windows-1252 (Latin-1)")];
    let encoding = of(|dialect| match dialect.encoding {
        Encoding::Utf8 => "utf-8".to_owned(),
        Encoding::Windows1252 => "windows-1252".to_owned(),
    });
    let set_encoding = move |text: String| {
        let encoding = if text == "utf-8" { Encoding::Utf8 } else { Encoding::Windows1252 };
        edited.dialect(|dialect| dialect.encoding = encoding);
    };
    let comma =
        Signal::derive(move || of(|dialect| dialect.decimal_comma.to_string()).get() == "true");
    view! {
        <fieldset class="settings-group">
            <legend>"File"</legend>
            <div class="settings-grid">
                {text("Texts that mean no value", "separated by commas; for example NULL, N/A", of(|dialect| dialect.null_strings.join(", ")), set_nulls)}
                {text("Delimiter", "one character; \\t for a tab", Signal::derive(move || of(|dialect| dialect.delimiter.to_string()).get().chars().next().map(one).unwrap_or_default()), set_delimiter)}
                {select("Quote", quotes, of(|dialect| dialect.quote.map(String::from).unwrap_or_default()), move |text| edited.dialect(|dialect| dialect.quote = text.chars().next()))}
                {select("Encoding", encodings, encoding, set_encoding)}
                {check("Numbers have a decimal comma", comma, move |on| edited.dialect(|dialect| dialect.decimal_comma = on))}
            </div>
        </fieldset>
    }
    .into_any()
}

fn policy_fields(edited: Edited) -> AnyView {
    let policy = Signal::derive(move || edited.source.with(|source| source.malformed));
    let name = Signal::derive(move || match policy.get() {
        MalformedPolicy::Fail => "fail".to_owned(),
        MalformedPolicy::Skip => "skip".to_owned(),
        MalformedPolicy::Quarantine { .. } => "quarantine".to_owned(),
    });
    let pair = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let options = vec![
        pair("quarantine", "keep them, up to the limits"),
        pair("skip", "count them only"),
        pair("fail", "fail the run on the first"),
    ];
    let set_policy = move |name: String| {
        let policy = match name.as_str() {
            "fail" => MalformedPolicy::Fail,
            "skip" => MalformedPolicy::Skip,
            _ => MalformedPolicy::default(),
        };
        edited.source.update(|source| source.malformed = policy);
    };
    let limit = move |which: fn(u64, f64) -> String| {
        Signal::derive(move || match policy.get() {
            MalformedPolicy::Quarantine { max_rows, max_rate } => which(max_rows, max_rate),
            MalformedPolicy::Fail | MalformedPolicy::Skip => String::new(),
        })
    };
    let set_limit = move |edit: &dyn Fn(&mut u64, &mut f64)| {
        edited.source.update(|source| {
            if let MalformedPolicy::Quarantine { max_rows, max_rate } = &mut source.malformed {
                edit(max_rows, max_rate);
            }
        });
    };
    let set_rows = move |text: String| {
        set_limit(&|rows, _| *rows = text.trim().parse().unwrap_or(*rows));
    };
    let set_rate = move |text: String| {
        let percent = text.trim().parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value));
        set_limit(&|_, rate| *rate = percent.map_or(*rate, |percent| percent / 100.0));
    };
    view! {
        <fieldset class="settings-group">
            <legend>"Rows that do not fit"</legend>
            <div class="settings-grid">
                {select("What happens to them", options, name, set_policy)}
                {text("Most rows of a run", "more fail the run", limit(|rows, _| rows.to_string()), set_rows)}
                {text("Most per cent of a run", "more fail the run", limit(|_, rate| (rate * 100.0).to_string()), set_rate)}
            </div>
        </fieldset>
    }
    .into_any()
}

fn whole(edited: Edited) -> AnyView {
    let json = move || {
        edited.source.with(|source| serde_json::to_string_pretty(source).unwrap_or_default())
    };
    let typed = move |event: leptos::ev::Event| match serde_json::from_str::<Source>(
        &event_target_value(&event),
    ) {
        Ok(source) => {
            edited.fault.set(None);
            edited.source.set(source);
        }
        Err(error) => edited.fault.set(Some(format!("The text is no source: {error}"))),
    };
    view! {
        <details class="details">
            <summary>"The whole source as JSON"</summary>
            <div class="field">
                <label for="whole-source" class="visually-hidden">"The whole source as JSON"</label>
                <textarea id="whole-source" rows="18" spellcheck="false" prop:value=json on:change=typed></textarea>
            </div>
        </details>
    }
    .into_any()
}

/// The id of a field, from its label.
fn id_of(label: &str) -> String {
    let word = |ch: char| if ch.is_ascii_alphanumeric() { ch.to_ascii_lowercase() } else { '-' };
    format!("trial-{}", label.chars().map(word).collect::<String>())
}

fn text(
    label: &'static str,
    hint: &'static str,
    value: Signal<String>,
    set: impl Fn(String) + 'static,
) -> AnyView {
    let id = id_of(label);
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id type="text" autocomplete="off" spellcheck="false" aria-describedby=hint_id.clone()
                prop:value=move || value.get() on:change=move |event| set(event_target_value(&event)) />
            <span id=hint_id class="hint">{hint}</span>
        </div>
    }
    .into_any()
}

fn select(
    label: &'static str,
    options: Vec<(String, String)>,
    value: Signal<String>,
    set: impl Fn(String) + 'static,
) -> AnyView {
    let id = id_of(label);
    let option = move |(option, text): (String, String)| {
        let name = option.clone();
        view! { <option value=option selected=move || value.get() == name>{text}</option> }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id on:change=move |event| set(event_target_value(&event))>
                {options.into_iter().map(option).collect_view()}
            </select>
        </div>
    }
    .into_any()
}

fn check(label: &'static str, on: Signal<bool>, set: impl Fn(bool) + 'static) -> AnyView {
    view! {
        <label class="check settings-check">
            <input type="checkbox" prop:checked=move || on.get()
                on:change=move |event| set(event_target_checked(&event)) />
            <span>{label}</span>
        </label>
    }
    .into_any()
}
