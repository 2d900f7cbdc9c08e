//! Descriptions while somebody writes them: what they were, what they are now, what others wrote
//! meanwhile.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::section::Here;
use crate::api::catalog::{DescriptionChange, TableDetail};
use crate::api::{Problem, get, send};
use crate::components::toast;

/// The texts of a table: `None` names the table itself, the others its columns.
pub(super) type Texts = BTreeMap<Option<String>, String>;

/// Ids of what has the focus when an edit begins, and when it ends.
pub(super) const FIRST_FIELD: &str = "describe-table";
pub(super) const EDIT_BUTTON: &str = "edit-descriptions";

/// An edit of descriptions. Kept outside of what is drawn, so that nothing typed is lost when the
/// page is drawn anew.
#[derive(Clone, Copy)]
pub(super) struct Editing {
    here: Here,
    /// The table as it was when the edit began or was last brought up to date; `None`: nobody edits.
    pub(super) base: RwSignal<Option<TableDetail>>,
    /// What stands in the fields.
    pub(super) texts: RwSignal<Texts>,
    /// What others wrote meanwhile where the reader wrote too.
    pub(super) theirs: RwSignal<Texts>,
    pub(super) refused: RwSignal<Option<Problem>>,
    pub(super) is_busy: RwSignal<bool>,
}

impl Editing {
    pub(super) fn new(here: Here) -> Self {
        Self {
            here,
            base: RwSignal::new(None),
            texts: RwSignal::default(),
            theirs: RwSignal::default(),
            refused: RwSignal::new(None),
            is_busy: RwSignal::new(false),
        }
    }

    pub(super) fn begin(self, detail: TableDetail) {
        self.texts.set(texts_of(&detail));
        self.theirs.set(Texts::new());
        self.refused.set(None);
        self.base.set(Some(detail));
        focus(FIRST_FIELD);
    }

    pub(super) fn end(self) {
        self.base.set(None);
        focus(EDIT_BUTTON);
    }

    /// Puts a text into a field.
    pub(super) fn write(self, field: &Option<String>, text: String) {
        self.texts.update(|texts| _ = texts.insert(field.clone(), text));
    }

    /// Sends what differs. When others were faster, takes over what they wrote, keeps what the
    /// reader wrote, and lets the reader look before it is saved.
    pub(super) fn save(self) {
        let Some(base) = self.base.get_untracked() else { return };
        let change = change(&base, &self.texts.get_untracked());
        self.is_busy.set(true);
        let path = self.here.path.get_untracked();
        spawn_local(async move {
            let answer = send::<_, TableDetail>("PUT", path.clone(), &change).await;
            match answer {
                Ok(fresh) => {
                    self.here.detail.set(Some(Ok(fresh)));
                    self.end();
                    toast("good", "Descriptions saved");
                }
                Err(problem) if problem.status == 409 => {
                    if let Ok(fresh) = get::<TableDetail>(path).await {
                        self.rebase(&base, fresh);
                    }
                    self.refused.try_set(Some(problem));
                }
                Err(problem) => _ = self.refused.try_set(Some(problem)),
            }
            self.is_busy.try_set(false);
        });
    }

    fn rebase(self, base: &TableDetail, fresh: TableDetail) {
        let mine = self.texts.get_untracked();
        let (texts, theirs) = merged(&texts_of(base), &mine, &texts_of(&fresh));
        self.texts.set(texts);
        self.theirs.set(theirs);
        self.base.set(Some(fresh));
    }
}

/// Gives an element the focus once the page is drawn anew.
fn focus(id: &'static str) {
    #[cfg(not(feature = "ssr"))]
    request_animation_frame(move || {
        use wasm_bindgen::JsCast;
        let found = document().get_element_by_id(id);
        if let Some(found) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = found.focus();
        }
    });
    #[cfg(feature = "ssr")]
    let _ = id;
}

fn texts_of(detail: &TableDetail) -> Texts {
    let columns = detail.columns.iter();
    let columns = columns
        .map(|column| (Some(column.name.clone()), column.comment.clone().unwrap_or_default()));
    columns.chain([(None, detail.description.clone().unwrap_or_default())]).collect()
}

/// What to send: only what the reader changed.
fn change(base: &TableDetail, texts: &Texts) -> DescriptionChange {
    let before = texts_of(base);
    let mut change = DescriptionChange { version: base.version, ..DescriptionChange::default() };
    for (field, text) in texts.iter().filter(|(field, text)| before.get(*field) != Some(*text)) {
        match field {
            None => change.description = Some(text.clone()),
            Some(column) => _ = change.columns.insert(column.clone(), text.clone()),
        }
    }
    change
}

/// The fields after others saved, and what they wrote where the reader wrote something else. Fields
/// of columns that are gone are gone.
fn merged(before: &Texts, mine: &Texts, fresh: &Texts) -> (Texts, Texts) {
    let (mut texts, mut theirs) = (Texts::new(), Texts::new());
    for (field, now) in fresh {
        let (old, own) = (before.get(field), mine.get(field));
        let is_own = own.is_some() && own != old;
        if is_own && Some(now) != old && Some(now) != own {
            theirs.insert(field.clone(), now.clone());
        }
        let kept = own.filter(|_| is_own).unwrap_or(now);
        texts.insert(field.clone(), kept.clone());
    }
    (texts, theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> Texts {
        all.iter().map(|(field, text)| (Some((*field).into()), (*text).into())).collect()
    }

    #[test]
    fn nothing_that_two_people_write_is_lost() {
        let before = texts(&[("a", ""), ("b", "old"), ("c", "x"), ("gone", "y")]);
        let mine = texts(&[("a", "mine"), ("b", "old"), ("c", "my c"), ("gone", "z")]);
        let fresh = texts(&[("a", ""), ("b", "theirs"), ("c", "their c"), ("new", "n")]);
        let (kept, theirs) = merged(&before, &mine, &fresh);
        assert_eq!(kept, texts(&[("a", "mine"), ("b", "theirs"), ("c", "my c"), ("new", "n")]));
        assert_eq!(theirs, texts(&[("c", "their c")]));
    }
}
