//! Who could approve a plan now and why others could not, and whether a rule can be satisfied at all.

use domain::approval::{ApprovalRule, Decision, Verdict};
use domain::branch::Person;
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use jiff::Timestamp;

use super::{Asked, Candidate, Terms, WhyNot, eligible, required};

/// For each of `people`: whether they could approve now without breaking the glass, provided that
/// they type what has to be typed; else all reasons why not.
pub fn who_could(
    people: &[Candidate],
    asked: Asked<'_>,
    decisions: &[Decision],
    terms: Terms<'_>,
    now: Timestamp,
) -> Vec<(Person, Result<(), Vec<WhyNot>>)> {
    let answer = |candidate: &Candidate| {
        let decided =
            |own: &Decision| own.by.id == candidate.person.id && own.plan == *asked.digest;
        if decisions.iter().any(decided) {
            return (candidate.person.clone(), Err(vec![WhyNot::Decided]));
        }
        let yes = Decision {
            plan: asked.digest.clone(),
            by: candidate.person.clone(),
            verdict: Verdict::Approve,
            reason: String::new(),
            typed: required(terms.rule, asked.plan).typed,
            break_glass: false,
            at: now,
        };
        (candidate.person.clone(), eligible(candidate, &yes, asked, terms, now))
    };
    people.iter().map(answer).collect()
}

/// Refuses a rule that nobody can satisfy, given everybody there is. [`domain::ErrorKind::Invalid`]
/// says why. A rule of 0 approvers still needs one for plans that widen permissions.
pub fn satisfiable(
    environment: &EnvironmentName,
    rule: &ApprovalRule,
    people: &[Candidate],
) -> Result<()> {
    if rule.expires_after_hours == 0 {
        return Err(Error::invalid(format!(
            "plans for {environment} would expire as soon as they are made: set \
             expires_after_hours to 1 or more"
        )));
    }
    if let Some(team) = rule.teams.iter().find(|team| !is_team(team)) {
        return Err(Error::invalid(format!("{team:?} is no team: write it as `org/team`")));
    }
    let able: Vec<_> = people.iter().filter(|one| is_able(one, environment, rule)).collect();
    let need = rule.approvers.max(1) as usize;
    if able.len() < need {
        return Err(Error::invalid(format!(
            "nobody could deploy to {environment}: {} needed, {}; {}: ask for fewer, name another \
             team or give more people the role approver",
            approvals(need),
            named(&able),
            missing(need - able.len(), rule)
        )));
    }
    // Whoever asks for a deployment is one of those who could approve it.
    let all_able = able.len() == people.len();
    if rule.exclude_requester && all_able && able.len() == need {
        return Err(Error::invalid(format!(
            "nobody could deploy to {environment}: {} needed, {}, and who asks for a deployment may \
             not approve it; {}: ask for fewer, or give more people the role approver",
            approvals(need),
            named(&able),
            missing(1, rule)
        )));
    }
    Ok(())
}

fn is_able(candidate: &Candidate, environment: &EnvironmentName, rule: &ApprovalRule) -> bool {
    let in_team = |team: &String| candidate.is_in(team);
    candidate.is_approver(environment) && (rule.teams.is_empty() || rule.teams.iter().any(in_team))
}

fn is_team(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    text.split_once('/').is_some_and(|(org, team)| word(org) && word(team))
}

fn approvals(need: usize) -> String {
    if need == 1 { "1 approval is".to_owned() } else { format!("{need} approvals are") }
}

/// Who is missing: `1 more approver of acme/ops is missing`.
fn missing(number: usize, rule: &ApprovalRule) -> String {
    let teams = match rule.teams.as_slice() {
        [] => String::new(),
        teams => format!(" of {}", teams.join(" or ")),
    };
    match number {
        1 => format!("1 more approver{teams} is missing"),
        many => format!("{many} more approvers{teams} are missing"),
    }
}

fn named(able: &[&Candidate]) -> String {
    let logins: Vec<_> = able.iter().map(|one| one.person.login.as_str()).collect();
    match logins.len() {
        0 => "and nobody may approve there".to_owned(),
        1 => format!("and only {} may approve there", logins.join("")),
        many => format!("and only {many} people may approve there ({})", logins.join(", ")),
    }
}
