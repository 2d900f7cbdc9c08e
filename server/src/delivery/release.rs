//! A release as pipelines work with it: its files, read.

use std::collections::BTreeMap;

use domain::branch::CommitId;
use domain::release::{Digest, Release};
use domain::{Error, Result};
use infra::lake_repository::{Content, Environment, LAKE_FILE, LakeFile, LakeFiles, Problem};
use infra::release::{Built, TEMPLATES, build};
use infra::stacks::{OWN_TEMPLATES, StackDefinition, assemble};
use infra_embedded::ReleaseStore;
use jiff::Timestamp;

use super::data::DataSide;

/// A release with what its files say.
#[derive(Debug, Clone)]
pub struct LoadedRelease {
    /// The manifest.
    pub release: Release,
    /// The lake.
    pub content: Content,
    /// Sluice's own templates, by file name.
    templates: BTreeMap<String, String>,
}

impl LoadedRelease {
    /// Builds the release of a commit from its files, and keeps nothing.
    pub fn build(content: Content, commit: CommitId) -> Result<(Self, Built)> {
        let built = build(&content.files, &OWN_TEMPLATES, commit, Timestamp::now())?;
        let templates = OWN_TEMPLATES.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let release = built.release.clone();
        Ok((Self { release, content, templates: templates.into() }, built))
    }

    /// Reads a release that was kept. Not found when there is none of that digest.
    pub async fn load(store: &ReleaseStore, digest: &Digest) -> Result<Self> {
        let release = store.get(digest).await?;
        let (mut files, mut templates) = (LakeFiles::default(), BTreeMap::new());
        let own = format!("{TEMPLATES}/");
        for (path, bytes) in store.files(&release).await? {
            match path.strip_prefix(&own) {
                Some(name) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    templates.insert(name.to_owned(), text);
                }
                None => files.add(path, bytes),
            }
        }
        let content = Content::parse(files).map_err(|problems| in_words(&problems))?;
        Ok(Self { release, content, templates })
    }

    /// The stacks of an environment, in order.
    pub fn stacks(&self, environment: &Environment) -> Result<Vec<StackDefinition>> {
        assemble(&self.content, &self.templates, environment)
    }

    /// Sources, SQL and quality rules.
    pub fn data(&self) -> DataSide {
        let sources = self.content.sources.iter();
        let transformations = self.content.transformations.iter();
        DataSide {
            sources: sources.map(|(id, file)| (id.clone(), file.source.clone())).collect(),
            transformations: transformations
                .map(|(id, file)| (id.clone(), file.sql.clone()))
                .collect(),
            quality: self.content.rules(),
        }
    }
}

/// `sluice.toml` of a release, without the rest of it. Not found when there is no such release.
pub async fn lake_of(store: &ReleaseStore, digest: &Digest) -> Result<LakeFile> {
    let release = store.get(digest).await?;
    let file =
        release.files.iter().find(|file| file.path == LAKE_FILE).ok_or_else(|| {
            Error::internal(format!("release {} has no {LAKE_FILE}", digest.short()))
        })?;
    let bytes = store.read(file).await?;
    LakeFile::parse(&String::from_utf8_lossy(&bytes)).map_err(|problems| in_words(&problems))
}

/// All that is wrong with the files of a lake, as one error.
pub fn in_words(problems: &[Problem]) -> Error {
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Error::invalid(format!("the lake repository is wrong: {}", told.join("; ")))
}
