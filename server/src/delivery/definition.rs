//! Which environments there are, by the lake repository itself.

use domain::branch::CommitId;
use domain::environment::EnvironmentName;
use domain::release::Digest;
use domain::{Error, Result};
use infra::approval::Terms;
use infra::lake_repository::{Environment, LAKE_FILE, LakeFile};

use super::Delivery;
use super::release::{LoadedRelease, in_words, lake_of};

/// `sluice.toml` as it counts now, and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The file.
    pub lake: LakeFile,
    /// At this commit.
    pub commit: CommitId,
}

impl Definition {
    /// An environment. [`domain::ErrorKind::NotFound`] when the file does not name it.
    pub fn environment(&self, name: &EnvironmentName) -> Result<&Environment> {
        self.lake.environment(name).ok_or_else(|| {
            Error::not_found(format!("environment {name} is not in {LAKE_FILE}: add it there"))
        })
    }
}

impl Delivery {
    /// The definition on the branch that says it. [`domain::ErrorKind::Invalid`] when the file is
    /// wrong there; `None` while the branch has no commit.
    pub async fn definition(&self) -> Result<Option<Definition>> {
        let Some(commit) = self.repository.head(&self.definition_branch).await? else {
            return Ok(None);
        };
        let mut bytes = self.repository.read(&commit, &[LAKE_FILE.to_owned()]).await?;
        let text = bytes.pop().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lake = LakeFile::parse(&text).map_err(|problems| in_words(&problems))?;
        Ok(Some(Definition { lake, commit }))
    }

    /// What an environment asks for before a plan is carried out there: by the release that runs there,
    /// so that a commit cannot weaken the rule that it is judged by; before the first, by the plan's
    /// own release.
    pub async fn rules(&self, name: &EnvironmentName, own: &Digest) -> Result<Rules> {
        let running = self.pipelines.environment(name).await?.running;
        let judge = running.map_or_else(|| own.clone(), |running| running.release);
        let environment = lake_of(&self.releases, &judge).await?.environment(name).cloned();
        if let Some(environment) = environment {
            return Ok(Rules { environment });
        }
        let own = lake_of(&self.releases, own).await?;
        let environment = own.environment(name).cloned().ok_or_else(|| absent(name))?;
        Ok(Rules { environment })
    }
}

impl LoadedRelease {
    /// An environment as the release has it. [`domain::ErrorKind::Invalid`] when it has none of that
    /// name.
    pub fn environment(&self, name: &EnvironmentName) -> Result<&Environment> {
        self.content.lake.environment(name).ok_or_else(|| absent(name))
    }
}

fn absent(name: &EnvironmentName) -> Error {
    Error::invalid(format!("environment {name} is not in {LAKE_FILE} of this release"))
}

/// The environment whose rule judges a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    environment: Environment,
}

impl Rules {
    /// The rule and the freeze windows.
    pub fn terms(&self) -> Terms<'_> {
        Terms { rule: &self.environment.approval, freezes: &self.environment.freeze }
    }
}
