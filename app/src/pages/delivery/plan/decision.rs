//! The decision: yes or no to exactly the plan that is shown, with a reason and the names that have to
//! be typed.

use std::collections::BTreeMap;

use domain::access::Permission;
use domain::approval::Verdict;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::delivery::{DecisionAsked, PlanShown};
use crate::api::{Problem, send};
use crate::components::{Card, failure, toast};
use crate::place::may;

/// What an approver writes. It stands beside what is refreshed, so that nothing that was typed goes.
#[derive(Clone, Copy)]
pub(super) struct Form {
    path: Memo<String>,
    plan: Resource<Result<PlanShown, Problem>>,
    may_decide: Memo<bool>,
    /// The digest that the reader has before them; another one must be looked at first.
    seen: RwSignal<Option<String>>,
    /// The digest that is shown.
    shown: RwSignal<String>,
    reason: RwSignal<String>,
    glass: RwSignal<String>,
    typed: RwSignal<BTreeMap<String, String>>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

impl Form {
    /// `path` is the plan's in the API.
    pub(super) fn new(path: Memo<String>, plan: Resource<Result<PlanShown, Problem>>) -> Self {
        Self {
            path,
            plan,
            may_decide: may(Permission::DecidePlans),
            seen: RwSignal::new(None),
            shown: RwSignal::new(String::new()),
            reason: RwSignal::new(String::new()),
            glass: RwSignal::new(String::new()),
            typed: RwSignal::new(BTreeMap::new()),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
        }
    }

    /// Takes note of the plan that is shown; the first one is the one that the reader reads.
    pub(super) fn follows(self, plan: &PlanShown) {
        let digest = plan.digest.clone();
        Effect::new(move |_| {
            self.shown.set(digest.clone());
            if self.seen.with_untracked(Option::is_none) {
                self.seen.set(Some(digest.clone()));
            }
        });
    }

    /// Whether the plan became another one while it was read.
    fn moved(self) -> bool {
        self.seen
            .with(|seen| seen.as_ref().is_some_and(|seen| self.shown.with(|shown| shown != seen)))
    }

    /// Says that the plan became another one, until the reader looked at it.
    pub(super) fn moved_notice(self) -> AnyView {
        let look = move |_| {
            self.seen.set(Some(self.shown.get_untracked()));
            self.typed.set(BTreeMap::new());
            self.problem.set(None);
        };
        let notice = move || {
            self.moved().then(|| {
                view! {
                    <section class="notice plan-moved" data-tone="wait" role="alert">
                        <h2 class="failure-title">"The plan changed while you were reading"</h2>
                        <p>"A new commit, a drifted stack or an edited parameter made another plan. What you decide counts for what you read: look at it again."</p>
                        <p><button type="button" class="button" on:click=look>"I look at the new plan"</button></p>
                    </section>
                }
            })
        };
        notice.into_any()
    }

    /// What still keeps the reader from approving.
    fn missing(self, names: &[String]) -> Vec<String> {
        let mut missing = Vec::new();
        if self.moved() {
            missing.push("the plan changed: look at it again".to_owned());
        }
        let untyped = self
            .typed
            .with(|typed| names.iter().filter(|name| typed.get(*name) != Some(*name)).count());
        match untyped {
            0 => {}
            1 => missing.push("1 name is still to be typed".to_owned()),
            many => missing.push(format!("{many} names are still to be typed")),
        }
        missing
    }

    fn send(self, verdict: Verdict, break_glass: bool) {
        let reason = if break_glass { self.glass } else { self.reason };
        let asked = DecisionAsked {
            digest: self.seen.get_untracked().unwrap_or_default(),
            verdict,
            reason: reason.get_untracked().trim().to_owned(),
            typed: self.typed.with_untracked(|typed| typed.values().cloned().collect()),
            break_glass,
        };
        let path = self.path.get_untracked();
        let path = format!("{}/decisions", path.strip_suffix("/plan").unwrap_or(&path));
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            match send::<_, PlanShown>("POST", path, &asked).await {
                Ok(plan) => {
                    let said = if verdict == Verdict::Approve { "Approved" } else { "Rejected" };
                    toast("good", format!("{said}: your decision is recorded"));
                    self.plan.set(Some(Ok(plan)));
                }
                Err(problem) => self.problem.set(Some(problem)),
            }
            self.busy.set(false);
        });
    }

    /// What went wrong; of a plan that is not the one that was read, how to see the new one.
    fn failure(self) -> AnyView {
        let told = move || {
            let problem = self.problem.get()?;
            let stale = problem.status == 409;
            let reload = move |_| {
                self.problem.set(None);
                self.plan.refetch();
            };
            let again = stale.then(|| {
                view! { <p><button type="button" class="button" on:click=reload>"Show the plan as it is now"</button></p> }
            });
            Some(view! { {failure(problem)}{again} })
        };
        told.into_any()
    }
}

