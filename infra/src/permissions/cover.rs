//! Which parts of statements are surely covered by other statements.

use std::collections::BTreeSet;

use super::condition::all_imply;
use super::glob::{covers, covers_arn};
use super::principal::ANYONE;
use super::statement::{Owner, Set, Statement};

/// Statements with more parts than this are compared as a whole.
const MOST_ATOMS: usize = 2_000;

/// Lists and policies that would take more comparisons than this are only compared for being the
/// same. AWS's own limits on policies lie far below.
const MOST_COMPARISONS: usize = 2_000_000;

/// One principal, one action, one resource of a statement.
#[derive(Debug, Clone)]
pub(super) struct Atom<'a> {
    pub(super) statement: &'a Statement,
    pub(super) principal: Set,
    pub(super) action: Set,
    pub(super) resource: Set,
    /// Whether others would cover it but for their conditions.
    pub(super) but_for_conditions: bool,
}

/// The parts of `these` that none of `those` surely covers.
pub(super) fn uncovered<'a>(these: &'a [Statement], those: &[Statement]) -> Vec<Atom<'a>> {
    let known: BTreeSet<String> = those.iter().map(meaning).collect();
    let changed: Vec<&Statement> =
        these.iter().filter(|statement| !known.contains(&meaning(statement))).collect();
    let those = match changed.len().saturating_mul(those.len()) > MOST_COMPARISONS {
        true => &[],
        false => those,
    };
    let mut open = Vec::new();
    for statement in changed {
        let same_owner: Vec<&Statement> =
            those.iter().filter(|other| other.owner == statement.owner).collect();
        for mut atom in atoms(statement) {
            let reaching: Vec<&&Statement> =
                same_owner.iter().filter(|other| reaches(other, &atom)).collect();
            atom.but_for_conditions = !reaching.is_empty();
            let applies = |other: &&&Statement| all_imply(&statement.conditions, &other.conditions);
            if !reaching.iter().any(applies) {
                open.push(atom);
            }
        }
    }
    open
}

/// What a statement says, wherever it stands; equal when two say the same in the same words.
fn meaning(statement: &Statement) -> String {
    let Statement { owner, principals, actions, resources, conditions, opaque, .. } = statement;
    format!("{owner:?} {principals:?} {actions:?} {resources:?} {conditions:?} {opaque:?}")
}

fn atoms(statement: &Statement) -> Vec<Atom<'_>> {
    let split = |set: &Set| match set {
        Set::Only(names) => names.iter().map(|name| Set::Only(vec![name.clone()])).collect(),
        except => vec![except.clone()],
    };
    let whole = |set: &Set| vec![set.clone()];
    let size = |set: &Set| match set {
        Set::Only(names) => names.len(),
        Set::Except(_) => 1,
    };
    let dimensions = [&statement.principals, &statement.actions, &statement.resources];
    let many = dimensions.into_iter().map(size).product::<usize>() > MOST_ATOMS;
    let [principals, actions, resources]: [Vec<Set>; 3] = match statement.opaque {
        None if !many => dimensions.map(split),
        _ => dimensions.map(whole),
    };
    let mut atoms = Vec::new();
    for principal in &principals {
        for action in &actions {
            atoms.extend(resources.iter().map(|resource| Atom {
                statement,
                principal: principal.clone(),
                action: action.clone(),
                resource: resource.clone(),
                but_for_conditions: false,
            }));
        }
    }
    atoms
}

/// Whether `wide` covers the part, its conditions left out of account.
fn reaches(wide: &Statement, atom: &Atom<'_>) -> bool {
    let principal: Like = match wide.owner {
        Owner::Identity => |wide, narrow| wide == narrow,
        _ => |wide, narrow| wide == narrow || wide == ANYONE,
    };
    wide.opaque == atom.statement.opaque
        && holds(&wide.principals, &atom.principal, principal)
        && holds(&wide.actions, &atom.action, covers_action)
        && holds(&wide.resources, &atom.resource, covers_arn)
}

type Like = fn(&str, &str) -> bool;

/// "All but" is only covered by itself and by everything: changed, it counts as widened.
fn holds(wide: &Set, narrow: &Set, like: Like) -> bool {
    match (wide, narrow) {
        (Set::Only(wide), Set::Only(narrow))
            if wide.len().saturating_mul(narrow.len()) > MOST_COMPARISONS =>
        {
            wide == narrow
        }
        (Set::Only(wide), Set::Only(narrow)) => {
            narrow.iter().all(|narrow| wide.iter().any(|wide| like(wide, narrow)))
        }
        (Set::Only(wide), Set::Except(_)) => wide.iter().any(|wide| wide == "*" || wide == ANYONE),
        (wide, narrow) => wide == narrow,
    }
}

/// Actions are told apart without their case.
fn covers_action(wide: &str, narrow: &str) -> bool {
    covers(&wide.to_lowercase(), &narrow.to_lowercase())
}
