//! What the pieces of a table's rules share: which table, its rules as they are saved, and how they
//! are changed.

use domain::quality::{QualityRules, SavedRules};
use leptos::prelude::*;

use super::form::Form;
use crate::api::quality::{RulesToSave, RulesToTry, RulesTried, TableQuality};
use crate::api::{Problem, get, send};
use crate::place::{in_environment, may};

/// One table's rules on a page.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) environment: Memo<String>,
    pub(super) path: Memo<String>,
    pub(super) data: Resource<Result<TableQuality, Problem>>,
    pub(super) may_edit: Memo<bool>,
    pub(super) form: Form,
    /// The keys while somebody chooses them.
    pub(super) keys: RwSignal<Vec<String>>,
    /// The rule that somebody asked to remove.
    pub(super) removing: RwSignal<Option<String>>,
    /// What the saved rules say about what the table holds now, once somebody asked.
    pub(super) checked: RwSignal<Option<Result<RulesTried, Problem>>>,
    pub(super) busy: RwSignal<bool>,
}

impl Desk {
    pub(super) fn new(environment: Memo<String>, table: Memo<(String, String)>) -> Self {
        let path = Memo::new(move |_| {
            let (database, table) = table.get();
            in_environment(&environment.get(), &format!("/tables/{database}/{table}/quality"))
        });
        Self {
            environment,
            path,
            data: Resource::new(move || path.get(), get::<TableQuality>),
            may_edit: may(domain::access::Permission::EditTransformations),
            form: Form::new(),
            keys: RwSignal::new(Vec::new()),
            removing: RwSignal::new(None),
            checked: RwSignal::new(None),
            busy: RwSignal::new(false),
        }
    }

    /// The table as it was asked for last, for what happens on a click.
    pub(super) fn table(self) -> Option<TableQuality> {
        // Not as a resource: nothing is rendered from what is read here.
        let inner: &AsyncDerived<Result<TableQuality, Problem>> = &self.data;
        inner.try_get_untracked().flatten().and_then(Result::ok)
    }

    /// The saved rules.
    pub(super) fn rules(self) -> QualityRules {
        let saved = self.table().and_then(|table| table.saved);
        saved.map(|saved| saved.rules).unwrap_or_default()
    }

    /// Saves rules in place of those that are saved now.
    pub(super) fn save(
        self,
        rules: QualityRules,
        message: String,
    ) -> impl Future<Output = Result<SavedRules, Problem>> {
        let base = self.table().and_then(|table| table.saved).map_or(0, |saved| saved.version);
        let (path, new) = (self.path.get_untracked(), RulesToSave { rules, message, base });
        async move { send("PUT", path, &new).await }
    }

    /// What rules say about what the table holds now.
    pub(super) fn try_rules(
        self,
        rules: QualityRules,
    ) -> impl Future<Output = Result<RulesTried, Problem>> {
        let path = format!("{}/trial", self.path.get_untracked());
        let asked = RulesToTry { rules, all_days: false };
        async move { send("POST", path, &asked).await }
    }
}
