//! What was found out about transformations, kept as long as their SQL and all that it reads stay as
//! they are: lineage, findings, results of tests.
//!
//! It survives nothing: finding it out again takes milliseconds a transformation, while a copy in
//! the database would have to be told from what a newer engine finds out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use domain::Result;
use domain::dataset::DatasetId;
use domain::table::TableName;
use domain::transformation::Transformation;

use crate::lake::Lake;
use crate::lock;
use crate::query::statement::QueryStatement;
use crate::source::SourceVersion;

/// Something known about the current version of each transformation.
#[derive(Debug)]
pub struct Kept<T>(Mutex<HashMap<DatasetId, Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    /// The version of the SQL.
    version: u64,
    /// The tables that it reads, each with the state it was in.
    over: Vec<(TableName, State)>,
    value: T,
}

/// What a table's columns follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A version in the catalog.
    Catalogued(u64),
    /// A version of a source whose table is not in the catalog, or that is the SQL's own.
    Registered(u64),
    /// Nobody knows it.
    Unknown,
}

/// The state of every table of a lake, from two short lists.
#[derive(Debug)]
pub struct TableStates {
    catalogued: BTreeMap<TableName, u64>,
    registered: BTreeMap<TableName, u64>,
}

impl TableStates {
    /// The states as they are now. `sources` are the lake's.
    pub async fn of(lake: &Lake, sources: &[SourceVersion]) -> Result<Self> {
        let registered = sources.iter().map(|saved| {
            let source = &saved.source;
            let name = TableName::new(source.conformed_database(), source.dataset.table());
            (name, saved.version)
        });
        Ok(Self {
            catalogued: lake.catalog.names().await?.into_iter().collect(),
            registered: registered.collect(),
        })
    }

    /// `own` is read as it is registered, whatever the catalog says.
    fn state(&self, name: &TableName, own: &TableName) -> State {
        let registered = self.registered.get(name).copied().map(State::Registered);
        let catalogued = self.catalogued.get(name).copied().map(State::Catalogued);
        let state = if name == own { registered } else { catalogued.or(registered) };
        state.unwrap_or(State::Unknown)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// What is known about SQL over the conformed table `own`, unless the SQL or something that it
    /// reads is another by now.
    pub fn find(&self, sql: &Transformation, now: &TableStates, own: &TableName) -> Option<T> {
        let all = lock(&self.0);
        let entry = all.get(&sql.dataset).filter(|entry| entry.version == sql.version)?;
        let same = entry.over.iter().all(|(name, state)| now.state(name, own) == *state);
        same.then(|| entry.value.clone())
    }

    /// Keeps what was found out about SQL. `then` are the states from before it was looked at, so
    /// that what changed meanwhile is looked at again.
    pub fn keep(&self, sql: &Transformation, then: &TableStates, own: &TableName, value: T) {
        let named = QueryStatement::parse(&sql.sql).map(|parsed| parsed.tables().to_vec());
        let named = named.unwrap_or_default().into_iter();
        let over = named.map(|name| (name.clone(), then.state(&name, own))).collect();
        let entry = Entry { version: sql.version, over, value };
        lock(&self.0).insert(sql.dataset.clone(), entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_kept_until_the_sql_or_what_it_reads_changes() {
        let name = |table: &str| TableName::new("d", table);
        let states = |own, other| TableStates {
            catalogued: BTreeMap::from([(name("other"), other), (name("own"), 9)]),
            registered: BTreeMap::from([(name("own"), own)]),
        };
        let sql = |version| Transformation {
            dataset: "d/own".parse().unwrap(),
            version,
            sql: "select 1 from d.own, d.other, d.new".into(),
            author: String::new(),
            message: String::new(),
            saved_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let (kept, own) = (Kept::default(), name("own"));
        assert_eq!(states(1, 1).state(&own, &own), State::Registered(1), "not as catalogued");
        kept.keep(&sql(1), &states(1, 1), &own, "known");
        assert_eq!(kept.find(&sql(1), &states(1, 1), &own), Some("known"));
        assert_eq!(kept.find(&sql(2), &states(1, 1), &own), None, "other SQL");
        assert_eq!(kept.find(&sql(1), &states(2, 1), &own), None, "another registration");
        assert_eq!(kept.find(&sql(1), &states(1, 2), &own), None, "another table");
        let mut now = states(1, 1);
        now.registered.insert(name("new"), 1);
        assert_eq!(kept.find(&sql(1), &now, &own), None, "a table that was unknown");
    }
}