/// The card; after the end only how it ended.
pub(super) fn decision(plan: &PlanShown, form: Form) -> AnyView {
    if !plan.standing.open {
        let ended = plan.standing.ended.clone();
        let ended = ended.unwrap_or_else(|| "There is nothing to decide.".to_owned());
        return view! { <div id="decision"><Card title="Decision"><p>{ended}</p></Card></div> }
            .into_any();
    }
    let names: Vec<String> = plan.to_type.iter().map(|named| named.name.clone()).collect();
    let cannot = plan.you_cannot.clone();
    let able = cannot.is_empty();
    let why: Vec<_> = cannot.iter().map(|why| view! { <li>{why.clone()}</li> }).collect();
    let why = (!able).then(|| {
        view! {
            <div class="notice" data-tone="wait"><p>"You cannot approve this plan:"</p><ul class="plan-because">{why}</ul></div>
        }
    });
    let fields: Vec<_> =
        names.iter().enumerate().map(|(at, name)| name_field(at, name, form)).collect();
    let fields = (able || plan.may_break_glass).then_some(fields);
    let glass = plan.may_break_glass.then(|| break_glass(names.clone(), form));
    let (for_button, for_words) = (names.clone(), names);
    let blocked = move || {
        !able || form.busy.get() || !form.may_decide.get() || !form.missing(&for_button).is_empty()
    };
    let unsaid = move || {
        form.busy.get()
            || !form.may_decide.get()
            || form.moved()
            || form.reason.with(|reason| reason.trim().is_empty())
    };
    let words = move || match (form.may_decide.get(), able) {
        (false, _) => "To decide here you need the role approver.".to_owned(),
        (true, true) => form.missing(&for_words).join("; "),
        (true, false) => String::new(),
    };
    let approve = move |_| form.send(Verdict::Approve, false);
    let reject = move |_| form.send(Verdict::Reject, false);
    view! {
        <div id="decision"><Card title="Decision" note="Counts for this plan and no other">
            <div class="stack">
                {why}
                {fields}
                <div class="field">
                    <label for="decision-reason">"Reason"</label>
                    <textarea id="decision-reason" rows="2" maxlength="1000" prop:value=form.reason
                        on:input=move |event| form.reason.set(event_target_value(&event))></textarea>
                    <span class="hint">"Needed to reject. It is kept with the decision."</span>
                </div>
                {form.failure()}
                <div class="actions plan-buttons">
                    <button type="button" class="button button-primary" disabled=blocked on:click=approve>"Approve"</button>
                    <button type="button" class="button button-danger" disabled=unsaid on:click=reject>"Reject"</button>
                    <span class="muted" role="status">{words}</span>
                </div>
                {glass}
            </div>
        </Card></div>
    }
    .into_any()
}

fn name_field(at: usize, name: &str, form: Form) -> AnyView {
    let id = format!("typed-{at}");
    let (key, shown, wanted) = (name.to_owned(), name.to_owned(), name.to_owned());
    let value = move || form.typed.with(|typed| typed.get(&wanted).cloned().unwrap_or_default());
    let write = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        form.typed.update(|typed| {
            typed.insert(key.clone(), text);
        });
    };
    view! {
        <div class="field plan-typed">
            <label for=id.clone()>"Type "<code>{shown}</code>": its data may be lost"</label>
            <input id=id type="text" autocomplete="off" spellcheck="false" prop:value=value on:input=write />
        </div>
    }
    .into_any()
}

fn break_glass(names: Vec<String>, form: Form) -> AnyView {
    let blocked = move || {
        form.busy.get()
            || !form.missing(&names).is_empty()
            || form.glass.with(|reason| reason.trim().is_empty())
    };
    let approve = move |_| form.send(Verdict::Approve, true);
    view! {
        <details class="details plan-glass">
            <summary>"Break the glass"</summary>
            <div class="stack">
                <p class="notice" data-tone="wait">"This sets the approval rules and freeze windows aside and deploys now, on your word alone. It is for emergencies: your name and reason are recorded, and everybody sees them in the history."</p>
                <div class="field">
                    <label for="glass-reason">"Why this cannot wait (required)"</label>
                    <input id="glass-reason" type="text" maxlength="1000" autocomplete="off" prop:value=form.glass
                        on:input=move |event| form.glass.set(event_target_value(&event)) />
                </div>
                <div><button type="button" class="button button-danger" disabled=blocked on:click=approve>"Break the glass and approve"</button></div>
            </div>
        </details>
    }
    .into_any()
}
