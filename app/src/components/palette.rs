//! The command palette: Ctrl K, a few letters, Enter. Beside pages it finds datasets and the newest
//! runs and executions with their plans, which it asks for while the reader types.

use domain::dataset::DatasetId;
use domain::run::{RunId, RunStatus};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use leptos_router::location::Url;
use serde::Deserialize;

use super::dialog::close_dialog;
use super::shell::switch_theme;
use crate::api::{Page, get};
use crate::place::{in_environment, use_environment, use_me};

/// Pages, datasets, runs and executions that are shown, of each kind.
const PAGES: usize = 21;
const DATASETS: usize = 6;
const RUNS: usize = 6;
const EXECUTIONS: usize = 4;
/// The newest runs among which those that match are looked for.
const NEWEST: usize = 100;

/// One thing to go to or to do.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    text: String,
    /// A path, or `theme`.
    target: String,
}

/// What the palette shows of a source.
#[derive(Deserialize)]
struct FoundSource {
    dataset: DatasetId,
}

/// What it shows of a run.
#[derive(Deserialize)]
struct FoundRun {
    id: RunId,
    key: String,
    status: RunStatus,
    /// As the API says it: only looked at by people.
    created_at: String,
}

impl FoundRun {
    fn entry(&self, environment: &str) -> Entry {
        let file = self.key.rsplit('/').next().unwrap_or_default();
        let minute = self.created_at.get(..16).unwrap_or_default().replace('T', " ");
        Entry {
            text: format!("Run of {file}: {}, {minute}", self.status),
            target: format!("/{environment}/runs/{}", self.id),
        }
    }
}

/// What it shows of an execution.
#[derive(Deserialize)]
struct FoundExecution {
    id: String,
    status: String,
    commit: FoundCommit,
}

#[derive(Deserialize)]
struct FoundCommit {
    id: String,
    summary: String,
}

impl FoundExecution {
    /// The execution; of one that waits for people, its plan.
    fn entry(&self, environment: &str) -> Entry {
        let (kind, rest) = match self.status.as_str() {
            "AWAITING_APPROVAL" => ("Plan", "/plan"),
            _ => ("Execution", ""),
        };
        Entry {
            text: format!("{kind} of {}: {}", self.commit.summary, self.status),
            target: format!("/{environment}/pipelines/{}{rest}", self.id),
        }
    }
}

