//! Which versions of a secret there are, and how they are counted.

use std::collections::HashMap;

/// The stage of the value that holds.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The stage of the value before it.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// The stage of a value that is put and does not hold yet.
pub(super) const PENDING: &str = "AWSPENDING";

/// Digits of the number in the id of a version.
const DIGITS: usize = 20;

/// The versions of a secret that hold, or held before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Versions {
    /// The id of the current one.
    pub(super) current: Option<String>,
    /// The id of the one before it.
    pub(super) previous: Option<String>,
    /// Versions with either stage.
    staged: u64,
}

/// The id of the next version with this number: no other attempt has the same.
pub(super) fn id(number: u64) -> String {
    format!("{number:0DIGITS$}-{}", uuid::Uuid::now_v7().simple())
}

/// The number in an id, if it is one of [`id`].
fn number(id: &str) -> Option<u64> {
    let (digits, rest) = id.split_once('-')?;
    let ours = digits.len() == DIGITS && rest.len() == 32;
    ours.then(|| digits.parse().ok()).flatten()
}

impl Versions {
    /// What Secrets Manager says: the stages of each version by its id.
    pub(super) fn of(stages: Option<&HashMap<String, Vec<String>>>) -> Self {
        let with = |stage: &str| {
            let mut found =
                stages.into_iter().flatten().filter(|(_, of)| of.iter().any(|s| s == stage));
            found.next().map(|(id, _)| id.clone())
        };
        let (current, previous) = (with(CURRENT), with(PREVIOUS));
        let staged = u64::from(current.is_some()) + u64::from(previous.is_some());
        Self { current, previous, staged }
    }

    /// Counts the values up to the current one.
    pub(super) fn number(&self) -> u64 {
        let numbered = |id: &Option<String>| id.as_deref().and_then(number);
        numbered(&self.current)
            .or_else(|| numbered(&self.previous).map(|before| before + 1))
            .unwrap_or(self.staged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(of: &[(&str, &str)]) -> Versions {
        let stages = of.iter().map(|(id, stage)| ((*id).to_owned(), vec![(*stage).to_owned()]));
        Versions::of(Some(&stages.collect()))
    }

    #[test]
    fn ids_hold_the_number_and_are_never_the_same() {
        let (one, other) = (id(7), id(7));
        assert_ne!(one, other);
        assert!((32..=64).contains(&one.len()), "{one}");
        assert_eq!((number(&one), number("5b1c2a3d-0000-0000-0000-000000000000")), (Some(7), None));
    }

    #[test]
    fn versions_of_others_are_counted_by_their_stages() {
        let ours = id(7);
        assert_eq!(versions(&[]).number(), 0);
        assert_eq!(versions(&[("a-b", CURRENT)]).number(), 1);
        assert_eq!(versions(&[("a-b", CURRENT), ("c-d", PREVIOUS), ("e", PENDING)]).number(), 2);
        assert_eq!(versions(&[("a-b", CURRENT), (&ours, PREVIOUS)]).number(), 8);
        assert_eq!(versions(&[(&ours, CURRENT), ("a-b", PREVIOUS)]).number(), 7);
    }
}
