//! The stages of an execution as a chain: where each stands, how long it took, what came of it.

use domain::pipeline::{Stage, StageRecord, StageStatus};
use jiff::Timestamp;
use leptos::prelude::*;

use crate::api::delivery::ExecutionDetail;
use crate::components::{RelativeTime, stage_title, status_badge};
use crate::format;

/// All stages in order. Each links to its part of the log; `asked` is the one that is shown alone.
pub(super) fn stages(detail: &ExecutionDetail, asked: &str) -> AnyView {
    let found = |stage| detail.stages.iter().find(|record| record.stage == stage);
    let items = Stage::ALL.map(|stage| item(stage, found(stage), asked)).collect_view();
    view! { <ol class="stages card" aria-label="Stages">{items}</ol> }.into_any()
}

fn item(stage: Stage, record: Option<&StageRecord>, asked: &str) -> AnyView {
    let status = record.map_or(StageStatus::Waiting, |record| record.status);
    let (tone, word) = match status {
        StageStatus::Waiting => ("none", "Not begun"),
        StageStatus::Running if stage == Stage::Approval => ("wait", "Waits"),
        StageStatus::Running => ("busy", "Running"),
        StageStatus::Succeeded => ("good", "Done"),
        StageStatus::Skipped => ("calm", "Skipped"),
        StageStatus::Failed => ("bad", "Failed"),
    };
    let badge = match status {
        StageStatus::Waiting => view! { <span class="muted">{word}</span> }.into_any(),
        _ => status_badge(tone, word),
    };
    let note = record.and_then(|record| record.note.clone());
    let note =
        note.map(|note| view! { <p class="stage-note" title=note.clone()>{note.clone()}</p> });
    let alone = asked == stage.as_str();
    let href = if alone { "?#log".to_owned() } else { format!("?stage={stage}#log") };
    let label = match alone {
        true => format!("{}: show the whole log", stage_title(stage)),
        false => format!("{}: show its part of the log", stage_title(stage)),
    };
    let current = alone.then_some("true");
    view! {
        <li class="stage" data-tone=tone>
            <a class="stage-name" href=href aria-label=label aria-current=current>{stage_title(stage)}</a>
            <p class="row stage-state">{badge}{record.map(took)}</p>
            {note}
        </li>
    }
    .into_any()
}

fn took(record: &StageRecord) -> AnyView {
    match (record.started_at, record.ended_at, record.status) {
        (_, _, StageStatus::Waiting | StageStatus::Skipped) => ().into_any(),
        (Some(from), Some(to), _) => {
            view! { <span class="muted number">{format::seconds(seconds(from, to))}</span> }
                .into_any()
        }
        (Some(from), None, _) => {
            view! { <span class="muted"><RelativeTime at=from /></span> }.into_any()
        }
        _ => ().into_any(),
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_microsecond() - from.as_microsecond()).max(0) as f64 / 1e6
}
