//! Who may do what after a change and could not before, as sentences; pure.
//!
//! Everything errs on one side: what is not surely covered by what was allowed before is widened.
//! Statements are compared over the whole stack, so that one that only moved is no change.

mod acting;
mod attachments;
mod condition;
mod cover;
mod documents;
mod glob;
mod network;
mod principal;
mod public_access;
mod sentence;
mod statement;
mod text;

#[cfg(test)]
mod lake_rights;
#[cfg(test)]
mod property_tests;

use std::collections::BTreeSet;

use domain::stack::PermissionChange;

use crate::diff::printable;
use crate::template::Resolved;
use cover::uncovered;
use sentence::{Turn, sentences};
use statement::{Effect, Statement};

/// What changing a stack from one template to another permits and forbids, widened ones first,
/// then by resource. No stack permits nothing. Both are resolved as for
/// [`diff::compare`](crate::diff::compare).
///
/// Compared are policies of identities and resources wherever they stand in a template, trust,
/// attached policies, boundaries, Lambda permissions, roles that resources act as, rules of
/// security groups, and what a bucket blocks of public access. Of nested stacks nothing is known:
/// each change of theirs is widened.
pub fn compare(before: Option<&Resolved>, after: Option<&Resolved>) -> Vec<PermissionChange> {
    let nothing = Resolved::default();
    let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let mut changes = statements(before, after);
    changes.extend(network::compare(before, after));
    changes.extend(facts(before, after));
    changes.sort_by(|one, other| {
        let widened = other.widened.cmp(&one.widened);
        widened.then_with(|| one.logical_id.cmp(&other.logical_id)).then_with(|| one.cmp(other))
    });
    changes.dedup();
    for change in &mut changes {
        change.sentence = printable(&change.sentence);
    }
    changes
}

fn statements(before: &Resolved, after: &Resolved) -> Vec<PermissionChange> {
    let (old, new) = (documents::statements(before), documents::statements(after));
    let (old_allows, old_denies) = by_effect(old);
    let (new_allows, new_denies) = by_effect(new);
    let mut changes = sentences(uncovered(&new_allows, &old_allows), Turn::AllowGained);
    changes.extend(sentences(uncovered(&old_allows, &new_allows), Turn::AllowLost));
    // A denial that went with its owner gives nobody anything, and one that came with it takes
    // nothing from anybody.
    let lost = uncovered(&old_denies, &new_denies);
    let lost = lost.into_iter().filter(|atom| atom.statement.is_about(after)).collect();
    changes.extend(sentences(lost, Turn::DenyLost));
    let gained = uncovered(&new_denies, &old_denies);
    let gained = gained.into_iter().filter(|atom| atom.statement.is_about(before)).collect();
    changes.extend(sentences(gained, Turn::DenyGained));
    changes
}

fn by_effect(statements: Vec<Statement>) -> (Vec<Statement>, Vec<Statement>) {
    statements.into_iter().partition(|statement| statement.effect == Effect::Allow)
}

/// Something that holds of a resource or does not, beside statements and rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    logical_id: String,
    gained: String,
    lost: String,
    /// Whether something is allowed by it: it widens when it begins to hold.
    grants: bool,
    /// Whether something is denied by it: it widens when it ends.
    protects: bool,
}

impl Fact {
    fn is_about(&self, stack: &Resolved) -> bool {
        stack.resources.contains_key(&self.logical_id)
    }
}

fn facts(before: &Resolved, after: &Resolved) -> Vec<PermissionChange> {
    let all = |stack: &Resolved| -> BTreeSet<Fact> {
        let facts = stack.resources.iter().flat_map(|(name, resource)| {
            let mut facts = attachments::facts(stack, name, resource);
            facts.extend(public_access::facts(name, resource));
            facts.extend(acting::facts(name, resource));
            facts
        });
        facts.collect()
    };
    let (old, new) = (all(before), all(after));
    let change = |fact: &Fact, sentence: &str, widened: bool| PermissionChange {
        logical_id: fact.logical_id.clone(),
        sentence: sentence.to_owned(),
        widened,
    };
    // Protection that comes or goes with the resource that it protects changes nothing.
    let gained = new.difference(&old).filter(|fact| fact.grants || fact.is_about(before));
    let lost = old.difference(&new).filter(|fact| fact.grants || fact.is_about(after));
    let gained = gained.map(|fact| change(fact, &fact.gained, fact.grants));
    let lost = lost.map(|fact| change(fact, &fact.lost, fact.protects && fact.is_about(after)));
    gained.chain(lost).collect()
}
