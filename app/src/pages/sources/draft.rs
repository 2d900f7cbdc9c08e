//! A registration in the making: the sample, what it was proposed to be, what a person made of it.

use domain::dataset::DatasetId;
use domain::source::{Fault, Format, Part, Source};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::samples::{
    PreviewRequest, ProposalRequest, ProposedColumn, Sample, SourcePreview, SourceProposal,
};
use crate::api::sources::{SourceDetail, SourceRegistered, SourceRegistration};
use crate::api::{Problem, send};
use crate::place::in_environment;

/// The state of the form. Inputs write into it; what they show is made anew only when `generation`
/// changes, so that nobody loses the field they type in.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) environment: Memo<String>,
    pub(super) sample: RwSignal<Option<Sample>>,
    pub(super) proposal: RwSignal<Option<SourceProposal>>,
    /// What stands in the field, a dataset or not yet.
    pub(super) dataset: RwSignal<String>,
    pub(super) source: RwSignal<Option<Source>>,
    /// The version that the draft was made from; 0 for a new source.
    pub(super) base: u64,
    pub(super) current: StoredValue<Option<Source>>,
    pub(super) generation: RwSignal<u32>,
    pub(super) busy: RwSignal<bool>,
    pub(super) problem: RwSignal<Option<Problem>>,
    pub(super) preview: RwSignal<Option<Result<SourcePreview, Problem>>>,
    pub(super) previewing: RwSignal<bool>,
    owner: StoredValue<String>,
}

impl Draft {
    /// A draft of `dataset`: of its next version when it is registered already.
    pub(super) fn new(
        environment: Memo<String>,
        dataset: &str,
        existing: Option<SourceDetail>,
        owner: String,
    ) -> Self {
        let current = existing.and_then(|detail| detail.versions.into_iter().next());
        let base = current.as_ref().map_or(0, |current| current.version);
        let source = current.map(|current| current.source);
        Self {
            environment,
            sample: RwSignal::new(None),
            proposal: RwSignal::new(None),
            dataset: RwSignal::new(dataset.to_owned()),
            source: RwSignal::new(source.clone()),
            base,
            current: StoredValue::new(source),
            generation: RwSignal::new(0),
            busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            preview: RwSignal::new(None),
            previewing: RwSignal::new(false),
            owner: StoredValue::new(owner),
        }
    }

    /// Changes the registration.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Source)) {
        self.source.update(|source| {
            if let Some(source) = source {
                change(source);
            }
        });
    }

    /// Shows the inputs anew.
    pub(super) fn redraw(&self) {
        self.generation.update(|generation| *generation += 1);
    }

    /// What is proposed for a column of the file.
    pub(super) fn proposed(&self, source_name: &str) -> Option<ProposedColumn> {
        self.proposal.with(|proposal| {
            let columns = &proposal.as_ref()?.columns;
            columns.iter().find(|proposed| proposed.column.source_name == source_name).cloned()
        })
    }

    /// Everything that is wrong, by the part of the form it belongs to.
    pub(super) fn faults(&self) -> Vec<Fault> {
        self.source.with(|source| source.as_ref().map(Source::faults).unwrap_or_default())
    }

    /// What is wrong with one part.
    pub(super) fn fault_of(&self, part: Part) -> Option<String> {
        self.faults().into_iter().find(|fault| fault.part == part).map(|fault| fault.message)
    }

    /// What is wrong with the name of the dataset.
    pub(super) fn dataset_fault(&self) -> Option<String> {
        let text = self.dataset.get();
        text.parse::<DatasetId>().err().map(|error| error.message().to_owned())
    }

    /// Looks at a sample, and proposes how to register it unless it is registered already.
    pub(super) fn look_at(self, sample: Sample, format: Option<Format>) {
        self.busy.set(true);
        self.problem.set(None);
        let path = in_environment(&self.environment.get_untracked(), "/source-proposals");
        let again = format.is_some();
        let request = ProposalRequest { sample: sample.clone(), format };
        let answer = send::<_, SourceProposal>("POST", path, &request);
        spawn_local(async move {
            match answer.await {
                Ok(proposal) => self.take(sample, proposal, again),
                Err(problem) => self.problem.set(Some(problem)),
            }
            self.busy.set(false);
        });
    }

    fn take(self, sample: Sample, proposal: SourceProposal, again: bool) {
        if let Some(dataset) = &proposal.dataset
            && self.dataset.with_untracked(String::is_empty)
        {
            self.dataset.set(dataset.to_string());
        }
        if self.base == 0 || again {
            self.source
                .update(|source| *source = Some(self.registration(source.take(), &proposal)));
        }
        self.proposal.set(Some(proposal));
        self.sample.set(Some(sample));
        self.redraw();
    }

    /// The proposal as a registration; what a person chose before stays.
    fn registration(&self, before: Option<Source>, proposal: &SourceProposal) -> Source {
        let columns = proposal.columns.iter().map(|proposed| proposed.column.clone()).collect();
        let format = proposal.format.clone();
        if let Some(before) = before {
            return Source { format, columns, ..before };
        }
        Source::new(self.dataset_or_stand_in(), self.owner.get_value(), format, columns)
    }

    /// The dataset, or one that stands in for it until its name is valid. It is never saved.
    fn dataset_or_stand_in(&self) -> DatasetId {
        let typed = self.dataset.get_untracked().parse::<DatasetId>();
        typed.unwrap_or_else(|_| DatasetId::stand_in())
    }

    /// Keeps the registration's dataset in step with the field.
    pub(super) fn name(&self, text: String) {
        self.dataset.set(text.trim().to_owned());
        let dataset = self.dataset_or_stand_in();
        self.edit(|source| source.dataset = dataset);
    }

    /// Shows what a run of the sample would do now.
    pub(super) fn preview_now(self) {
        let (Some(sample), Some(source)) =
            (self.sample.get_untracked(), self.source.get_untracked())
        else {
            return;
        };
        if !source.faults().is_empty() {
            return;
        }
        self.previewing.set(true);
        let path = in_environment(&self.environment.get_untracked(), "/source-previews");
        let request = PreviewRequest { sample, source };
        let answer = send::<_, SourcePreview>("POST", path, &request);
        spawn_local(async move {
            let answer = answer.await;
            // An answer to an older question would show what is no longer asked.
            if self.source.with_untracked(|now| now.as_ref() == Some(&request.source)) {
                self.preview.set(Some(answer));
                self.previewing.set(false);
            }
        });
    }

    /// Saves the registration and calls `done` with what that did.
    pub(super) fn register(self, done: impl FnOnce(SourceRegistered, DatasetId) + 'static) {
        let Some(source) = self.source.get_untracked() else { return };
        self.busy.set(true);
        self.problem.set(None);
        let dataset = source.dataset.clone();
        let path =
            in_environment(&self.environment.get_untracked(), &format!("/sources/{dataset}"));
        let request = SourceRegistration { source, expected_version: self.base };
        let answer = send::<_, SourceRegistered>("PUT", path, &request);
        spawn_local(async move {
            let answer = answer.await;
            // Before the page is left: what it shows must not change after its signals are gone.
            self.busy.set(false);
            match answer {
                Ok(registered) => done(registered, dataset),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }
}
