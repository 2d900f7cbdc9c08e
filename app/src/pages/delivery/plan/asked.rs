//! What is asked of people, what they said, and who else could say it.

use domain::approval::Verdict;
use leptos::prelude::*;

use crate::api::delivery::{ApproverShown, DecisionShown, PlanShown, Standing};
use crate::components::{Card, RelativeTime, short, status_badge};

/// So many reasons are shown at once.
const REASONS: usize = 3;

/// The card.
pub(super) fn asked(plan: &PlanShown) -> AnyView {
    let standing = &plan.standing;
    let because = because(&standing.because);
    let ended = standing.ended.clone().map(|ended| view! { <p class="notice">{ended}</p> });
    let said = (!plan.decisions.is_empty()).then(|| decisions(&plan.decisions));
    let (sentence, others) = (sentence(standing), approvers(&plan.approvers));
    view! {
        <Card title="What is asked">
            <div class="stack">
                <p>{sentence}</p>
                {because}{ended}{said}
                {others}
            </div>
        </Card>
    }
    .into_any()
}

/// Why people have to; of many reasons all but the first few are folded.
fn because(reasons: &[String]) -> Option<AnyView> {
    let list = |reasons: &[String]| {
        let items = reasons.iter().map(|why| view! { <li>{super::danger::sentence(why)}</li> });
        view! { <ul class="plan-because">{items.collect_view()}</ul> }.into_any()
    };
    let (first, rest) = reasons.split_at(reasons.len().min(REASONS));
    let rest = (!rest.is_empty()).then(|| {
        let summary = format!("and {} more reasons", rest.len());
        view! { <details class="details"><summary>{summary}</summary>{list(rest)}</details> }
    });
    (!reasons.is_empty()).then(|| view! { {list(first)}{rest} }.into_any())
}

fn sentence(standing: &Standing) -> String {
    let people = |number: u32| match number {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    };
    match (standing.needed, standing.have) {
        (0, _) => "Nobody has to approve.".to_owned(),
        (needed, 0) => format!("{} has to approve; nobody did yet.", people(needed)),
        (needed, have) if have >= needed => format!("{have} of {needed} approved."),
        (needed, have) => {
            format!("{have} of {needed} approved; {} more has to.", people(needed - have))
        }
    }
}

/// What people decided, the oldest first.
pub(in crate::pages::delivery) fn decisions(decisions: &[DecisionShown]) -> AnyView {
    let items = decisions.iter().map(decision).collect_view();
    view! { <ul class="decisions">{items}</ul> }.into_any()
}

fn decision(decision: &DecisionShown) -> AnyView {
    let badge = match decision.verdict {
        Verdict::Approve => status_badge("good", "Approved"),
        Verdict::Reject => status_badge("bad", "Rejected"),
    };
    let glass = decision.break_glass.then(|| status_badge("bad", "Broke the glass"));
    let reason = decision.reason.clone();
    let reason =
        (!reason.is_empty()).then(|| view! { <p class="decision-reason">"“"{reason}"”"</p> });
    let plan = decision.plan.clone();
    view! {
        <li>
            <p class="row">{badge}{glass}<strong>{decision.by.clone()}</strong>
                <span class="muted"><RelativeTime at=decision.at />", plan "<code title=plan.clone()>{short(&plan)}</code></span></p>
            {reason}
        </li>
    }
    .into_any()
}

fn approvers(approvers: &[ApproverShown]) -> Option<AnyView> {
    if approvers.is_empty() {
        return None;
    }
    let able = approvers.iter().filter(|one| one.cannot.is_empty()).count();
    let summary = match able {
        0 => "Nobody could approve this now: see why".to_owned(),
        1 => format!("1 of {} could approve this now", approvers.len()),
        many => format!("{many} of {} could approve this now", approvers.len()),
    };
    let row = |one: &ApproverShown| {
        let standing = match one.cannot.is_empty() {
            true => view! { <td>{status_badge("good", "Can approve")}</td> }.into_any(),
            false => view! { <td>{one.cannot.join("; ")}</td> }.into_any(),
        };
        view! { <tr><th scope="row">{one.login.clone()}</th>{standing}</tr> }
    };
    let rows = approvers.iter().map(row).collect_view();
    Some(
        view! {
            <details class="details" open=able == 0>
                <summary>{summary}</summary>
                <div class="table-scroll" tabindex="0" role="region" aria-label="Who could approve"><table class="table">
                    <caption class="visually-hidden">"Who could approve, and why not"</caption>
                    <thead><tr><th scope="col">"Who"</th><th scope="col">"Now"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table></div>
            </details>
        }
        .into_any(),
    )
}