/// The palette's dialog, and the keys that open it.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let (typed, set_typed) = signal(String::new());
    let (chosen, set_chosen) = signal(0_usize);
    let (entries, environment) = (use_entries(), use_environment());
    let there = RwSignal::new(Vec::new());
    let found = Memo::new(move |_| matching(&entries.get(), &there.get(), &typed.get()));
    let look = move |text: String| {
        let here = environment.get_untracked();
        spawn_local(async move {
            let fresh = look_up(&here, &text).await;
            // Answers to what was typed before come late.
            if typed.try_get_untracked().is_some_and(|now| now == text) {
                there.set(fresh);
            }
        });
    };
    let navigate = use_navigate();
    let go = Callback::new(move |entry: Entry| {
        close_dialog("palette");
        set_typed.set(String::new());
        match entry.target.as_str() {
            "theme" => switch_theme(),
            path => navigate(path, NavigateOptions::default()),
        }
    });
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        let last = found.with(|found| found.len().saturating_sub(1));
        match event.key().as_str() {
            "ArrowDown" => set_chosen.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => set_chosen.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                if let Some(entry) = found.with(|found| found.get(chosen.get()).cloned()) {
                    go.run(entry);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    open_on_keys();
    let option = move |(at, entry): (usize, Entry)| {
        let text = entry.text.clone();
        view! {
            <li id=format!("palette-{at}") role="option" class="palette-entry"
                aria-selected=move || (chosen.get() == at).to_string()
                on:click=move |_| go.run(entry.clone())>{text}</li>
        }
    };
    view! {
        <dialog id="palette" class="dialog palette" aria-label="Go to">
            <input type="text" class="palette-input" placeholder="Page, dataset, run or commit" autofocus
                role="combobox" aria-label="Page, dataset, run or commit" aria-expanded="true"
                aria-controls="palette-list" aria-activedescendant=move || format!("palette-{}", chosen.get())
                autocomplete="off" spellcheck="false"
                prop:value=typed
                on:input=move |event| {
                    let text = event_target_value(&event);
                    set_typed.set(text.clone());
                    set_chosen.set(0);
                    look(text);
                }
                on:keydown=on_key />
            <ul id="palette-list" role="listbox" class="palette-list" aria-label="Where to go">
                {move || found.get().into_iter().enumerate().map(option).collect_view()}
            </ul>
        </dialog>
    }
}

/// Where one can always go.
fn use_entries() -> Memo<Vec<Entry>> {
    let (me, environment) = (use_me(), use_environment());
    Memo::new(move |_| {
        let here = environment.get();
        let entry = |text: String, target: String| Entry { text, target };
        let mut entries = vec![
            entry("Overview".into(), format!("/{here}")),
            entry("Sources".into(), format!("/{here}/sources")),
            entry("Register a source".into(), format!("/{here}/sources/new")),
            entry("Transformations".into(), format!("/{here}/transformations")),
            entry("Lineage".into(), format!("/{here}/lineage")),
            entry("Catalog".into(), format!("/{here}/catalog")),
            entry("Query".into(), format!("/{here}/query")),
            entry("Runs".into(), format!("/{here}/runs")),
            entry("Runs that failed".into(), format!("/{here}/runs?status=FAILED")),
            entry("Runs that are held".into(), format!("/{here}/runs?status=HELD")),
            entry("Quality".into(), format!("/{here}/quality")),
            entry("Quarantine".into(), format!("/{here}/quarantine")),
            entry("Pipelines".into(), format!("/{here}/pipelines")),
            entry("Approvals".into(), format!("/{here}/approvals")),
            entry("History of deployments".into(), format!("/{here}/deployments")),
            entry("Compare environments".into(), format!("/{here}/compare")),
            entry("Members and roles".into(), "/settings/members".into()),
            entry("API tokens".into(), "/settings/tokens".into()),
            entry("Audit log".into(), "/settings/audit".into()),
            entry("API reference".into(), "/api".into()),
            entry("Light or dark".into(), "theme".into()),
        ];
        let others = me.environments.iter().filter(|name| name.as_str() != here);
        entries.extend(others.map(|name| entry(format!("Environment {name}"), format!("/{name}"))));
        entries
    })
}

/// Datasets, runs and executions of an environment that match what was typed. What cannot be asked is not shown.
async fn look_up(environment: &str, typed: &str) -> Vec<Entry> {
    let typed = typed.trim().to_lowercase();
    if typed.is_empty() || environment.is_empty() {
        return Vec::new();
    }
    let search = format!("/sources?limit={DATASETS}&search={}", Url::escape(&typed));
    let sources = get::<Page<FoundSource>>(in_environment(environment, &search)).await;
    let newest = in_environment(environment, &format!("/runs?limit={NEWEST}"));
    let runs = get::<Page<FoundRun>>(newest).await;
    let sources = sources.map(|page| page.items).unwrap_or_default().into_iter();
    let sources = sources.map(|source| Entry {
        text: format!("Source {}", source.dataset),
        target: format!("/{environment}/sources/{}", source.dataset),
    });
    let runs = runs.map(|page| page.items).unwrap_or_default().into_iter();
    let runs = runs.filter(|run| holds(&format!("run {} {}", run.key, run.status), &typed));
    let runs = runs.take(RUNS).map(|run| run.entry(environment));
    let newest = in_environment(environment, &format!("/executions?limit={NEWEST}"));
    let executions = get::<Page<FoundExecution>>(newest).await;
    let executions = executions.map(|page| page.items).unwrap_or_default().into_iter();
    let executions = executions.filter(|run| {
        let (id, commit) = (&run.id, &run.commit.id);
        holds(
            &format!("execution plan {id} {commit} {} {}", run.commit.summary, run.status),
            &typed,
        )
    });
    let executions = executions.take(EXECUTIONS).map(|run| run.entry(environment));
    sources.chain(runs).chain(executions).collect()
}

/// Whether a text holds all words that were typed, in lower case.
fn holds(text: &str, typed: &str) -> bool {
    let text = text.to_lowercase();
    typed.split_whitespace().all(|word| text.contains(word))
}

/// Pages that contain all typed words, what was found elsewhere, and what an id or a dataset typed
/// in full leads to.
fn matching(entries: &[Entry], there: &[Entry], typed: &str) -> Vec<Entry> {
    let typed = typed.trim().to_lowercase();
    let mut found: Vec<Entry> =
        entries.iter().filter(|entry| holds(&entry.text, &typed)).take(PAGES).cloned().collect();
    found.extend(there.iter().filter(|_| !typed.is_empty()).cloned());
    let here = entries.first().map(|entry| entry.target.clone()).unwrap_or_default();
    let mut add = |text: String, target: String| {
        if !found.iter().any(|entry| entry.target == target) {
            found.push(Entry { text, target });
        }
    };
    if typed.parse::<RunId>().is_ok() {
        add(format!("Run {typed}"), format!("{here}/runs/{typed}"));
    }
    if typed.parse::<DatasetId>().is_ok() {
        add(format!("Source {typed}"), format!("{here}/sources/{typed}"));
    }
    found
}

/// Ctrl K or Cmd K anywhere, and `/` outside of fields.
fn open_on_keys() {
    #[cfg(not(feature = "ssr"))]
    {
        let handle = window_event_listener(leptos::ev::keydown, |event| {
            let combination = (event.ctrl_key() || event.meta_key()) && event.key() == "k";
            if combination {
                event.prevent_default();
                super::dialog::open_dialog("palette");
            }
        });
        on_cleanup(move || handle.remove());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_ids_and_datasets_are_found() {
        let entry = |text: &str, target: &str| Entry { text: text.into(), target: target.into() };
        let entries =
            [entry("Overview", "/dev"), entry("Runs that failed", "/dev/runs?status=FAILED")];
        let targets = |typed: &str| -> Vec<String> {
            matching(&entries, &[], typed).into_iter().map(|entry| entry.target).collect()
        };
        assert_eq!(targets("FAIL runs"), ["/dev/runs?status=FAILED"]);
        assert_eq!(targets("tlc/green"), ["/dev/sources/tlc/green"]);
        let id = RunId::generate().to_string();
        assert_eq!(targets(&id), [format!("/dev/runs/{id}")]);
        let there = [entry("Source tlc/green", "/dev/sources/tlc/green")];
        assert_eq!(matching(&entries, &there, "tlc/green"), there, "each once");
    }
}
