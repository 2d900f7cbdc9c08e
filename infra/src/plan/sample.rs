//! A plan for tests, and the people around it.

// These are for tests, although they are compiled as a library for the tests of other crates.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use domain::access::{Grant, Role};
use domain::branch::{Author, Person};
use domain::pipeline::ExecutionId;
use domain::plan::{Plan, PlanId, StackPlan, TextChange};
use domain::stack::{ChangeAction, PermissionChange, ResourceChange};
use jiff::{SignedDuration, Timestamp};

use crate::approval::Candidate;

/// A moment: so many seconds after a Monday morning.
pub fn at(seconds: i64) -> Timestamp {
    let monday = Timestamp::from_second(1_767_607_200).unwrap(); // 2026-01-05T10:00Z
    monday + SignedDuration::from_secs(seconds)
}

/// Somebody, by number and login.
pub fn person(id: &str, login: &str) -> Person {
    Person { id: id.into(), login: login.into() }
}

/// Somebody with roles everywhere.
pub fn candidate(id: &str, login: &str, roles: &[Role]) -> Candidate {
    let grants = roles.iter().copied().map(Grant::everywhere).collect();
    Candidate { person: person(id, login), grants, teams: BTreeSet::new() }
}

/// A plan for an environment, made at [`at`]`(0)` for ada, number 1: two stacks, one with a change set
/// that adds a role; a source and a transformation.
pub fn plan(environment: &str) -> Plan {
    Plan {
        id: PlanId::generate(),
        execution: ExecutionId::generate(),
        environment: environment.parse().unwrap(),
        account: "111122223333".into(),
        region: "eu-central-1".into(),
        commit: "ab".repeat(20).parse().unwrap(),
        release: "ab".repeat(32).parse().unwrap(),
        baseline: Some("cd".repeat(32).parse().unwrap()),
        requested_by: Some(person("1", "ada")),
        authors: vec![Author::of(&person("2", "bob"))],
        parameters: BTreeMap::from([("VpcCidr".into(), "10.0.0.0/24".into())]),
        stacks: vec![changing_stack(), idle_stack()],
        sources: vec![text_change("format = 'csv'")],
        transformations: vec![text_change("SELECT 2")],
        quality: Vec::new(),
        rehearsals: Vec::new(),
        made_at: at(0),
    }
}

/// Makes a plan widen permissions.
pub fn widen(plan: &mut Plan) {
    plan.stacks[0].permissions.push(PermissionChange {
        logical_id: "Engine".into(),
        sentence: "role Engine may now s3:DeleteObject on arn:aws:s3:::raw/*".into(),
        widened: true,
    });
}

/// Makes a plan replace a table.
pub fn endanger(plan: &mut Plan) {
    plan.stacks[0].changes.push(ResourceChange {
        logical_id: "Audit".into(),
        physical_id: Some("prod-audit".into()),
        resource_type: "AWS::DynamoDB::Table".into(),
        action: ChangeAction::Replace,
        stateful: true,
        causes: Vec::new(),
    });
}

fn changing_stack() -> StackPlan {
    StackPlan {
        stack: "ProdDataLakeEtlRoles".into(),
        template: "12".repeat(32).parse().unwrap(),
        change_set: Some("arn:aws:cloudformation:eu-central-1:111122223333:changeSet/a/1".into()),
        changes: vec![ResourceChange {
            logical_id: "Engine".into(),
            physical_id: Some("prod-engine".into()),
            resource_type: "AWS::IAM::Role".into(),
            action: ChangeAction::Modify,
            stateful: false,
            causes: Vec::new(),
        }],
        permissions: Vec::new(),
        drift: Vec::new(),
    }
}

fn idle_stack() -> StackPlan {
    StackPlan {
        stack: "ProdDataLakeEtlCatalog".into(),
        template: "34".repeat(32).parse().unwrap(),
        change_set: None,
        changes: Vec::new(),
        permissions: Vec::new(),
        drift: Vec::new(),
    }
}

fn text_change(after: &str) -> TextChange {
    TextChange {
        dataset: "tlc_taxi_data/yellow_taxi_trip_record".parse().unwrap(),
        version: Some(1),
        before: Some("before".into()),
        after: Some(after.into()),
    }
}
