//! Edits in the console and on the command line become commits: what runs in the first environment
//! is what its branch says, and later environments change by promotion alone.

use domain::branch::{Author, Person};
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::pipeline::Cause;
use domain::quality::QualityRules;
use domain::source::Source;
use domain::table::TableName;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::{Content, Environment, FileChange};

use super::data::{rules_to_toml, same_sql};
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
        let file = File { path: format!("transformations/{dataset}.sql"), same: same_sql };
        self.commit(name, file, (current, &text), edit).await
    }

    /// The same for the registration of a source, as TOML.
    pub async fn commit_source(
        &self,
        name: &EnvironmentName,
        dataset: &DatasetId,
        (current, toml): (Option<&str>, &str),
        edit: &Edit,
    ) -> Result<()> {
        let file = File { path: format!("sources/{dataset}.toml"), same: same_source };
        self.commit(name, file, (current, toml), edit).await
    }

    /// The same for the quality rules of a table. [`ErrorKind::Invalid`] for a table that no source of
    /// the lake repository writes.
    pub async fn commit_rules(
        &self,
        name: &EnvironmentName,
        table: &TableName,
        (current, rules): (Option<&QualityRules>, &QualityRules),
        edit: &Edit,
    ) -> Result<()> {
        let path = format!("quality/{}/{}.toml", table.database, table.table);
        let file = File { path, same: same_rules };
        let current = current.map(rules_to_toml).transpose()?;
        let text = rules_to_toml(rules)?;
        self.check_has_table(name, table).await?;
        self.commit(name, file, (current.as_deref(), &text), edit).await
    }

    /// A file of rules whose table no source writes would make the whole lake wrong.
    async fn check_has_table(&self, name: &EnvironmentName, table: &TableName) -> Result<()> {
        let Some(definition) = self.definition().await? else { return Ok(()) };
        let Some(environment) = definition.lake.environment(name) else { return Ok(()) };
        let Some(head) = self.repository.head(&environment.branch).await? else { return Ok(()) };
        let Ok(content) = Content::at(self.repository.as_ref(), &head).await? else {
            return Ok(());
        };
        if content.writes(table) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "no source of the lake repository writes table {table}: commit its source first, then its \
             quality rules"
        )))
    }

    async fn commit(
        &self,
        name: &EnvironmentName,
        File { path, same }: File,
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
            (Some(there), Some(current)) => same(there, current),
            (Some(there), None) => same(there, text),
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

/// A file that edits are committed to.
struct File {
    path: String,
    /// Whether two texts of it say the same.
    same: fn(&str, &str) -> bool,
}

/// Comments and order make no difference. What cannot be read is the same as nothing else.
fn same_rules(one: &str, other: &str) -> bool {
    let read = |text: &str| toml::from_str::<QualityRules>(text).ok();
    read(one).is_some_and(|one| read(other) == Some(one))
}

/// A file that leaves its databases open has those that `[catalog]` names.
fn same_source(file: &str, registered: &str) -> bool {
    let read = |text: &str| toml::from_str::<Source>(text).ok();
    let (Some(mut file), Some(registered)) = (read(file), read(registered)) else { return false };
    let fill = |own: Option<String>, known: &Option<String>| own.or_else(|| known.clone());
    file.conformed_database = fill(file.conformed_database, &registered.conformed_database);
    file.purpose_built_database =
        fill(file.purpose_built_database, &registered.purpose_built_database);
    file == registered
}
