//! Other runs of the same dataset that rejected rows, to be tested and replayed with the one shown.

use std::collections::BTreeMap;

use domain::run::RunId;
use leptos::prelude::*;

use super::words::file_name;
use crate::api::get;
use crate::api::quarantine::{Quarantine, RejectingRun};
use crate::components::{absolute, loaded};
use crate::format::count;
use crate::place::in_environment;

/// Runs that are offered, the newest.
const OFFERED: usize = 20;

/// The runs that are tested and replayed: the one shown, and those chosen beside it.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    shown: RunId,
    /// Those beside, with their rejected rows.
    beside: RwSignal<BTreeMap<RunId, u64>>,
}

impl Chosen {
    pub(super) fn only(shown: RunId) -> Self {
        Self { shown, beside: RwSignal::new(BTreeMap::new()) }
    }

    /// All of them, the one shown first.
    pub(super) fn runs(&self) -> Vec<RunId> {
        let beside = self.beside.get_untracked();
        std::iter::once(self.shown).chain(beside.into_keys().rev()).collect()
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.beside.with(BTreeMap::len) + 1
    }

    /// Rejected rows of those beside.
    pub(super) fn rows_beside(&self) -> u64 {
        self.beside.with(|beside| beside.values().sum())
    }

    fn set(&self, run: RunId, rows: u64, on: bool) {
        self.beside.update(|beside| match on {
            true => drop(beside.insert(run, rows)),
            false => drop(beside.remove(&run)),
        });
    }
}

/// The list to choose from.
pub(super) fn other_runs(environment: &str, run: &RejectingRun, chosen: Chosen) -> AnyView {
    let dataset = run.dataset.to_string().replace('/', "%2F");
    let path = format!("/quarantine?limit={OFFERED}&dataset={dataset}");
    let path = in_environment(environment, &path);
    let held = Resource::new(move || path.clone(), get::<Quarantine>);
    let shown = run.id;
    view! {
        <details class="details">
            <summary>{move || match chosen.len() {
                1 => "Other runs of this dataset".to_owned(),
                runs => format!("Other runs of this dataset: {} chosen", runs - 1),
            }}</summary>
            {loaded(held, 2, move |held: Quarantine| list(held, shown, chosen))}
        </details>
    }
    .into_any()
}

/// Those that were run again since say nothing of the table as it is.
fn list(held: Quarantine, shown: RunId, chosen: Chosen) -> AnyView {
    let runs = held.runs.items.into_iter();
    let open =
        runs.filter(|run| run.id != shown && run.newer.is_none() && run.status.is_terminal());
    let rows: Vec<_> = open.map(|run| row(&run, chosen)).collect();
    if rows.is_empty() {
        return view! { <p class="muted">"No other run of it rejected rows."</p> }.into_any();
    }
    view! { <ul class="other-runs">{rows}</ul> }.into_any()
}

fn row(run: &RejectingRun, chosen: Chosen) -> AnyView {
    let (id, rows) = (run.id, run.rows_rejected);
    let text = format!(
        "{}, {} rows rejected, {}",
        file_name(&run.key),
        count(rows),
        absolute(run.created_at)
    );
    view! {
        <li><label class="check">
            <input type="checkbox" on:change=move |event| chosen.set(id, rows, event_target_checked(&event)) />
            <span>{text}</span>
        </label></li>
    }
    .into_any()
}
