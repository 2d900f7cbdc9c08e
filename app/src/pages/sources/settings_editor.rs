//! Name, owner, partition rule and policies of a draft.

use domain::column::ColumnType;
use domain::source::{DriftPolicy, MalformedPolicy, Part, PartitionRule};
use leptos::prelude::*;

use super::draft::Draft;
use super::form::{explained_choice, faultless, select_field, text_field};
use super::words::{DRIFT, MALFORMED, PARTITION, drift_title, malformed_name, partition_name};

/// Which dataset, who answers for it, what it is.
pub(super) fn identity_editor(draft: Draft) -> AnyView {
    let Some(source) = draft.source.get_untracked() else { return ().into_any() };
    let dataset = if draft.base > 0 {
        let name = draft.dataset.get_untracked();
        view! { <div class="field"><span class="label">"Dataset"</span><p><code>{name}</code></p></div> }.into_any()
    } else {
        // Nothing is wrong before anybody has typed.
        let fault = Signal::derive(move || {
            let typed = draft.dataset.with(|text| !text.is_empty());
            typed.then(|| draft.dataset_fault()).flatten()
        });
        let hint =
            "Source system and table, as tlc/green_trips: the first two folders of its files.";
        text_field(
            "dataset".into(),
            "Dataset",
            hint,
            draft.dataset.get_untracked(),
            fault,
            move |text| {
                draft.name(text);
            },
        )
    };
    view! {
        <div class="grid">
            {dataset}
            {text_field("owner".into(), "Owner", "Who answers for it.", source.owner, faultless(), move |text| {
                draft.edit(|source| source.owner = text.trim().to_owned());
            })}
            {text_field("description".into(), "Description", "For people.", source.description.unwrap_or_default(),
                faultless(), move |text| {
                    let text = text.trim().to_owned();
                    draft.edit(|source| source.description = (!text.is_empty()).then_some(text));
                })}
        </div>
    }
    .into_any()
}

/// How rows find their day, and what happens to what does not fit.
pub(super) fn policies_editor(draft: Draft) -> AnyView {
    let Some(source) = draft.source.get_untracked() else { return ().into_any() };
    let drift = DRIFT.map(|(policy, meaning)| (policy.as_str(), drift_title(policy), meaning));
    view! {
        <div class="grid policies">
            {partition_editor(draft, &source.partition)}
            {malformed_editor(draft, source.malformed)}
            {explained_choice("drift", "Columns that differ", drift.to_vec(), source.drift.as_str(), move |value| {
                let policy = DriftPolicy::ALL.into_iter().find(|policy| policy.as_str() == value);
                draft.edit(|source| source.drift = policy.unwrap_or_default());
            })}
        </div>
    }
    .into_any()
}

fn partition_editor(draft: Draft, rule: &PartitionRule) -> AnyView {
    let kind = RwSignal::new(partition_name(rule));
    let choose = move |value: &'static str| {
        draft.edit(|source| {
            source.partition = match value {
                "date_column" => PartitionRule::DateColumn {
                    column: date_columns(&source.columns).into_iter().next().unwrap_or_default(),
                },
                "key_pattern" => {
                    PartitionRule::KeyPattern { pattern: "{year}-{month}-{day}".to_owned() }
                }
                _ => PartitionRule::default(),
            };
        });
        kind.set(value);
    };
    let setting = move || {
        kind.track();
        draft.generation.track();
        match draft.source.get_untracked().map(|source| (source.partition, source.columns)) {
            Some((PartitionRule::IngestDate { time_zone }, _)) => text_field(
                "time-zone".into(),
                "Time zone",
                "An IANA name, as America/New_York.",
                time_zone,
                faultless(),
                move |time_zone| {
                    draft.edit(|source| source.partition = PartitionRule::IngestDate { time_zone });
                },
            ),
            Some((PartitionRule::KeyPattern { pattern }, _)) => text_field(
                "key-pattern".into(),
                "Pattern",
                "As tripdata_{year}-{month}; found anywhere in the key.",
                pattern,
                faultless(),
                move |pattern| {
                    draft.edit(|source| source.partition = PartitionRule::KeyPattern { pattern });
                },
            ),
            Some((PartitionRule::DateColumn { column }, columns)) => {
                let names = date_columns(&columns).into_iter().map(|name| (name.clone(), name));
                select_field(
                    "date-column".into(),
                    "Column",
                    "Dates and timestamps.",
                    names.collect(),
                    &column,
                    move |column| {
                        draft
                            .edit(|source| source.partition = PartitionRule::DateColumn { column });
                    },
                )
            }
            None => ().into_any(),
        }
    };
    let fault = move || {
        draft
            .fault_of(Part::Partition)
            .map(|text| view! { <p class="failure-line" role="alert">{text}</p> })
    };
    view! {
        <div class="stack">
            {explained_choice("partition", "Rows find their day by", PARTITION.to_vec(), partition_name(rule), choose)}
            {setting}
            {fault}
        </div>
    }
    .into_any()
}

