//! The rules of approvals.

use domain::ErrorKind;
use domain::access::Role;
use domain::approval::{ApprovalRule, Decision, FreezeWindow, Verdict};
use domain::branch::Person;
use domain::plan::Plan;
use domain::release::Digest;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::plan::digest;
use crate::plan::sample::{at, candidate, endanger, person, plan, widen};

/// Everybody: ada (1) asked, bob (2) wrote; cleo, dan and root may approve, vic may not.
fn people() -> Vec<Candidate> {
    vec![
        candidate("1", "ada", &[Role::Engineer, Role::Approver]),
        candidate("2", "bob", &[Role::Approver]),
        candidate("3", "cleo", &[Role::Approver]),
        candidate("4", "dan", &[Role::Approver]),
        candidate("5", "vic", &[Role::Viewer]),
        candidate("9", "root", &[Role::Admin]),
    ]
}

struct Case {
    plan: Plan,
    digest: Digest,
    rule: ApprovalRule,
    freezes: Vec<FreezeWindow>,
    people: Vec<Candidate>,
}

impl Case {
    fn new(approvers: u32, edit: impl Fn(&mut Plan)) -> Self {
        let mut plan = plan("prod");
        edit(&mut plan);
        let rule = ApprovalRule { approvers, ..ApprovalRule::default() };
        let digest = digest(&plan).unwrap();
        Self { plan, digest, rule, freezes: Vec::new(), people: people() }
    }

    fn terms(&self) -> Terms<'_> {
        Terms { rule: &self.rule, freezes: &self.freezes }
    }

    fn asked(&self) -> Asked<'_> {
        Asked { plan: &self.plan, digest: &self.digest }
    }

    fn who(&self, login: &str) -> &Candidate {
        self.people.iter().find(|one| one.person.login == login).unwrap()
    }

    fn yes(&self, login: &str) -> Decision {
        Decision {
            plan: self.digest.clone(),
            by: self.who(login).person.clone(),
            verdict: Verdict::Approve,
            reason: String::new(),
            typed: Vec::new(),
            break_glass: false,
            at: at(60),
        }
    }

    fn glass(&self, login: &str, reason: &str) -> Decision {
        Decision { reason: reason.into(), break_glass: true, ..self.yes(login) }
    }

    /// Why a decision is refused, as text; empty when it is not.
    fn why(&self, decision: &Decision, now: Timestamp) -> String {
        let candidate = self.who(&decision.by.login);
        let outcome = eligible(candidate, decision, self.asked(), self.terms(), now);
        let why = outcome.err().unwrap_or_default();
        why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    fn standing(&self, decisions: &[Decision], now: Timestamp) -> Standing {
        standing(self.asked(), decisions, self.terms(), |one| self.lookup(one), now)
    }

    fn clearance(&self, decisions: &[Decision], now: Timestamp) -> Clearance {
        clearance(self.asked(), decisions, self.terms(), |one| self.lookup(one), now).unwrap()
    }

    fn lookup(&self, person: &Person) -> Option<Candidate> {
        self.people.iter().find(|one| one.person.id == person.id).cloned()
    }
}

fn approved_by(logins: &[&str], case: &Case) -> Standing {
    let by = logins.iter().map(|login| case.who(login).person.clone()).collect();
    Standing::Approved { by, broke_glass: None }
}

#[test]
fn c7_widened_permissions_and_endangered_data_ask_in_every_environment() {
    let calm = Case::new(0, |_| {});
    assert_eq!(required(&calm.rule, &calm.plan).approvers, 0);
    assert_eq!(calm.standing(&[], at(9_999_999)), approved_by(&[], &calm));
    let wide = required(&calm.rule, &Case::new(0, widen).plan);
    assert_eq!(wide.approvers, 1);
    assert!(wide.because().contains("widens permissions: role Engine may now"), "{wide:?}");
    let danger = required(&calm.rule, &Case::new(0, endanger).plan);
    assert_eq!((danger.approvers, danger.typed), (1, vec!["prod-audit".to_owned()]));
    let two = required(&Case::new(2, widen).rule, &Case::new(2, widen).plan);
    assert_eq!(two.approvers, 2);
    assert_eq!(two.because[0], "prod asks for 2 approvals");
}

#[test]
fn c3_requester_and_authors_cannot_approve_under_any_login() {
    let mut case = Case::new(1, |_| {});
    assert!(case.why(&case.yes("ada"), at(60)).contains("asked for this deployment"));
    assert!(case.why(&case.yes("bob"), at(60)).contains("wrote a commit"));
    assert_eq!(case.why(&case.yes("cleo"), at(60)), "");
    // ada gave her login up and has another; cleo took it.
    case.people[0].person.login = "lovelace".into();
    case.people[2].person.login = "ada".into();
    assert!(case.why(&case.yes("lovelace"), at(60)).contains("asked for this deployment"));
    assert_eq!(case.why(&case.yes("ada"), at(60)), "");
    case.rule.exclude_requester = false;
    case.rule.exclude_authors = false;
    assert_eq!(case.why(&case.yes("lovelace"), at(60)), "");
    assert_eq!(case.why(&case.yes("bob"), at(60)), "");
}

