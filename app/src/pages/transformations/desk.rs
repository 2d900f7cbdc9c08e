//! The desk: the SQL in the making, what is known about it, and what was saved.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::drafts::Draft;
use crate::api::transformations::{
    Checked, DryRun, FixtureReport, Impact, Merged, Preview, SavedTransformation, Severity,
    SqlText, Standing, TransformationDetail,
};
use crate::api::{Problem, send};
use crate::place::in_environment;

/// Id of the editor in the document.
pub(super) const EDITOR: &str = "sql";

/// Everything about one transformation being edited.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) environment: Memo<String>,
    pub(super) dataset: StoredValue<String>,
    pub(super) may_edit: Memo<bool>,
    /// What stands in the editor.
    pub(super) sql: RwSignal<String>,
    /// The version that it was made from; 0: there was none.
    pub(super) base: RwSignal<u64>,
    /// The version that runs, as far as this page knows.
    pub(super) live: RwSignal<Option<SavedTransformation>>,
    pub(super) standing: RwSignal<Standing>,
    pub(super) checked: RwSignal<Option<Result<Checked, Problem>>>,
    pub(super) dry_run: Trial<DryRun>,
    pub(super) preview: Trial<Preview>,
    pub(super) impact: Trial<Impact>,
    pub(super) tests: Trial<FixtureReport>,
    /// Two edits of one version that must be put together.
    pub(super) conflict: RwSignal<Option<Merged>>,
    /// Where keeping the draft stands.
    pub(super) kept: RwSignal<Kept>,
    /// A version that was just saved and whose table is not rebuilt yet.
    pub(super) fresh: RwSignal<Option<u64>>,
}

/// Where keeping the draft stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    /// The editor holds what is saved.
    Nothing,
    /// It will be kept in a moment.
    Soon,
    /// It is on the server.
    Yes,
    /// It could not be kept, and why.
    Failed(String),
}

impl Desk {
    pub(super) fn new(
        environment: Memo<String>,
        may_edit: Memo<bool>,
        detail: &TransformationDetail,
        draft: Option<Draft>,
    ) -> Self {
        let live = detail.current.clone();
        let saved_sql = live.as_ref().map(|live| live.sql.clone()).unwrap_or_default();
        let version = live.as_ref().map_or(0, |live| live.version);
        let draft = draft.filter(|draft| draft.sql != saved_sql);
        let kept = if draft.is_some() { Kept::Yes } else { Kept::Nothing };
        let (sql, base) = draft.map_or((saved_sql, version), |draft| (draft.sql, draft.base));
        Self {
            environment,
            dataset: StoredValue::new(detail.dataset.to_string()),
            may_edit,
            sql: RwSignal::new(sql),
            base: RwSignal::new(base),
            live: RwSignal::new(live),
            standing: RwSignal::new(detail.standing.clone()),
            checked: RwSignal::new(None),
            dry_run: Trial::new(),
            preview: Trial::new(),
            impact: Trial::new(),
            tests: Trial::new(),
            conflict: RwSignal::new(None),
            kept: RwSignal::new(kept),
            fresh: RwSignal::new(None),
        }
    }

    /// The API's path of something about this transformation, for example `/check`.
    pub(super) fn path(&self, rest: &str) -> String {
        let dataset = self.dataset.get_value();
        in_environment(
            &self.environment.get_untracked(),
            &format!("/transformations/{dataset}{rest}"),
        )
    }

    /// The SQL that runs; empty when there is none.
    pub(super) fn live_sql(&self) -> String {
        self.live.with(|live| live.as_ref().map(|live| live.sql.clone()).unwrap_or_default())
    }

    /// Whether the editor holds something else than what runs.
    pub(super) fn is_changed(&self) -> bool {
        self.sql.with(|sql| *sql != self.live_sql())
    }

    /// Number of findings that keep it from being saved.
    pub(super) fn errors(&self) -> usize {
        self.checked.with(|checked| match checked {
            Some(Ok(checked)) => {
                let errors = checked.findings.iter().filter(|f| f.severity == Severity::Error);
                errors.count()
            }
            _ => 0,
        })
    }

    /// Puts other SQL into the editor.
    pub(super) fn put(&self, sql: String, base: u64) {
        self.base.set(base);
        self.sql.set(sql);
    }

    /// What this page knows after a version was saved, here or by a restore.
    pub(super) fn saved(&self, saved: SavedTransformation, standing: Standing) {
        self.base.set(saved.version);
        self.fresh.set(Some(saved.version));
        self.sql.set(saved.sql.clone());
        self.standing.set(standing);
        self.live.set(Some(saved));
        self.conflict.set(None);
        super::kept::forget(*self);
    }
}

/// SQL that was tried on the server: whether it is under way, and what came of it.
pub(super) struct Trial<T: Send + Sync + 'static> {
    pub(super) busy: RwSignal<bool>,
    /// The SQL that was tried, with the answer.
    pub(super) answer: RwSignal<Option<(String, Result<T, Problem>)>>,
}

impl<T: Send + Sync + 'static> Clone for Trial<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Trial<T> {}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Trial<T> {
    fn new() -> Self {
        Self { busy: RwSignal::new(false), answer: RwSignal::new(None) }
    }

    /// Sends SQL to be tried, with all that the request needs; one at a time.
    pub(super) fn ask(self, path: String, sql: String, body: &impl Serialize) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let answer = send::<_, T>("POST", path, body);
        spawn_local(async move {
            let answer = answer.await;
            self.busy.try_set(false);
            self.answer.try_set(Some((sql, answer)));
        });
    }

    /// Tries what stands in the editor.
    pub(super) fn ask_sql(self, desk: Desk, rest: &str) {
        let sql = desk.sql.get_untracked();
        self.ask(desk.path(rest), sql.clone(), &SqlText { sql });
    }

    /// Whether the answer is of other SQL than the one in the editor.
    pub(super) fn is_stale(self, desk: Desk) -> bool {
        self.answer.with(|answer| {
            answer.as_ref().is_some_and(|(tried, _)| desk.sql.with(|sql| sql != tried))
        })
    }

    /// The answer, when it is of what stands in the editor.
    pub(super) fn of_now(self, desk: Desk) -> Option<T> {
        if self.is_stale(desk) {
            return None;
        }
        self.answer.with(|answer| answer.as_ref().and_then(|(_, found)| found.clone().ok()))
    }
}
