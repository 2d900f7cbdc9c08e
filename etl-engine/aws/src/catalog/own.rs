//! What Sluice remembers in a table's parameters: its version, who changed it, what is unfinished.
//!
//! Glue counts the versions of a table too, but it begins where it likes and also counts what Sluice
//! does not call a change. So a table carries its own version and the one that Glue gave to it then:
//! whatever Glue has counted since was done by others, and makes a version of ours as well.

use std::collections::HashMap;

use aws_sdk_glue::types::Table;
use domain::table_history::TableAuthor;
use jiff::Timestamp;

/// All parameters of ours begin with it.
pub(super) const PREFIX: &str = "sluice:";
const VERSION: &str = "sluice:version";
const VERSION_ID: &str = "sluice:version_id";
const CHANGED_BY: &str = "sluice:changed_by";
const CHANGED_AT: &str = "sluice:changed_at";
const CHANGE: &str = "sluice:change";
const CASCADE: &str = "sluice:cascade";

/// The parameters of a table as Glue has them.
pub(super) type Parameters = HashMap<String, String>;

/// Our own parameters of one table.
#[derive(Debug)]
pub(super) struct Own<'a> {
    table: &'a Table,
}

impl<'a> Own<'a> {
    /// Of a table.
    pub(super) fn of(table: &'a Table) -> Self {
        Self { table }
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.table.parameters.as_ref()?.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }

    /// What Glue calls the table's version.
    pub(super) fn version_id(&self) -> u64 {
        self.table.version_id.as_deref().and_then(|id| id.parse().ok()).unwrap_or_default()
    }

    /// What Sluice calls it: grows with every change, whoever makes it.
    pub(super) fn version(&self) -> u64 {
        let id = self.version_id();
        match (self.number(VERSION), self.number(VERSION_ID)) {
            (Some(version), Some(at)) => version + id.saturating_sub(at),
            // As it was created: Glue gives the first version the number 0 or 1.
            (Some(version), None) if id == 0 || id == 1 && self.is_untouched() => version,
            _ => id + 1,
        }
    }

    fn is_untouched(&self) -> bool {
        self.table.create_time == self.table.update_time
    }

    /// Whether the latest change is ours.
    pub(super) fn is_latest(&self) -> bool {
        self.number(VERSION) == Some(self.version())
    }

    /// Who made the latest change, if it was made by way of Sluice.
    pub(super) fn changed_by(&self) -> Option<TableAuthor> {
        let by = self.is_latest().then(|| self.get(CHANGED_BY))??;
        serde_json::from_str(by).ok()
    }

    /// When it was made.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        match self.get(CHANGED_AT).filter(|_| self.is_latest()) {
            Some(at) => at.parse().ok(),
            None => {
                let at = self.table.update_time.or(self.table.create_time)?;
                Timestamp::from_second(at.secs()).ok()
            }
        }
    }

    /// Whether the latest change is the one with this id.
    pub(super) fn is_change(&self, id: &str) -> bool {
        self.is_latest() && self.get(CHANGE) == Some(id)
    }

    /// Whether the columns of partitions have still to be brought to the table's.
    pub(super) fn has_cascade(&self) -> bool {
        self.get(CASCADE).is_some()
    }

    /// The change that partitions have still to follow.
    pub(super) fn cascade(&self) -> Option<&'a str> {
        self.get(CASCADE)
    }

    /// All of them, to carry over into an update.
    pub(super) fn all(&self) -> Parameters {
        let parameters = self.table.parameters.iter().flatten();
        let own = parameters.filter(|(key, _)| key.starts_with(PREFIX));
        own.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// A change of a table that is about to be stored.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// The version that it makes.
    pub(super) version: u64,
    /// What Glue will call that version; `None` for a new table, where Glue chooses.
    pub(super) version_id: Option<u64>,
    /// Who makes it.
    pub(super) by: &'a TableAuthor,
    /// Tells it from every other.
    pub(super) id: &'a str,
    /// Whether partitions have to follow.
    pub(super) cascades: bool,
}

impl Change<'_> {
    /// Writes it into a table's parameters.
    pub(super) fn write(&self, parameters: &mut Parameters) {
        let by = serde_json::to_string(self.by).unwrap_or_default();
        let mut set = |key: &str, value: String| parameters.insert(key.to_owned(), value);
        set(VERSION, self.version.to_string());
        set(CHANGED_BY, by);
        set(CHANGED_AT, Timestamp::now().to_string());
        set(CHANGE, self.id.to_owned());
        if self.cascades {
            set(CASCADE, self.id.to_owned());
        }
        if let Some(id) = self.version_id {
            set(VERSION_ID, id.to_string());
        }
    }
}

/// The parameters for a write that is no change: the version stays what it is, and what others did
/// since the latest change of ours is not taken for ours.
pub(super) fn unchanged(table: &Table) -> Parameters {
    let own = Own::of(table);
    let mut parameters = table.parameters.clone().unwrap_or_default();
    if !own.is_latest() {
        parameters.remove(CHANGED_BY);
        parameters.remove(CHANGE);
        if let Some(at) = own.changed_at() {
            parameters.insert(CHANGED_AT.to_owned(), at.to_string());
        }
    }
    parameters.insert(VERSION.to_owned(), own.version().to_string());
    parameters.insert(VERSION_ID.to_owned(), (own.version_id() + 1).to_string());
    parameters
}

/// Takes the note about an unfinished cascade away.
pub(super) fn without_cascade(mut parameters: Parameters) -> Parameters {
    parameters.remove(CASCADE);
    parameters
}