#[test]
fn c3_people_are_counted_by_number_and_once() {
    let case = Case::new(2, |_| {});
    let mut renamed = case.yes("cleo");
    renamed.by.login = "cleopatra".into();
    let waiting = Standing::Waiting { have: 1, need: 2, lost: Vec::new() };
    assert_eq!(case.standing(&[case.yes("cleo"), renamed], at(60)), waiting);
    let both = [case.yes("dan"), case.yes("cleo")];
    assert_eq!(case.standing(&both, at(60)), approved_by(&["cleo", "dan"], &case));
}

#[test]
fn roles_and_teams_decide_who_approves() {
    let mut case = Case::new(1, |_| {});
    assert_eq!(case.why(&case.yes("vic"), at(60)), "is neither approver nor admin in prod");
    case.people[3].grants[0].environment = Some("dev".parse().unwrap());
    assert_eq!(case.why(&case.yes("dan"), at(60)), "is neither approver nor admin in prod");
    case.rule.teams = vec!["acme/data".into(), "acme/ops".into()];
    assert_eq!(case.why(&case.yes("cleo"), at(60)), "is not in acme/data or acme/ops");
    case.people[2].teams.insert("acme/ops".into());
    assert_eq!(case.why(&case.yes("cleo"), at(60)), "");
}

#[test]
fn c8_names_of_endangered_resources_have_to_be_typed() {
    let case = Case::new(0, endanger);
    assert!(case.why(&case.yes("cleo"), at(60)).contains("type the name prod-audit"));
    assert!(case.why(&case.glass("root", "fire"), at(60)).contains("type the name prod-audit"));
    let wrong = Decision { typed: vec!["prod-Audit".into()], ..case.yes("cleo") };
    assert!(!case.why(&wrong, at(60)).is_empty());
    let typed = Decision { typed: vec!["prod-audit".into()], ..case.yes("cleo") };
    assert_eq!(case.why(&typed, at(60)), "");
    assert_eq!(case.standing(&[typed], at(60)), approved_by(&["cleo"], &case));
    let untyped = case.standing(&[case.yes("cleo")], at(60));
    assert!(matches!(untyped, Standing::Waiting { have: 0, .. }), "{untyped:?}");
}

#[test]
fn c2_a_decision_on_another_digest_counts_for_nothing() {
    let case = Case::new(1, |_| {});
    let other = Decision { plan: "ee".repeat(32).parse().unwrap(), ..case.yes("cleo") };
    assert!(case.why(&other, at(60)).contains("the plan changed"));
    let glass = Decision { plan: other.plan.clone(), ..case.glass("root", "fire") };
    assert!(case.why(&glass, at(60)).contains("the plan changed"));
    for decision in [other, glass] {
        let standing = case.standing(&[decision], at(60));
        assert_eq!(standing, Standing::Waiting { have: 0, need: 1, lost: Vec::new() });
    }
}

#[test]
fn c13_a_role_that_was_taken_away_does_not_count_at_execution() {
    let mut case = Case::new(2, |_| {});
    let both = [case.yes("cleo"), case.yes("dan")];
    assert!(matches!(case.clearance(&both, at(60)), Clearance::Go { .. }));
    case.people[3].grants.clear();
    let lost = vec![person("4", "dan")];
    assert_eq!(case.clearance(&both, at(60)), Clearance::AskAgain { have: 1, need: 2, lost });
    case.people.retain(|one| one.person.login == "dan");
    assert!(matches!(case.clearance(&both, at(60)), Clearance::AskAgain { have: 0, .. }));
}

#[test]
fn c13_plans_and_approvals_expire() {
    let case = Case::new(1, |_| {});
    let (before, after) = (at(72 * 3600 - 1), at(72 * 3600));
    assert_eq!(case.why(&case.yes("cleo"), before), "");
    assert!(case.why(&case.yes("cleo"), after).contains("expired"));
    assert!(case.why(&case.glass("root", "fire"), after).contains("expired"));
    assert_eq!(case.standing(&[], after), Standing::Expired);
    assert_eq!(case.clearance(&[case.yes("cleo")], after), Clearance::Expired);
    assert!(matches!(case.clearance(&[case.yes("cleo")], before), Clearance::Go { .. }));
}

