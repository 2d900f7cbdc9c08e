//! Whatever policies and rules there are: who may do more than before is told of by a widened
//! sentence. The judge is a small world in which every request can be tried.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::compare;
use crate::template::{Inputs, Resolved, Template};

const ACTIONS: [&str; 4] = ["s3:GetObject", "s3:GetAcl", "s3:PutObject", "kms:Decrypt"];
const ACTION_PATTERNS: [&str; 7] =
    ["s3:GetObject", "S3:getacl", "s3:PutObject", "s3:Get*", "s3:*", "*", "kms:D?crypt"];
const RESOURCES: [&str; 3] = ["arn:aws:s3:::a/x", "arn:aws:s3:::a/yy", "arn:aws:s3:::b/x"];
const RESOURCE_PATTERNS: [&str; 7] = [
    "arn:aws:s3:::a/x",
    "arn:aws:s3:::a/?",
    "arn:aws:s3:::*/x",
    "arn:aws:s3:::a/*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::*",
    "*",
];
const PRINCIPALS: [&str; 2] = ["111111111111", "222222222222"];
const TEAMS: [&str; 3] = ["t1", "t2", "t3"];

/// A statement in a form that can be tried.
#[derive(Debug, Clone)]
struct Rule {
    allow: bool,
    not_action: bool,
    actions: BTreeSet<&'static str>,
    not_resource: bool,
    resources: BTreeSet<&'static str>,
    not_principal: bool,
    principals: BTreeSet<&'static str>,
    /// The test of the request's team: whether it is negated, and its values.
    team: Option<(bool, BTreeSet<&'static str>)>,
}

type Request = (&'static str, &'static str, &'static str, &'static str);

impl Rule {
    fn applies(&self, (principal, action, resource, team): Request) -> bool {
        let named = |patterns: &BTreeSet<&str>, text: &str| {
            patterns.iter().any(|pattern| glob(&pattern.to_lowercase(), &text.to_lowercase()))
        };
        named(&self.principals, principal) != self.not_principal
            && named(&self.actions, action) != self.not_action
            && named(&self.resources, resource) != self.not_resource
            && self.team.as_ref().is_none_or(|(not, values)| values.contains(team) != *not)
    }

    fn statement(&self) -> Value {
        let key = |not: bool, name: &str| if not { format!("Not{name}") } else { name.to_owned() };
        let mut statement = json!({
            "Effect": if self.allow { "Allow" } else { "Deny" },
            key(self.not_principal, "Principal"): { "AWS": self.principals },
            key(self.not_action, "Action"): self.actions,
            key(self.not_resource, "Resource"): self.resources,
        });
        if let Some((not, values)) = &self.team {
            let operator = if *not { "StringNotEquals" } else { "StringEquals" };
            statement["Condition"] = json!({ operator: { "aws:PrincipalTag/team": values } });
        }
        statement
    }
}

/// The plainest matching there is, to judge the other by.
fn glob(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            glob(&pattern[1..], text) || (!text.is_empty() && glob(pattern, &text[1..]))
        }
        (Some('?'), Some(_)) => glob(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) if one == other => glob(&pattern[1..], &text[1..]),
        _ => false,
    }
}

fn allowed(rules: &[Rule], request: Request) -> bool {
    let mut applying = rules.iter().filter(|rule| rule.applies(request)).peekable();
    applying.peek().is_some() && applying.all(|rule| rule.allow)
}

fn requests() -> impl Iterator<Item = Request> {
    PRINCIPALS.into_iter().flat_map(|principal| {
        ACTIONS.into_iter().flat_map(move |action| {
            RESOURCES.into_iter().flat_map(move |resource| {
                TEAMS.into_iter().map(move |team| (principal, action, resource, team))
            })
        })
    })
}

fn some_of(names: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<&'static str>> {
    proptest::collection::btree_set(proptest::sample::select(names), 1..3)
}

fn rule() -> impl Strategy<Value = Rule> {
    let negation = || proptest::bool::weighted(0.15);
    (
        proptest::bool::weighted(0.7),
        (negation(), some_of(&ACTION_PATTERNS)),
        (negation(), some_of(&RESOURCE_PATTERNS)),
        (negation(), some_of(&["111111111111", "222222222222", "*"])),
        proptest::option::of((any::<bool>(), some_of(&TEAMS))),
    )
        .prop_map(|(allow, actions, resources, principals, team)| Rule {
            allow,
            not_action: actions.0,
            actions: actions.1,
            not_resource: resources.0,
            resources: resources.1,
            // "Anyone but anyone" is nobody: AWS refuses it.
            not_principal: principals.0 && !principals.1.contains("*"),
            principals: principals.1,
            team,
        })
}

/// Rules before and after. They differ in one part of one rule: what follows from it cannot hide
/// behind another difference.
fn changes() -> impl Strategy<Value = (Vec<Rule>, Vec<Rule>)> {
    let rules = proptest::collection::vec(rule(), 1..4);
    (rules, rule(), any::<proptest::sample::Index>(), 0..9).prop_map(
        |(before, other, index, part)| {
            let mut after = before.clone();
            let index = index.index(after.len());
            let rule = &mut after[index];
            match part {
                0 => rule.allow = other.allow,
                1 => (rule.not_action, rule.actions) = (other.not_action, other.actions),
                2 => rule.actions = other.actions,
                3 => (rule.not_resource, rule.resources) = (other.not_resource, other.resources),
                4 => rule.resources = other.resources,
                5 => {
                    rule.not_principal = other.not_principal;
                    rule.principals = other.principals;
                }
                6 => rule.team = other.team,
                7 => after.push(other),
                _ => drop(after.remove(index)),
            }
            (before, after)
        },
    )
}

