//! From a sample file to a registered source: choose, correct, preview, pin. The same page makes the
//! next version of a source.

use domain::access::Permission;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};

use super::breaks::breaks;
use super::columns_editor::columns_editor;
use super::dialect_editor::dialect_editor;
use super::draft::Draft;
use super::preview_step::preview_step;
use super::sample_step::sample_step;
use super::settings_editor::{identity_editor, policies_editor};
use super::versions::changes;
use crate::api::get;
use crate::api::samples::Sample;
use crate::api::sources::SourceDetail;
use crate::components::{Empty, PageHeader, failure, loaded, toast};
use crate::format::count;
use crate::place::{in_environment, may, use_environment, use_me};

/// The page. `dataset` in the query names the source to edit or register, `key` its first sample.
pub(crate) fn register() -> impl IntoView {
    let (environment, query) = (use_environment(), use_query_map());
    let dataset = Memo::new(move |_| query.get().get("dataset").unwrap_or_default());
    let existing = Resource::new(
        move || (environment.get(), dataset.get()),
        |(environment, dataset)| {
            let path = in_environment(&environment, &format!("/sources/{dataset}"));
            let answer = (!dataset.is_empty()).then(|| get::<SourceDetail>(path));
            async move {
                let Some(answer) = answer else { return Ok(None) };
                match answer.await {
                    Err(problem) if problem.status == 404 => Ok(None),
                    answer => answer.map(Some),
                }
            }
        },
    );
    let key = query.get_untracked().get("key");
    let crumbs = vec![(format!("/{}/sources", environment.get_untracked()), "Sources".to_owned())];
    // A page is asked for by its address alone, so that the title does not wait for the source.
    let title = move || match dataset.get() {
        dataset if dataset.is_empty() => "Register a source".to_owned(),
        dataset => format!("Registration of {dataset}"),
    };
    let (may_edit, owner) = (may(Permission::EditSources), use_me().login);
    view! {
        <PageHeader title=Signal::derive(title) crumbs=crumbs
            lead="Nothing is read by guesswork: a sample is proposed, you decide, and what you pin holds until you change it." />
        {loaded(existing, 8, move |existing| {
            if !may_edit.get_untracked() {
                return view! {
                    <Empty title="You may look, but not register">
                        <p>"Registering sources needs the role of an engineer in this environment."</p>
                    </Empty>
                }
                .into_any();
            }
            let owner = owner.clone();
            let draft = Draft::new(environment, &dataset.get_untracked(), existing, owner);
            wizard(draft, key.clone())
        })}
    }
}

fn wizard(draft: Draft, key: Option<String>) -> AnyView {
    // Only the browser looks at samples.
    Effect::new(move |_| {
        if let Some(key) = &key {
            draft.look_at(Sample::Key(key.clone()), None);
        }
    });
    let problem = move || draft.problem.get().map(failure);
    let steps = move || {
        let ready = draft.source.with(Option::is_some);
        ready.then(|| {
            view! {
                {step(2, "Correct", columns_step(draft))}
                {step(3, "Preview", preview_step(draft))}
                {step(4, if draft.base > 0 { "Save" } else { "Pin" }, pin_step(draft))}
            }
        })
    };
    // The steps are made once; they follow the draft by themselves.
    let ready = Memo::new(move |_| draft.source.with(Option::is_some));
    let first = if draft.base > 0 { "Choose a sample to check against" } else { "Choose a sample" };
    view! {
        <div class="stack wizard">
            {step(1, first, sample_step(draft))}
            {problem}
            {move || ready.get().then(|| untrack(steps))}
        </div>
    }
    .into_any()
}

fn step(number: u8, title: &'static str, content: AnyView) -> AnyView {
    let id = format!("step-{number}");
    let labelled = id.clone();
    view! {
        <section class="card" aria-labelledby=labelled>
            <header class="card-header"><h2 id=id><span class="step-number">{number}</span>{title}</h2></header>
            <div class="card-body stack">{content}</div>
        </section>
    }
    .into_any()
}

fn columns_step(draft: Draft) -> AnyView {
    let read = move || {
        draft.proposal.get().map(|proposal| {
            let of = if proposal.is_whole { "all" } else { "the first" };
            let malformed = match proposal.rows_rejected {
                0 => String::new(),
                rows => format!("; {} of them are malformed whatever the types", count(rows)),
            };
            let text =
                format!("Judged by {of} {} rows of the sample{malformed}.", count(proposal.rows));
            view! { <p class="muted">{text}</p> }
        })
    };
    // A sample that was picked may bring the name of its dataset.
    let identity = move || {
        draft.generation.track();
        untrack(|| identity_editor(draft))
    };
    view! {
        {identity}
        {dialect_editor(draft)}
        {read}
        {columns_editor(draft)}
        {policies_editor(draft)}
    }
    .into_any()
}

fn pin_step(draft: Draft) -> AnyView {
    let navigate = use_navigate();
    let navigate = Callback::new(move |page: String| navigate(&page, Default::default()));
    let differences = move || {
        let current = draft.current.get_value()?;
        let source = draft.source.get()?;
        Some(changes(&source.changes_since(&current)))
    };
    let blocked = Memo::new(move |_| {
        let unchanged = draft.source.with(|source| *source == draft.current.get_value());
        let faults = draft.faults();
        match draft.dataset_fault() {
            Some(fault) => Some(fault),
            None if unchanged => Some("Nothing differs from the current version.".to_owned()),
            None => faults.into_iter().next().map(|fault| fault.message),
        }
    });
    let save = move |_| {
        draft.register(move |registered, dataset| {
            let held = match registered.released_runs {
                0 => String::new(),
                1 => "; one file that waited is on its way".to_owned(),
                runs => format!("; {} files that waited are on their way", count(runs)),
            };
            toast("good", format!("{dataset} is registered, version {}{held}", registered.version));
            for remark in registered.remarks {
                toast("calm", remark);
            }
            let here = draft.environment.get_untracked();
            let page = format!("/{here}/sources/{dataset}");
            navigate.run(page);
        });
    };
    let text = if draft.base > 0 {
        format!("Save as version {}", draft.base + 1)
    } else {
        "Register".to_owned()
    };
    let problem = move || {
        draft.problem.get().map(|problem| {
            let reload = (problem.status == 409)
                .then(|| view! { <p>"Reload this page to begin from the current version."</p> });
            view! { <div class="failure" role="alert"><p>{problem.detail}</p>{reload}</div> }
        })
    };
    view! {
        {differences}
        {breaks(draft)}
        <p class="muted">"Later files are read by exactly this. A new version never changes rows that are written; replay their runs for that."</p>
        {problem}
        <div class="row">
            <button type="button" class="button button-primary" on:click=save
                disabled=move || draft.busy.get() || blocked.get().is_some()>{text}</button>
            <span class="muted" role="status">{blocked}</span>
        </div>
    }
    .into_any()
}