#[test]
fn one_rejection_is_enough_and_needs_a_reason() {
    let case = Case::new(2, |_| {});
    let no = Decision { verdict: Verdict::Reject, ..case.yes("cleo") };
    assert_eq!(case.why(&no, at(60)), "a reason is needed");
    let no = Decision { reason: "tips are doubled".into(), ..no };
    assert_eq!(case.why(&no, at(60)), "");
    let own = Decision { by: case.who("ada").person.clone(), ..no.clone() };
    assert_eq!(case.why(&own, at(60)), "", "who asked for it may take it back");
    let stranger = Decision { by: case.who("vic").person.clone(), ..no.clone() };
    assert!(case.why(&stranger, at(60)).contains("neither approver nor admin"));
    let standing = case.standing(&[case.yes("dan"), no], at(60));
    let by = person("3", "cleo");
    assert_eq!(standing, Standing::Rejected { by, reason: "tips are doubled".into() });
}

#[test]
fn breaking_the_glass_sets_number_exclusions_and_freeze_aside() {
    let mut case = Case::new(3, |plan| plan.requested_by = Some(person("9", "root")));
    case.freezes = vec![window("always", "2025-01-01", "2027-01-01")];
    assert!(case.why(&case.yes("root"), at(60)).contains("during always"));
    assert_eq!(case.why(&case.glass("root", " "), at(60)), "a reason is needed");
    assert_eq!(case.why(&case.glass("cleo", "fire"), at(60)), "only an admin breaks the glass");
    let glass = case.glass("root", "fire");
    assert_eq!(case.why(&glass, at(60)), "");
    let Clearance::Go { by, broke_glass } = case.clearance(std::slice::from_ref(&glass), at(60))
    else {
        panic!("not cleared")
    };
    assert_eq!((by, broke_glass), (vec![person("9", "root")], Some("fire".into())));
    case.people.last_mut().unwrap().grants.clear();
    assert!(matches!(case.clearance(&[glass], at(60)), Clearance::AskAgain { have: 0, .. }));
}

