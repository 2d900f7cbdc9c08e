//! In what the rules of a table differ from others, in words that people decide by.

use serde::{Deserialize, Serialize};

use super::{Check, QualityRules, Rule};

/// What becomes of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RuleFate {
    /// It is new.
    Added,
    /// It asks for another thing, or its effect is another.
    Changed,
    /// It does not hold any more.
    Removed,
}

impl RuleFate {
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One difference between two sets of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleDifference {
    /// What becomes of the rule.
    pub fate: RuleFate,
    /// Its name; `keys` for the columns that tell rows apart.
    pub rule: String,
    /// What it asks and what happens when it is broken; of a changed one, before and after.
    pub sentence: String,
    /// Of a rule by SQL that is added or changed: the SELECT that would hold.
    pub sql: Option<String>,
}

impl QualityRules {
    /// What becomes of each rule when `self` takes the place of `before`: in the order of `self`, what
    /// is removed last. Rules are known by their names. The order of rules makes no difference.
    pub fn differences(&self, before: &Self) -> Vec<RuleDifference> {
        let named =
            |rules: &Self, name: &str| rules.rules.iter().find(|rule| rule.name == name).cloned();
        let mut found = Vec::new();
        for rule in &self.rules {
            let (fate, sentence) = match named(before, &rule.name) {
                None => (RuleFate::Added, rule.in_words()),
                Some(old) if old != *rule => (RuleFate::Changed, changed(&old, rule)),
                Some(_) => continue,
            };
            let sql = match &rule.check {
                Check::Sql { sql } => Some(sql.clone()),
                _ => None,
            };
            found.push(RuleDifference { fate, rule: rule.name.clone(), sentence, sql });
        }
        for rule in &before.rules {
            if named(self, &rule.name).is_none() {
                let (fate, sentence) = (RuleFate::Removed, rule.in_words());
                found.push(RuleDifference { fate, rule: rule.name.clone(), sentence, sql: None });
            }
        }
        if self.keys != before.keys {
            found.push(keys(&before.keys, &self.keys));
        }
        found
    }
}

impl Rule {
    /// What it asks and what happens when it is broken: `amount is at most 100 (block; warn in dev)`.
    pub fn in_words(&self) -> String {
        let elsewhere = self.effect_in.iter();
        let elsewhere: String =
            elsewhere.map(|(name, effect)| format!("; {} in {name}", effect.as_str())).collect();
        format!("{} ({}{elsewhere})", self.check.sentence(), self.effect.as_str())
    }
}

fn changed(before: &Rule, after: &Rule) -> String {
    let sql = match (&before.check, &after.check) {
        (Check::Sql { sql: one }, Check::Sql { sql: other }) if one != other => {
            ", by another SELECT"
        }
        _ => "",
    };
    format!("before {}, after {}{sql}", before.in_words(), after.in_words())
}

fn keys(before: &[String], after: &[String]) -> RuleDifference {
    let fate = match (before, after) {
        ([], _) => RuleFate::Added,
        (_, []) => RuleFate::Removed,
        _ => RuleFate::Changed,
    };
    let named = |keys: &[String]| match keys {
        [] => "the first columns".to_owned(),
        keys => keys.join(", "),
    };
    let sentence =
        format!("failing rows are told by {}, before by {}", named(after), named(before));
    RuleDifference { fate, rule: "keys".to_owned(), sentence, sql: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> QualityRules {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_rule_that_becomes_another_is_told_in_words() {
        let before = rules(
            r#"{"rules":[
            {"name":"same","kind":"not_null","column":"id","effect":"block"},
            {"name":"amount","kind":"range","column":"amount","max":"100","effect":"warn"},
            {"name":"check","kind":"sql","sql":"SELECT 1","effect":"warn"},
            {"name":"old","kind":"unique","columns":["id"],"effect":"block"}]}"#,
        );
        let after = rules(
            r#"{"keys":["id"],"rules":[
            {"name":"new","kind":"accepted_values","column":"kind","values":["a","b"],"effect":"block","effect_in":{"dev":"warn"}},
            {"name":"check","kind":"sql","sql":"SELECT 2","effect":"warn"},
            {"name":"amount","kind":"range","column":"amount","max":"90","effect":"block"},
            {"name":"same","kind":"not_null","column":"id","effect":"block"}]}"#,
        );
        let told: Vec<_> = after
            .differences(&before)
            .into_iter()
            .map(|one| format!("{} {}: {}", one.fate.as_str(), one.rule, one.sentence))
            .collect();
        let expected = [
            "added new: kind is one of a, b (block; warn in dev)",
            "changed check: before the SELECT returns no row (warn), after the SELECT returns no row \
             (warn), by another SELECT",
            "changed amount: before amount is at most 100 (warn), after amount is at most 90 (block)",
            "removed old: id is unique (block)",
            "added keys: failing rows are told by id, before by the first columns",
        ];
        assert_eq!(told, expected);
        let sql = after.differences(&before).into_iter().find_map(|one| one.sql);
        assert_eq!(sql.as_deref(), Some("SELECT 2"));
        assert_eq!(after.differences(&after), []);
    }
}