fn stack(statements: Vec<Value>) -> Resolved {
    let template = json!({ "Resources": {
        "Raw": { "Type": "AWS::S3::Bucket" },
        "Policy": { "Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": { "Ref": "Raw" }, "PolicyDocument": { "Statement": statements } } },
    } });
    resolved(&template)
}

fn resolved(template: &Value) -> Resolved {
    let inputs = Inputs::new("111111111111", "eu-central-1", "s");
    Template::parse(&template.to_string()).unwrap().resolve(&inputs).unwrap()
}

/// A rule of a security group in a form that can be tried.
#[derive(Debug, Clone)]
struct Door {
    protocol: &'static str,
    from: u16,
    to: u16,
    block: &'static str,
}

const BLOCKS: [(&str, [bool; 3]); 5] = [
    ("0.0.0.0/0", [true, true, true]),
    ("10.0.0.0/8", [true, true, false]),
    ("10.0.0.0/16", [true, false, false]),
    ("10.0.2.3/32", [true, false, false]),
    ("192.168.0.0/16", [false, false, true]),
];

fn door() -> impl Strategy<Value = Door> {
    let block = proptest::sample::select(BLOCKS.map(|(block, _)| block).to_vec());
    (proptest::sample::select(vec!["tcp", "udp", "-1"]), 1u16..4, 0u16..3, block)
        .prop_map(|(protocol, from, more, block)| Door { protocol, from, to: from + more, block })
}

impl Door {
    fn lets(&self, protocol: &str, port: u16, peer: usize) -> bool {
        let reach = BLOCKS.iter().find(|(block, _)| *block == self.block).unwrap().1;
        let port = (self.from..=self.to).contains(&port);
        reach[peer] && (self.protocol == "-1" || (self.protocol == protocol && port))
    }

    fn json(&self) -> Value {
        json!({ "IpProtocol": self.protocol, "FromPort": self.from, "ToPort": self.to.to_string(),
            "CidrIp": self.block })
    }
}

fn group(doors: &[Door]) -> Resolved {
    let rules: Vec<Value> = doors.iter().map(Door::json).collect();
    resolved(&json!({ "Resources": { "Shared": { "Type": "AWS::EC2::SecurityGroup",
        "Properties": { "GroupDescription": "d", "SecurityGroupIngress": rules } } } }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn c7_whoever_may_do_more_is_told_of((before, after) in changes()) {
        let statements = |rules: &[Rule]| rules.iter().map(Rule::statement).collect();
        let changes = compare(Some(&stack(statements(&before))), Some(&stack(statements(&after))));
        let widened = changes.iter().any(|change| change.widened);
        for request in requests() {
            if allowed(&after, request) && !allowed(&before, request) {
                prop_assert!(widened, "{request:?} is new and nothing is widened: {changes:?}");
            }
        }
    }

    #[test]
    fn c7_statements_that_only_moved_are_no_change(
        rules in proptest::collection::vec(rule(), 0..5).prop_shuffle(),
        sid in "[A-Z][a-z]{3}",
    ) {
        let before: Vec<Value> = rules.iter().map(Rule::statement).collect();
        let mut after: Vec<Value> = before.iter().rev().cloned().collect();
        if let Some(first) = after.first_mut() {
            first["Sid"] = sid.into();
        }
        prop_assert_eq!(compare(Some(&stack(before)), Some(&stack(after))), []);
    }

    #[test]
    fn c7_whatever_is_let_in_anew_is_told_of(
        before in proptest::collection::vec(door(), 1..3), other in door(), part in 0..4,
    ) {
        let mut after = before.clone();
        match part {
            0 => after[0].protocol = other.protocol,
            1 => after[0].block = other.block,
            2 => (after[0].from, after[0].to) = (other.from, other.to),
            _ => after.push(other),
        }
        let changes = compare(Some(&group(&before)), Some(&group(&after)));
        let widened = changes.iter().any(|change| change.widened);
        for protocol in ["tcp", "udp", "icmp"] {
            for (port, peer) in (1..7).flat_map(|port| (0..3).map(move |peer| (port, peer))) {
                let lets = |doors: &[Door]| doors.iter().any(|one| one.lets(protocol, port, peer));
                prop_assert!(!lets(&after) || lets(&before) || widened, "{changes:?}");
            }
        }
    }
}

#[test]
fn c7_policies_without_measure_are_compared_in_seconds() {
    let names = |from: usize| -> Vec<String> {
        (from..from + 20_000).map(|number| format!("s3:Get{number}")).collect()
    };
    let long = |from: usize| {
        vec![json!({ "Effect": "Allow", "Principal": "*", "Action": names(from), "Resource": "*" })]
    };
    let many = |from: usize| {
        names(from)[..8_000]
            .iter()
            .map(|name| json!({ "Effect": "Allow", "Principal": "*", "Action": name }))
            .collect()
    };
    let begun = std::time::Instant::now();
    for (before, after) in [(long(0), long(90_000)), (many(0), many(90_000))] {
        let (before, after) = (stack(before), stack(after));
        assert_eq!(compare(Some(&before), Some(&before)), []);
        assert!(compare(Some(&before), Some(&after)).iter().any(|change| change.widened));
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
