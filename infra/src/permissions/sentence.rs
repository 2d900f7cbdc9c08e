//! Parts of statements as short sentences: equal ones together, nothing left out.

use std::collections::{BTreeMap, BTreeSet};

use domain::stack::PermissionChange;

use super::cover::Atom;
use super::principal::ANYONE;
use super::statement::{Owner, Set, Statement};

/// How many actions and resources a sentence holds; more make a second one.
const MOST_ACTIONS: usize = 12;
const MOST_RESOURCES: usize = 4;

/// What happened to parts of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    AllowGained,
    AllowLost,
    DenyLost,
    DenyGained,
}

/// One sentence or more for all `atoms`.
pub(super) fn sentences(atoms: Vec<Atom<'_>>, turn: Turn) -> Vec<PermissionChange> {
    let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
    for atom in atoms {
        let one = atom.statement;
        let key = format!(
            "{} {:?} {:?} {:?} {}",
            one.logical_id, one.owner, one.conditions, one.opaque, atom.but_for_conditions
        );
        let group = groups.entry(key).or_insert_with(|| Group {
            statement: one,
            but_for_conditions: atom.but_for_conditions,
            actions: BTreeMap::new(),
        });
        let pair = (words(&atom.principal, ""), words(&atom.resource, "`"));
        let actions = words(&atom.action, "`");
        group.actions.entry(pair).or_default().extend(actions);
    }
    groups.into_values().flat_map(|group| group.sentences(turn)).collect()
}

type Names = BTreeSet<String>;

/// Parts that differ in principal, action and resource alone.
struct Group<'a> {
    statement: &'a Statement,
    but_for_conditions: bool,
    /// Actions by principal and resource.
    actions: BTreeMap<(Names, Names), Names>,
}

impl Group<'_> {
    fn sentences(self, turn: Turn) -> Vec<PermissionChange> {
        if self.statement.opaque.is_some() {
            let sentence = self.unreadable(turn);
            return sentence.map(|sentence| self.change(sentence, turn)).into_iter().collect();
        }
        let mut changes = Vec::new();
        for (principals, actions, resources) in merged(&self.actions) {
            for actions in chunks(&actions, MOST_ACTIONS) {
                for resources in chunks(&resources, MOST_RESOURCES) {
                    let sentence = self.sentence(&principals, &actions, &resources, turn);
                    changes.push(self.change(sentence, turn));
                }
            }
        }
        changes
    }

    fn change(&self, sentence: String, turn: Turn) -> PermissionChange {
        PermissionChange {
            logical_id: self.statement.logical_id.clone(),
            sentence,
            widened: matches!(turn, Turn::AllowGained | Turn::DenyLost),
        }
    }

    fn sentence(&self, who: &Names, what: &[String], on: &[String], turn: Turn) -> String {
        let be = if who.len() > 1 { "are" } else { "is" };
        let turned = match turn {
            Turn::AllowGained => "may now".to_owned(),
            Turn::AllowLost => "may no longer".to_owned(),
            Turn::DenyLost => format!("{be} no longer denied"),
            Turn::DenyGained => format!("{be} now denied"),
        };
        let who = who.iter().map(String::as_str).collect::<Vec<_>>().join(" and ");
        let (what, on) = (self.what(what, turn), self.on(on));
        format!("{who} {turned} {what}{on}{}", self.conditions(turn))
    }

    fn what(&self, actions: &[String], turn: Turn) -> String {
        match &self.statement.owner {
            Owner::Trust(role) if actions.iter().all(|one| one.starts_with("`sts:AssumeRole")) => {
                format!("{}become {role}", if is_allow(turn) { "" } else { "to " })
            }
            Owner::Trust(role) => format!("{} as {role}", actions.join(", ")),
            // "may now everything but" is no sentence.
            _ if actions.iter().any(|one| !one.starts_with('`')) && is_allow(turn) => {
                format!("do {}", actions.join(", "))
            }
            _ => actions.join(", "),
        }
    }

    fn on(&self, resources: &[String]) -> String {
        let everything = resources == ["`*`"];
        let on = format!(" on {}", resources.join(" and "));
        match &self.statement.owner {
            Owner::Identity => on,
            Owner::Trust(_) => String::new(),
            Owner::Resource(owner) if everything => format!(" by the policy of {owner}"),
            Owner::Resource(owner) => format!("{on} by the policy of {owner}"),
        }
    }

    fn conditions(&self, turn: Turn) -> String {
        let conditions: Vec<String> =
            self.statement.conditions.iter().map(super::condition::Condition::sentence).collect();
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" if {}", conditions.join(" and ")),
        };
        let otherwise = match (self.but_for_conditions, turn) {
            (true, Turn::AllowGained) if conditions.is_empty() => ", without a condition",
            (true, Turn::AllowGained) => ", which is another condition than before",
            (true, Turn::AllowLost | Turn::DenyLost) => ", only under another condition",
            _ => "",
        };
        format!("{conditions}{otherwise}")
    }

    /// Said once: when it comes it may allow, when it goes it may have denied.
    fn unreadable(&self, turn: Turn) -> Option<String> {
        let turned = match turn {
            Turn::AllowGained => "now",
            Turn::DenyLost => "no longer",
            Turn::AllowLost | Turn::DenyGained => return None,
        };
        let owner = match &self.statement.owner {
            Owner::Identity => words(&self.statement.principals, "").into_iter().next(),
            Owner::Trust(owner) | Owner::Resource(owner) => Some(owner.clone()),
        };
        let owner = owner.unwrap_or_else(|| self.statement.logical_id.clone());
        let text = self.statement.opaque.as_deref().unwrap_or_default();
        let shown: String = text.chars().take(200).collect();
        let rest = if shown.len() < text.len() { "…" } else { "" };
        let what = "what is not known beforehand";
        Some(format!("a policy of {owner} {turned} says {what}: {shown}{rest}"))
    }
}

/// Puts resources with equal actions together, then principals with equal actions and resources.
fn merged(actions: &BTreeMap<(Names, Names), Names>) -> Vec<(Names, Names, Names)> {
    let mut resources: BTreeMap<(&Names, &Names), Names> = BTreeMap::new();
    for ((principal, resource), actions) in actions {
        resources.entry((principal, actions)).or_default().extend(resource.iter().cloned());
    }
    let mut principals: BTreeMap<(&Names, Names), Names> = BTreeMap::new();
    for ((principal, actions), resources) in resources {
        principals.entry((actions, resources)).or_default().extend(principal.iter().cloned());
    }
    let sets = principals.into_iter();
    sets.map(|((actions, resources), who)| (who, actions.clone(), resources)).collect()
}

fn is_allow(turn: Turn) -> bool {
    matches!(turn, Turn::AllowGained | Turn::AllowLost)
}

fn chunks(names: &Names, most: usize) -> Vec<Vec<String>> {
    let names: Vec<String> = names.iter().cloned().collect();
    names.chunks(most).map(<[String]>::to_vec).collect()
}

/// The names of a set between `quote`s; "everything but" as one name.
fn words(set: &Set, quote: &str) -> Names {
    let quoted = |name: &String| format!("{quote}{name}{quote}");
    match set {
        Set::Only(names) => names.iter().map(quoted).collect(),
        Set::Except(names) => {
            let all = if quote.is_empty() { ANYONE } else { "everything" };
            let names: Vec<String> = names.iter().map(quoted).collect();
            Names::from([format!("{all} but {}", names.join(", "))])
        }
    }
}