#[test]
fn a_freeze_holds_what_was_approved_before() {
    let mut case = Case::new(1, |_| {});
    case.freezes = vec![window("release week", "2026-01-05T09:00", "2026-01-09T18:00")];
    let until = "2026-01-09T18:00Z".parse().unwrap();
    let hold = Clearance::Hold { window: "release week".into(), until };
    assert_eq!(case.clearance(&[case.yes("cleo")], at(0)), hold);
    case.freezes[0].time_zone = "Mars/Olympus".into();
    assert!(case.why(&case.yes("cleo"), at(0)).contains("cannot be told"), "it must not fall open");
    let lookup = |one: &Person| case.lookup(one);
    let error = clearance(case.asked(), &[case.yes("cleo")], case.terms(), lookup, at(0));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn the_simulator_says_who_could_and_why_others_could_not() {
    let case = Case::new(2, endanger);
    let decided = Decision { typed: vec!["prod-audit".into()], ..case.yes("dan") };
    let answers = who_could(&case.people, case.asked(), &[decided], case.terms(), at(60));
    let line = |(person, answer): &(Person, Result<(), Vec<WhyNot>>)| match answer {
        Ok(()) => format!("{}: yes", person.login),
        Err(why) => {
            let why: Vec<_> = why.iter().map(ToString::to_string).collect();
            format!("{}: {}", person.login, why.join("; "))
        }
    };
    let expected = "\
ada: asked for this deployment: somebody else has to approve
bob: wrote a commit of it: somebody else has to approve
cleo: yes
dan: has decided on this plan already
vic: is neither approver nor admin in prod
root: yes";
    assert_eq!(answers.iter().map(line).collect::<Vec<_>>().join("\n"), expected);
}

#[test]
fn a_rule_that_nobody_can_satisfy_is_refused() {
    let prod = "prod".parse().unwrap();
    let check = |rule: &ApprovalRule, people: &[Candidate]| {
        satisfiable(&prod, rule, people).err().map(|error| error.message().to_owned())
    };
    let rule = |approvers| ApprovalRule { approvers, ..ApprovalRule::default() };
    assert_eq!(check(&rule(2), &people()), None);
    assert_eq!(check(&rule(5), &people()), None);
    let too_many = check(&rule(6), &people()).unwrap();
    assert!(too_many.contains("only 5 people may approve there (ada, bob"), "{too_many}");
    let alone = [candidate("9", "root", &[Role::Admin])];
    let alone_refused = check(&rule(1), &alone).unwrap();
    assert!(alone_refused.contains("may not approve it"), "{alone_refused}");
    let free = ApprovalRule { exclude_requester: false, ..rule(1) };
    assert_eq!(check(&free, &alone), None);
    let team = ApprovalRule { teams: vec!["acme/ops".into()], ..rule(1) };
    let nobody = check(&team, &people()).unwrap();
    assert!(nobody.contains("nobody may approve there; 1 more approver of acme/ops is missing"));
    let mut in_team = people();
    in_team[2].teams.insert("acme/ops".into());
    let spelt = ApprovalRule { teams: vec!["Acme/Ops".into()], ..rule(1) };
    assert_eq!(check(&spelt, &in_team), None, "names are compared in any case");
    let bad_team = ApprovalRule { teams: vec!["ops".into()], ..rule(1) };
    assert!(check(&bad_team, &people()).unwrap().contains("org/team"));
    let at_once = ApprovalRule { expires_after_hours: 0, ..rule(0) };
    assert!(check(&at_once, &people()).unwrap().contains("expires_after_hours"));
}

fn window(name: &str, from: &str, to: &str) -> FreezeWindow {
    FreezeWindow {
        name: name.into(),
        time_zone: "UTC".into(),
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

fn until(windows: &[FreezeWindow], now: &str) -> Option<String> {
    let frozen = frozen(windows, now.parse().unwrap()).unwrap();
    frozen.map(|frozen| frozen.until.to_string())
}

#[test]
fn a_weekly_window_keeps_its_hours_when_clocks_change() {
    let mut weekend = window("weekend", "fri 16:00", "mon 08:00");
    weekend.time_zone = "Europe/Berlin".into();
    let weekend = [weekend];
    // Clocks go forward on Sunday 2026-03-29: Friday counts from UTC+1, Monday from UTC+2.
    for (now, expected) in [
        ("2026-03-27T14:59:59Z", None),
        ("2026-03-27T15:00:00Z", Some("2026-03-30T06:00:00Z")),
        ("2026-03-30T05:59:59Z", Some("2026-03-30T06:00:00Z")),
        ("2026-03-30T06:00:00Z", None),
        // And back on Sunday 2026-10-25.
        ("2026-10-23T14:00:00Z", Some("2026-10-26T07:00:00Z")),
        ("2026-10-26T06:30:00Z", Some("2026-10-26T07:00:00Z")),
        ("2026-10-26T07:00:00Z", None),
        ("2026-10-28T12:00:00Z", None),
    ] {
        assert_eq!(until(&weekend, now).as_deref(), expected, "{now}");
    }
}

#[test]
fn a_window_within_a_day_and_one_around_the_week() {
    let night = [window("day", "wed 09:00", "wed 17:00")];
    assert_eq!(until(&night, "2026-01-07T12:00:00Z").as_deref(), Some("2026-01-07T17:00:00Z"));
    assert_eq!(until(&night, "2026-01-07T17:00:00Z"), None);
    let nearly_all = [window("all but an hour", "wed 17:00", "wed 16:00")];
    assert_eq!(until(&nearly_all, "2026-01-06T12:00:00Z").as_deref(), Some("2026-01-07T16:00:00Z"));
    assert_eq!(until(&nearly_all, "2026-01-07T16:30:00Z"), None);
}

#[test]
fn windows_that_follow_one_another_are_one() {
    let windows = [
        window("weekend", "sat 00:00", "mon 00:00"),
        window("stocktaking", "2026-01-05T00:00", "2026-01-07T12:00"),
    ];
    assert_eq!(until(&windows, "2026-01-03T10:00:00Z").as_deref(), Some("2026-01-07T12:00:00Z"));
    assert_eq!(until(&windows, "2026-01-07T12:00:00Z"), None);
}

#[test]
fn windows_that_mean_nothing_are_refused() {
    for (from, to, why) in [
        ("fri 16:00", "fri 16:00", "holds all week"),
        ("2026-01-02", "2026-01-01", "ends before it begins"),
        ("fri 16:00", "2026-01-01", "both once"),
    ] {
        let error = check_windows(&[window("odd", from, to)]).unwrap_err();
        assert!(error.message().contains(why), "{error}");
    }
    let mut nowhere = window("odd", "fri 16:00", "mon 08:00");
    nowhere.time_zone = "Europe/Atlantis".into();
    assert!(check_windows(&[nowhere]).unwrap_err().message().contains("Europe/Berlin"));
}

#[test]
fn reminders_come_after_hours_then_daily_then_before_the_end() {
    let (asked, expires) = (at(0), at(72 * 3600));
    let (mut last, mut sent) = (None, Vec::new());
    for hour in 0..80 {
        let now = asked + SignedDuration::from_hours(hour);
        if let Some(reminder) = reminder_due(asked, expires, last, now) {
            last = Some(now);
            sent.push((hour, reminder));
        }
    }
    use Reminder::{LastCall, Waits};
    assert_eq!(sent, [(4, Waits), (28, Waits), (52, Waits), (71, LastCall)]);
    let late = asked + SignedDuration::from_hours(60);
    assert_eq!(
        reminder_due(asked, expires, None, late),
        Some(Waits),
        "one for all that were missed"
    );
}
