//! What is open on the workbench: tabs, their texts, the query that each ran last.

use std::time::Duration;

use domain::query::{QueryId, QueryState};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::json;

use crate::api::queries::{EstimateAnswer, QueryInfo, QueryTab, QueryTabs};
use crate::api::{Problem, get, send};
use crate::components::{Arranged, toast_problem};
use crate::live::follow_events;
use crate::place::in_environment;

/// Tabs are kept on the server so long after the last change.
const KEEP_AFTER: Duration = Duration::from_millis(700);

/// Pauses between two looks at a running query, in milliseconds: short ones first.
const LOOKS: [u64; 8] = [60, 100, 150, 250, 400, 600, 800, 1_000];

/// What lies beside the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Tables,
    Saved,
    History,
}

/// What is shown of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Rows,
    Chart,
    Comparison,
}

/// The workbench of the page. Copies share it.
#[derive(Clone, Copy)]
pub(super) struct Bench {
    pub(super) environment: Memo<String>,
    pub(super) tabs: RwSignal<Vec<QueryTab>>,
    pub(super) selected: RwSignal<u32>,
    /// The text in the editor.
    pub(super) sql: RwSignal<String>,
    /// The query of the tab.
    pub(super) info: RwSignal<Option<QueryInfo>>,
    pub(super) estimate: RwSignal<Option<Result<EstimateAnswer, Problem>>>,
    pub(super) side: RwSignal<Side>,
    pub(super) shown: RwSignal<Shown>,
    /// How the rows of the grid are arranged.
    pub(super) arranged: RwSignal<Arranged>,
    /// Counts changes that are to be kept.
    changes: RwSignal<u32>,
}

impl Bench {
    pub(super) fn new(environment: Memo<String>, open: QueryTabs, info: Option<QueryInfo>) -> Self {
        let mut tabs = open.tabs;
        if tabs.is_empty() {
            tabs.push(QueryTab { id: 1, title: "Query 1".to_owned(), ..QueryTab::default() });
        }
        let at = (open.selected as usize).min(tabs.len() - 1);
        let (selected, sql) = (tabs[at].id, tabs[at].sql.clone());
        Self {
            environment,
            tabs: RwSignal::new(tabs),
            selected: RwSignal::new(selected),
            sql: RwSignal::new(sql),
            info: RwSignal::new(info),
            estimate: RwSignal::new(None),
            side: RwSignal::new(Side::Tables),
            shown: RwSignal::new(Shown::Rows),
            arranged: RwSignal::new(Arranged::default()),
            changes: RwSignal::new(0),
        }
    }

    /// The address of something of the environment in the API.
    pub(super) fn path(self, rest: &str) -> String {
        in_environment(&self.environment.get_untracked(), rest)
    }

    /// The tab that is shown.
    pub(super) fn tab(self) -> Option<QueryTab> {
        let id = self.selected.get();
        self.tabs.with(|tabs| tabs.iter().find(|tab| tab.id == id).cloned())
    }

    /// Changes the tab that is shown.
    pub(super) fn edit(self, change: impl FnOnce(&mut QueryTab)) {
        let id = self.selected.get_untracked();
        self.edit_tab(id, change);
    }

    fn edit_tab(self, id: u32, change: impl FnOnce(&mut QueryTab)) {
        self.tabs.try_update(|tabs| {
            if let Some(tab) = tabs.iter_mut().find(|tab| tab.id == id) {
                change(tab);
            }
        });
        self.keep();
    }

    /// Shows a tab.
    pub(super) fn select(self, id: u32) {
        self.selected.set(id);
        let tab = self.tabs.with_untracked(|tabs| tabs.iter().find(|tab| tab.id == id).cloned());
        let Some(tab) = tab else { return };
        self.sql.set(tab.sql);
        self.info.set(None);
        self.estimate.set(None);
        self.shown.set(Shown::Rows);
        if let Some(query) = tab.query {
            self.look(id, query);
        }
        self.keep();
    }

    /// Opens a tab and shows it.
    pub(super) fn open(self, title: Option<String>, sql: String, query: Option<QueryId>) -> u32 {
        let id =
            self.tabs.with_untracked(|tabs| tabs.iter().map(|tab| tab.id).max()).unwrap_or(0) + 1;
        let title = title.unwrap_or_else(|| format!("Query {id}"));
        self.tabs.update(|tabs| tabs.push(QueryTab { id, title, sql, query, saved: None }));
        self.select(id);
        id
    }

    /// Closes a tab; the last one is emptied instead.
    pub(super) fn close(self, id: u32) {
        let at = self.tabs.with_untracked(|tabs| tabs.iter().position(|tab| tab.id == id));
        let Some(at) = at else { return };
        self.tabs.update(|tabs| _ = tabs.remove(at));
        if self.tabs.with_untracked(Vec::is_empty) {
            self.open(Some("Query 1".to_owned()), String::new(), None);
        } else if self.selected.get_untracked() == id {
            let next = self.tabs.with_untracked(|tabs| tabs[at.min(tabs.len() - 1)].id);
            self.select(next);
        }
        self.keep();
    }

