//! What dropping or retyping columns would break, before the new version is saved.

use domain::source::Source;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::draft::Draft;
use crate::api::lineage::{
    AffectedQuery, AffectedTransformation, Breakage, ChangeWay, ChangedColumn, SourceChange,
};
use crate::api::{Problem, send};
use crate::components::failure_line;
use crate::place::in_environment;

/// Nothing while no column of the current version is dropped or retyped.
pub(super) fn breaks(draft: Draft) -> AnyView {
    let columns = Memo::new(move |_| {
        let Some(current) = draft.current.get_value() else { return Vec::new() };
        draft
            .source
            .with(|source| source.as_ref().map(|new| changed(&current, new)))
            .unwrap_or_default()
    });
    let answer = RwSignal::new(None::<Result<Breakage, Problem>>);
    Effect::new(move |_| {
        let columns = columns.get();
        answer.set(None);
        if !columns.is_empty() {
            ask(draft, columns, answer);
        }
    });
    let found = move || {
        if columns.with(Vec::is_empty) {
            return ().into_any();
        }
        let here = draft.environment.get_untracked();
        match answer.get() {
            None => {
                view! { <p class="muted">"Looking for SQL that this would break…"</p> }.into_any()
            }
            Some(Err(problem)) => failure_line(&problem),
            Some(Ok(found)) => shown(&here, found),
        }
    };
    view! { <div role="status" aria-label="What this would break">{found}</div> }.into_any()
}

/// The columns of the current version that the new one lacks or has with another type.
fn changed(current: &Source, new: &Source) -> Vec<ChangedColumn> {
    let change = |column: &domain::column::Column| {
        let now = new.column(&column.name).map(|now| now.column_type);
        (now != Some(column.column_type)).then(|| ChangedColumn {
            name: column.name.clone(),
            column_type: now.map(|now| now.to_string()),
        })
    };
    current.columns.iter().filter_map(change).collect()
}

fn ask(
    draft: Draft,
    columns: Vec<ChangedColumn>,
    answer: RwSignal<Option<Result<Breakage, Problem>>>,
) {
    let Some(dataset) = draft
        .current
        .with_value(|current| current.as_ref().map(|current| current.dataset.to_string()))
    else {
        return;
    };
    let path = format!("/sources/{dataset}/breaks");
    let path = in_environment(&draft.environment.get_untracked(), &path);
    let question = SourceChange { columns };
    let found = send::<_, Breakage>("POST", path, &question);
    spawn_local(async move {
        let found = found.await;
        // An answer to an older question would tell of what is no longer changed.
        let now = draft.source.try_with_untracked(|source| {
            let current = draft.current.get_value()?;
            Some(changed(&current, source.as_ref()?))
        });
        if now.flatten().is_some_and(|now| now == question.columns) {
            answer.try_set(Some(found));
        }
    });
}

fn shown(here: &str, found: Breakage) -> AnyView {
    let count = found.transformations.len() + found.queries.len();
    if count == 0 && found.hidden_queries == 0 {
        let text = match found.unaffected.len() {
            0 => "No SQL reads this source: nothing breaks.".to_owned(),
            1 => "Nothing breaks: the transformation that reads this source goes on as before."
                .to_owned(),
            n => format!(
                "Nothing breaks: {n} transformations that read this source go on as before."
            ),
        };
        return view! { <p class="notice" data-tone="good">{text}</p> }.into_any();
    }
    let transformations =
        found.transformations.into_iter().map(|found| transformation(here, found));
    let transformations = transformations.collect_view();
    let queries = found.queries.into_iter().map(|found| query(here, found)).collect_view();
    let hidden = (found.hidden_queries > 0).then(|| {
        let text = match found.hidden_queries {
            1 => "One private saved query of somebody else".to_owned(),
            n => format!("{n} private saved queries of others"),
        };
        view! { <li>{text}</li> }
    });
    view! {
        <div class="notice breaks" data-tone="wait">
            <p><strong>"Dropping or retyping these columns touches SQL that rests on them:"</strong></p>
            <ul>{transformations}{queries}{hidden}</ul>
            <p>"Tell their owners, or correct the SQL right after saving."</p>
        </div>
    }
    .into_any()
}

fn transformation(here: &str, found: AffectedTransformation) -> AnyView {
    let href = format!("/{here}/transformations/{}", found.dataset);
    let problem = found.problem.map(|problem| match found.line {
        Some(line) => format!("line {line}: {problem}"),
        None => problem,
    });
    let owner = if found.owner.is_empty() { found.author } else { found.owner };
    let what = what(problem, &found.output_changes, &found.ways);
    item("Transformation", href, found.dataset.to_string(), owner, what)
}

fn query(here: &str, found: AffectedQuery) -> AnyView {
    let href = format!("/{here}/query?saved={}", found.id);
    let what = what(found.problem, &found.output_changes, &found.ways);
    item("Saved query", href, found.name, found.owner, what)
}

/// What becomes of SQL and by which tables, in words.
fn what(problem: Option<String>, output_changes: &[String], ways: &[ChangeWay]) -> String {
    let stopped: Vec<_> = ways.iter().filter(|way| way.stops).collect();
    let changed = ways.iter().filter(|way| !way.stops).map(|way| match &way.built_by {
        Some(dataset) => format!("through {}, which {dataset} builds", way.table),
        None => format!("over {}", way.table),
    });
    let by = changed.collect::<Vec<_>>().join(" and ");
    let what = match problem {
        Some(problem) => Some(format!("would not run {by}: {problem}")),
        None if output_changes.is_empty() => None,
        None => Some(format!("would return other columns {by}: {}", output_changes.join(", "))),
    };
    let stopped = stopped.iter().map(|way| {
        let by = way.built_by.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("would get no new rows: {} is not built any more when {by} does not run", way.table)
    });
    what.into_iter().chain(stopped).collect::<Vec<_>>().join("; ")
}

fn item(kind: &'static str, href: String, name: String, owner: String, what: String) -> AnyView {
    view! { <li>{kind}" "<a href=href>{name}</a>" of "{owner}" "{what}</li> }.into_any()
}
