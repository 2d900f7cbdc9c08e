//! Edits in the console and on the command line become commits: what runs in the first environment
//! is what its branch says, and later environments change by promotion alone.

use domain::branch::{Author, Person};
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::pipeline::Cause;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::{Environment, FileChange};

use super::data::same_sql;
use super::{Definition, Delivery};

/// Who edits, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Under whose name it is committed.
    pub author: Author,
    /// Who pushed it, if they are signed in.
    pub person: Option<Person>,
    /// Why.
    pub message: String,
}

impl Edit {
    /// The edit of somebody who is signed in.
    pub fn of(person: Person, message: &str) -> Self {
        Self { author: Author::of(&person), person: Some(person), message: message.to_owned() }
    }

    /// The edit of whoever uses the command line.
    pub fn on_this_machine(user: &str, message: &str) -> Self {
        let email = format!("{user}@localhost");
        let author = Author { name: user.to_owned(), email };
        Self { author, person: None, message: message.to_owned() }
    }
}

impl Edit {
    /// The same, saying that fixture tests of this SQL fail and why it is saved all the same: the
    /// build of its commit then tells of them and goes on.
    #[must_use]
    pub fn accepting(mut self, dataset: &DatasetId, sql: &str, reason: &str) -> Self {
        let line = accepted_line(dataset, sql);
        let reason: Vec<_> = reason.split_whitespace().collect();
        self.message = format!("{}\n\n{line} {}", self.message.trim_end(), reason.join(" "));
        self
    }
}

/// The line of a commit message that accepts failing fixture tests of exactly this SQL.
pub fn accepted_line(dataset: &DatasetId, sql: &str) -> String {
    let digest = infra::release::digest(sql.trim_end().as_bytes());
    format!("Accepted-Failing-Tests: {dataset} {}", digest.short())
}

impl Delivery {
    /// Whether an environment may be edited by hand. [`ErrorKind::Conflict`] when it changes by
    /// promotion alone.
    pub async fn check_editable(&self, name: &EnvironmentName) -> Result<()> {
        let Some(definition) = self.definition().await? else { return Ok(()) };
        match definition.lake.before(name) {
            None => Ok(()),
            Some(before) => Err(Error::conflict(format!(
                "{name} changes by promotion alone: edit in {}, then promote",
                definition.lake.environments.first().map_or(&before.name, |first| &first.name)
            ))),
        }
    }

    /// Commits SQL to the branch of an environment, before it is saved there: `current` is what is
    /// saved now. Without a lake repository nothing happens.
    ///
    /// [`ErrorKind::Conflict`] when the branch has another text that is not deployed yet, or moved
    /// meanwhile.
    pub async fn commit_sql(
        &self,
        name: &EnvironmentName,
        dataset: &DatasetId,
        (current, sql): (Option<&str>, &str),
        edit: &Edit,
    ) -> Result<()> {
        let text = format!("{}\n", sql.trim_end());
        self.commit(name, format!("transformations/{dataset}.sql"), (current, &text), edit).await
    }

    /// The same for the registration of a source, as TOML.
    pub async fn commit_source(
        &self,
        name: &EnvironmentName,
        dataset: &DatasetId,
        (current, toml): (Option<&str>, &str),
        edit: &Edit,
    ) -> Result<()> {
        self.commit(name, format!("sources/{dataset}.toml"), (current, toml), edit).await
    }

    async fn commit(
        &self,
        name: &EnvironmentName,
        path: String,
        (current, text): (Option<&str>, &str),
        edit: &Edit,
    ) -> Result<()> {
        let Some(definition) = self.definition().await? else { return Ok(()) };
        self.check_editable(name).await?;
        let Some(environment) = definition.lake.environment(name) else { return Ok(()) };
        let branch = &environment.branch;
        let head = self.repository.head(branch).await?;
        let head = head.ok_or_else(|| {
            Error::not_found(format!("the lake repository has no branch {branch} for {name}"))
        })?;
        let there = match self.repository.read(&head, std::slice::from_ref(&path)).await {
            Ok(mut bytes) => bytes.pop(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let there = there.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let known = match (there.as_deref(), current) {
            (Some(there), Some(current)) => path.ends_with(".toml") || same_sql(there, current),
            (Some(there), None) => same_sql(there, text),
            (None, _) => true,
        };
        if !known {
            return Err(Error::conflict(format!(
                "branch {branch} has another {path} that does not run in {name} yet: let its \
                 pipeline end, then edit what it brought"
            )));
        }
        let message = match edit.message.trim() {
            "" => format!("Change {path}"),
            message => message.to_owned(),
        };
        let change = FileChange::Write { path, bytes: text.as_bytes().to_vec() };
        self.repository.save(branch, Some(&head), &[change], &edit.author, &message).await?;
        self.tell(&definition, environment, edit).await
    }

    /// The commit is a push of its author's.
    async fn tell(
        &self,
        definition: &Definition,
        environment: &Environment,
        edit: &Edit,
    ) -> Result<()> {
        let person = edit.person.clone();
        self.look_at(definition, environment, Cause::Push, person).await.map(drop)
    }
}
