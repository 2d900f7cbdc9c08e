//! The hops of a run as a timeline.

use domain::run::StepStatus;
use domain::zone::Hop;
use leptos::prelude::*;

use crate::api::runs::{RunDetail, RunStep};
use crate::components::{Card, RelativeTime, status_badge};
use crate::format;

/// All hops, those not begun too.
pub(super) fn steps(detail: &RunDetail) -> AnyView {
    let longest = detail.steps.iter().filter_map(RunStep::seconds).fold(0.0, f64::max);
    let items = Hop::ALL.map(|hop| match detail.steps.iter().find(|step| step.hop == hop) {
        Some(step) => begun(step, longest),
        None => view! {
            <li class="step" data-tone="calm">
                <h3>{hop_title(hop)}</h3>
                <p class="muted">"Not begun"</p>
            </li>
        }
        .into_any(),
    });
    view! { <Card title="Steps"><ol class="steps">{items}</ol></Card> }.into_any()
}

/// A hop as people read it.
pub(super) fn hop_title(hop: Hop) -> &'static str {
    match hop {
        Hop::RawToConformed => "Raw → conformed",
        Hop::ConformedToPurposeBuilt => "Conformed → purpose-built",
    }
}

fn begun(step: &RunStep, longest: f64) -> AnyView {
    let (tone, text) = match step.status {
        StepStatus::Running => ("busy", "Running"),
        StepStatus::Committing => ("busy", "Committing"),
        StepStatus::Succeeded => ("good", "Succeeded"),
        StepStatus::Failed => ("bad", "Failed"),
        StepStatus::Skipped => ("calm", "Skipped"),
    };
    let took = match step.seconds() {
        Some(seconds) => view! {
            <span class="number">{format::seconds(seconds)}</span>
            <meter class="meter step-meter" min="0" max=longest.max(0.001).to_string() value=seconds.to_string()
                aria-label="Share of the longest step"></meter>
        }
        .into_any(),
        None => view! { <span class="muted">"began "<RelativeTime at=step.started_at /></span> }.into_any(),
    };
    let note = step.note.clone().map(|note| view! { <p class="notice">{note}</p> });
    view! {
        <li class="step" data-tone=tone>
            <div class="row step-head"><h3>{hop_title(step.hop)}</h3>{status_badge(tone, text)}{took}</div>
            {progress(step)}
            {counts(step)}
            {partitions(step)}
            {note}
        </li>
    }
    .into_any()
}

/// How far a running step is, by bytes where they are known.
fn progress(step: &RunStep) -> Option<AnyView> {
    if step.status != StepStatus::Running {
        return None;
    }
    let read = step.counts.bytes_read;
    let text = match step.bytes_total.filter(|_| read > 0) {
        Some(total) => {
            format!("{} of {} read", format::bytes(read.min(total)), format::bytes(total))
        }
        None => format!(
            "{} rows so far",
            format::count(step.counts.rows_read.max(step.counts.rows_written))
        ),
    };
    let bar = match step.bytes_total.filter(|_| read > 0) {
        Some(total) => view! {
            <progress class="meter" max=total.to_string() value=read.min(total).to_string() aria-label="Bytes read"></progress>
        }
        .into_any(),
        None => view! { <progress class="meter" aria-label="Under way"></progress> }.into_any(),
    };
    Some(view! { <div class="step-progress">{bar}<p class="muted">{text}</p></div> }.into_any())
}

fn counts(step: &RunStep) -> AnyView {
    let counts = step.counts;
    let fact =
        |label: &'static str, value: String| view! { <div><dt>{label}</dt><dd>{value}</dd></div> };
    let rejected = (step.hop == Hop::RawToConformed)
        .then(|| fact("Rows rejected", format::count(counts.rows_rejected)));
    view! {
        <dl class="step-counts">
            {fact("Rows in", format::count(counts.rows_read))}
            {fact("Rows out", format::count(counts.rows_written))}
            {rejected}
            {fact("Bytes in", format::bytes(counts.bytes_read))}
            {fact("Bytes out", format::bytes(counts.bytes_written))}
        </dl>
    }
    .into_any()
}

fn partitions(step: &RunStep) -> Option<AnyView> {
    if step.partitions == 0 {
        return None;
    }
    let more = step.partitions.saturating_sub(step.days.len() as u64);
    let rest = if more > 0 { format!(" and {} more", format::count(more)) } else { String::new() };
    let noun = if step.partitions == 1 { "partition" } else { "partitions" };
    let text = format!("{} {noun}: {}{rest}", format::count(step.partitions), step.days.join(", "));
    Some(view! { <p class="muted step-days">{text}</p> }.into_any())
}