fn date_columns(columns: &[domain::column::Column]) -> Vec<String> {
    let dates = columns
        .iter()
        .filter(|column| matches!(column.column_type, ColumnType::Date | ColumnType::Timestamp));
    dates.map(|column| column.name.clone()).collect()
}

fn malformed_editor(draft: Draft, policy: MalformedPolicy) -> AnyView {
    let kind = RwSignal::new(malformed_name(policy));
    let choose = move |value: &'static str| {
        draft.edit(|source| {
            source.malformed = match value {
                "fail" => MalformedPolicy::Fail,
                "skip" => MalformedPolicy::Skip,
                _ => MalformedPolicy::default(),
            };
        });
        kind.set(value);
    };
    let limits = move || {
        kind.track();
        match draft.source.get_untracked().map(|source| source.malformed) {
            Some(MalformedPolicy::Quarantine { max_rows, max_rate }) => {
                quarantine_limits(draft, max_rows, max_rate)
            }
            _ => ().into_any(),
        }
    };
    let fault = move || {
        draft
            .fault_of(Part::Malformed)
            .map(|text| view! { <p class="failure-line" role="alert">{text}</p> })
    };
    view! {
        <div class="stack">
            {explained_choice("malformed", "Rows that do not fit", MALFORMED.to_vec(), malformed_name(policy), choose)}
            {limits}
            {fault}
        </div>
    }
    .into_any()
}

fn quarantine_limits(draft: Draft, max_rows: u64, max_rate: f64) -> AnyView {
    let (rows_fault, rate_fault) = (RwSignal::new(None), RwSignal::new(None));
    let set_rows = move |text: String| {
        let rows = text.replace(',', "").trim().parse::<u64>().ok();
        rows_fault.set(rows.is_none().then(|| "Write a whole number".to_owned()));
        draft.edit(|source| {
            if let (MalformedPolicy::Quarantine { max_rows, .. }, Some(rows)) =
                (&mut source.malformed, rows)
            {
                *max_rows = rows;
            }
        });
    };
    let set_rate = move |text: String| {
        let percent = text.trim().trim_end_matches('%').trim().parse::<f64>().ok();
        rate_fault.set(percent.is_none().then(|| "Write a number of per cent".to_owned()));
        draft.edit(|source| {
            if let (MalformedPolicy::Quarantine { max_rate, .. }, Some(percent)) =
                (&mut source.malformed, percent)
            {
                *max_rate = percent / 100.0;
            }
        });
    };
    view! {
        <div class="limits">
            {text_field("max-rows".into(), "At most rows", "", max_rows.to_string(), rows_fault.into(), set_rows)}
            {text_field("max-rate".into(), "At most per cent", "", (max_rate * 100.0).to_string(), rate_fault.into(), set_rate)}
        </div>
    }
    .into_any()
}
