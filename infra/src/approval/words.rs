//! Approval rules and freeze windows in words, for people who decide on a change of them.

use domain::approval::{ApprovalRule, FreezeWindow};

/// What a rule asks for: `2 approvals from acme/platform, within 72 hours; who asked may not approve`.
pub fn rule_in_words(rule: &ApprovalRule) -> String {
    let number = match rule.approvers {
        0 => "no approval unless permissions widen or data may be lost".to_owned(),
        1 => "1 approval".to_owned(),
        many => format!("{many} approvals"),
    };
    let teams = match rule.teams.as_slice() {
        [] => String::new(),
        teams => format!(" from {}", teams.join(" or ")),
    };
    let may = |excluded: bool| if excluded { "may not" } else { "may" };
    format!(
        "{number}{teams}, within {} hours; who asked {} approve, authors of its commits {}",
        rule.expires_after_hours,
        may(rule.exclude_requester),
        may(rule.exclude_authors)
    )
}

/// When nothing is deployed: `weekends (fri 18:00 to mon 06:00, Europe/Berlin)`.
pub fn windows_in_words(windows: &[FreezeWindow]) -> String {
    let window = |one: &FreezeWindow| {
        format!("{} ({} to {}, {})", one.name, one.from, one.to, one.time_zone)
    };
    match windows {
        [] => "none".to_owned(),
        windows => windows.iter().map(window).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_and_a_window_are_told_whole() {
        let rule = ApprovalRule {
            approvers: 2,
            teams: vec!["acme/platform".into(), "acme/data".into()],
            exclude_authors: false,
            ..ApprovalRule::default()
        };
        assert_eq!(
            rule_in_words(&rule),
            "2 approvals from acme/platform or acme/data, within 72 hours; who asked may not approve, \
             authors of its commits may"
        );
        assert!(rule_in_words(&ApprovalRule::default()).starts_with("no approval unless"));
        let window = FreezeWindow {
            name: "weekends".into(),
            time_zone: "Europe/Berlin".into(),
            from: "fri 18:00".parse().unwrap(),
            to: "mon 06:00".parse().unwrap(),
        };
        assert_eq!(windows_in_words(&[window]), "weekends (fri 18:00 to mon 06:00, Europe/Berlin)");
        assert_eq!(windows_in_words(&[]), "none");
    }
}
