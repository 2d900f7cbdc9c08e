//! How the files of a draft are written.

use domain::source::{CsvDialect, Encoding, Format, LineEnding, Part};
use leptos::prelude::*;

use super::draft::Draft;
use super::form::{FaultOf, faultless, select_field, text_field};

/// The format in words, and its dialect to be changed.
pub(super) fn dialect_editor(draft: Draft) -> AnyView {
    let in_words =
        move || draft.source.with(|source| source.as_ref().map(|source| source.format.in_words()));
    let fault = move || {
        draft
            .fault_of(Part::Format)
            .map(|text| view! { <p class="failure-line" role="alert">{text}</p> })
    };
    let again = move |_| {
        let format = draft.source.with_untracked(|s| s.as_ref().map(|s| s.format.clone()));
        if let (Some(sample), Some(format)) = (draft.sample.get_untracked(), format) {
            draft.look_at(sample, Some(format));
        }
    };
    let fields = move || {
        draft.generation.track();
        match draft.source.with_untracked(|source| source.as_ref().map(|s| s.format.clone())) {
            Some(Format::Csv(dialect)) => csv_fields(draft, &dialect),
            _ => ().into_any(),
        }
    };
    view! {
        <details class="details"><summary>{in_words}</summary>
            <div class="stack dialect">
                {fields}
                {fault}
                <div><button type="button" class="button" on:click=again
                    disabled=move || draft.busy.get() || draft.sample.with(Option::is_none)>
                    "Propose the columns again, read this way"</button></div>
            </div>
        </details>
    }
    .into_any()
}

fn csv_fields(draft: Draft, dialect: &CsvDialect) -> AnyView {
    let change = move |change: &dyn Fn(&mut CsvDialect)| {
        draft.edit(|source| {
            if let Format::Csv(dialect) = &mut source.format {
                change(dialect);
            }
        });
    };
    let character = move |id: &str,
                          label,
                          hint,
                          value: Option<char>,
                          set: fn(&mut CsvDialect, Option<char>)| {
        let shown = value.map(shown).unwrap_or_default();
        text_field(id.to_owned(), label, hint, shown, faultless(), move |text| {
            change(&|dialect| set(dialect, character_of(&text)));
        })
    };
    let number = move |id: &str, label, hint, value: u32, set: fn(&mut CsvDialect, u32)| {
        let fault = RwSignal::new(None);
        let shown: FaultOf = fault.into();
        text_field(id.to_owned(), label, hint, value.to_string(), shown, move |text| {
            let number = text.trim().parse::<u32>().ok();
            fault.set(number.is_none().then(|| "Write a whole number".to_owned()));
            if let Some(number) = number {
                change(&|dialect| set(dialect, number));
            }
        })
    };
    let choice = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(value, text)| ((*value).to_owned(), (*text).to_owned())).collect()
    };
    let encoding = match dialect.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Windows1252 => "windows-1252",
    };
    let ending = match dialect.line_ending {
        LineEnding::Lf => "lf",
        LineEnding::Cr => "cr",
    };
    let decimal = if dialect.decimal_comma { "comma" } else { "point" };
    view! {
        <div class="grid">
            {character("delimiter", "Delimiter", "One character; \\t is a tab.", Some(dialect.delimiter),
                |dialect, value| dialect.delimiter = value.unwrap_or(','))}
            {character("quote", "Quote", "Around fields with delimiters in them; empty: none.", dialect.quote,
                |dialect, value| dialect.quote = value)}
            {character("escape", "Escape", "Inside quotes; empty: only doubled quotes.", dialect.escape,
                |dialect, value| dialect.escape = value)}
            {character("comment", "Comment", "Lines that begin with it are no rows.", dialect.comment,
                |dialect, value| dialect.comment = value)}
            {number("skip", "Lines to skip", "Before the header.", dialect.skip_lines,
                |dialect, value| dialect.skip_lines = value)}
            {number("header", "Header rows", "0: columns are taken in their order.", dialect.header_rows,
                |dialect, value| dialect.header_rows = value)}
            {text_field("nulls".into(), "Words for no value", "Separated by spaces, as \\N NULL; the empty field always is.",
                dialect.null_strings.join(" "), faultless(), move |text| {
                    let words: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
                    change(&|dialect| dialect.null_strings.clone_from(&words));
                })}
            {select_field("encoding".into(), "Encoding", "", choice(&[("utf-8", "UTF-8"), ("windows-1252", "Windows-1252")]),
                encoding, move |text| change(&|dialect| dialect.encoding = match text.as_str() {
                    "utf-8" => Encoding::Utf8,
                    _ => Encoding::Windows1252,
                }))}
            {select_field("line-ending".into(), "Lines end with", "", choice(&[("lf", "LF or CRLF"), ("cr", "CR")]),
                ending, move |text| change(&|dialect| dialect.line_ending = match text.as_str() {
                    "lf" => LineEnding::Lf,
                    _ => LineEnding::Cr,
                }))}
            {select_field("decimal".into(), "Decimal sign", "", choice(&[("point", "1234.5"), ("comma", "1.234,5")]),
                decimal, move |text| change(&|dialect| dialect.decimal_comma = text == "comma"))}
        </div>
    }
    .into_any()
}

fn shown(character: char) -> String {
    if character == '\t' { "\\t".to_owned() } else { character.to_string() }
}

fn character_of(text: &str) -> Option<char> {
    if text == "\\t" { Some('\t') } else { text.chars().next() }
}
