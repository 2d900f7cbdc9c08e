//! Shapes of single values: accounts, regions, teams.

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// As `eu-central-1` or `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [first, middle @ .., last] => {
            let number = matches!(last.as_bytes(), [digit] if digit.is_ascii_digit());
            first.len() == 2
                && word(first)
                && !middle.is_empty()
                && number
                && middle.iter().all(|part| word(part))
        }
        _ => false,
    }
}

/// As `org/team`, each of letters, digits, `-`, `_` and `.`.
pub(super) fn is_team(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let word = |part: &str| !part.is_empty() && part.bytes().all(allowed);
    text.split_once('/').is_some_and(|(org, team)| word(org) && word(team))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_exact() {
        assert!(is_account("123456789012"));
        assert!(!is_account("12345678901") && !is_account("12345678901a"));
        for good in ["eu-central-1", "us-gov-west-1", "ap-southeast-2"] {
            assert!(is_region(good), "{good} was refused");
        }
        for bad in ["", "eu", "eu-1", "eu-central", "EU-central-1", "eu-central-12", "eu--1"] {
            assert!(!is_region(bad), "{bad:?} was accepted");
        }
        assert!(is_team("acme/data-platform") && !is_team("acme") && !is_team("a/b/c"));
    }
}