    /// Keeps the tabs on the server a moment after the last change.
    fn keep(self) {
        let Some(change) = self.changes.try_update(|changes| {
            *changes += 1;
            *changes
        }) else {
            return;
        };
        set_timeout(
            move || {
                if self.changes.try_get_untracked() == Some(change) {
                    self.keep_now();
                }
            },
            KEEP_AFTER,
        );
    }

    fn keep_now(self) {
        let (tabs, id) = (self.tabs.get_untracked(), self.selected.get_untracked());
        let selected = tabs.iter().position(|tab| tab.id == id).unwrap_or_default();
        let open = QueryTabs { tabs, selected: u32::try_from(selected).unwrap_or_default() };
        let path = self.path("/query-tabs");
        spawn_local(async move {
            if let Err(problem) = send::<_, QueryTabs>("PUT", path, &open).await {
                toast_problem(&problem);
            }
        });
    }

    /// Runs the selection, or all of the text when nothing is selected.
    pub(super) fn run(self, selection: String) {
        let all = self.sql.get_untracked();
        let sql = if selection.trim().is_empty() { all } else { selection };
        let tab = self.selected.get_untracked();
        let path = self.path("/queries");
        self.shown.set(Shown::Rows);
        self.estimate.set(None);
        spawn_local(async move {
            match send::<_, QueryInfo>("POST", path, &json!({ "sql": sql })).await {
                Ok(info) => {
                    let id = info.id;
                    self.edit_tab(tab, |tab| tab.query = Some(id));
                    self.arrived(tab, info);
                    self.look(tab, id);
                }
                Err(problem) => toast_problem(&problem),
            }
        });
    }

    /// Stops the query of the tab.
    pub(super) fn cancel(self) {
        let Some(info) = self.info.get_untracked() else { return };
        let path = self.path(&format!("/queries/{}/cancel", info.id));
        let tab = self.selected.get_untracked();
        spawn_local(async move {
            match send::<_, QueryInfo>("POST", path, &json!({})).await {
                Ok(info) => self.look(tab, info.id),
                Err(problem) => toast_problem(&problem),
            }
        });
    }

    /// Looks at a query, and follows it until it has ended or another is shown.
    pub(super) fn look(self, tab: u32, query: QueryId) {
        let path = self.path(&format!("/queries/{query}"));
        spawn_local(async move {
            if let Some(true) = self.look_once(tab, path.clone()).await {
                self.follow(tab, query, path);
            }
        });
    }

    /// Asks how a query stands; whether it goes on, or nothing when another tab is shown by now.
    async fn look_once(self, tab: u32, path: String) -> Option<bool> {
        let answer = get::<QueryInfo>(path).await;
        if self.selected.try_get_untracked() != Some(tab) {
            return None;
        }
        Some(match answer {
            Ok(info) => {
                let goes_on = !info.state.is_terminal();
                self.arrived(tab, info);
                goes_on
            }
            // It was removed, or the network is gone: asked again only for the latter.
            Err(problem) => problem.status == 0,
        })
    }

    /// Hears of a query from the server; where that does not work, asks again and again.
    fn follow(self, tab: u32, query: QueryId, path: String) {
        let events = format!("{path}/events");
        let heard = move |event: String| {
            if !self.is_shown(tab, query) {
                return false;
            }
            let Ok(info) = serde_json::from_str::<QueryInfo>(&event) else { return true };
            let goes_on = !info.state.is_terminal();
            self.arrived(tab, info);
            goes_on
        };
        let lost = move || self.look_again(tab, query, path.clone(), 0);
        follow_events(&events, "query", heard, lost);
    }

    fn look_again(self, tab: u32, query: QueryId, path: String, times: usize) {
        let pause = Duration::from_millis(LOOKS[times.min(LOOKS.len() - 1)]);
        let look = move || {
            if !self.is_shown(tab, query) {
                return;
            }
            spawn_local(async move {
                if let Some(true) = self.look_once(tab, path.clone()).await {
                    self.look_again(tab, query, path, times + 1);
                }
            });
        };
        set_timeout(look, pause);
    }

    /// Whether a tab with this query is still what the reader sees.
    fn is_shown(self, tab: u32, query: QueryId) -> bool {
        let shown = self.info.try_get_untracked().flatten();
        let same = shown.is_none_or(|info| info.id == query);
        self.selected.try_get_untracked() == Some(tab) && same
    }

    fn arrived(self, tab: u32, info: QueryInfo) {
        if self.selected.try_get_untracked() != Some(tab) {
            return;
        }
        if self.info.with_untracked(|shown| shown.as_ref() != Some(&info)) {
            self.info.set(Some(info));
        }
    }

    /// Asks what the text would read.
    pub(super) fn ask_estimate(self) {
        let (path, sql) = (self.path("/queries/estimate"), self.sql.get_untracked());
        spawn_local(async move {
            let answer = send::<_, EstimateAnswer>("POST", path, &json!({ "sql": sql })).await;
            self.estimate.try_set(Some(answer));
        });
    }

    /// Whether a query of the tab is under way.
    pub(super) fn is_busy(self) -> bool {
        self.info.with(|info| {
            info.as_ref()
                .is_some_and(|info| matches!(info.state, QueryState::Queued | QueryState::Running))
        })
    }
}
