//! The digest of a plan: what an approval binds to.
//!
//! Architecture invariant: all that decides what is carried out is part of it, and nothing that only
//! tells of it: two plans with one digest do the same.

use std::collections::BTreeMap;

use domain::branch::CommitId;
use domain::environment::EnvironmentName;
use domain::plan::{Plan, RulesChange, StackPlan, TextChange};
use domain::release::Digest;
use domain::{Error, Result};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Comes before the document, so that no other document has the digest of a plan. The number changes
/// with the shape of the document.
const PREFIX: &[u8] = b"sluice plan 1\n";

/// What decides, in this order.
#[derive(Serialize)]
struct Deciding<'a> {
    environment: &'a EnvironmentName,
    account: &'a str,
    region: &'a str,
    commit: &'a CommitId,
    release: &'a Digest,
    baseline: &'a Option<Digest>,
    parameters: &'a BTreeMap<String, String>,
    stacks: &'a [StackPlan],
    sources: &'a [TextChange],
    transformations: &'a [TextChange],
    /// Left out when no rule changes, so that plans of earlier versions keep their digests.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    quality: &'a [RulesChange],
}

/// The digest of a plan: the SHA-256 of all that decides, as JSON with fields in a fixed order.
///
/// Not part of it are ids, times, who asked and who wrote the commits (the commit itself is), and
/// rehearsals. The order of stacks is, because it is the order of work.
pub fn digest(plan: &Plan) -> Result<Digest> {
    // Taken apart by name, so that a new field is decided on here.
    let Plan {
        id: _,
        execution: _,
        environment,
        account,
        region,
        commit,
        release,
        baseline,
        requested_by: _,
        authors: _,
        parameters,
        stacks,
        sources,
        transformations,
        quality,
        rehearsals: _,
        made_at: _,
    } = plan;
    let deciding = Deciding {
        environment,
        account,
        region,
        commit,
        release,
        baseline,
        parameters,
        stacks,
        sources,
        transformations,
        quality,
    };
    let json = serde_json::to_vec(&deciding).map_err(|error| {
        Error::internal(format!("plan {} cannot be written as JSON: {error}", plan.id))
    })?;
    let hash = Sha256::new().chain_update(PREFIX).chain_update(json).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>().parse()
}

#[cfg(test)]
mod tests {
    use domain::branch::{Author, Person};
    use domain::pipeline::ExecutionId;
    use domain::plan::{PlanId, Rehearsal, RehearsalOutcome};
    use domain::quality::QualityRules;
    use domain::stack::{
        ChangeAction, DriftedResource, PermissionChange, PropertyChange, Recreation,
    };
    use domain::table::TableName;
    use jiff::Timestamp;

    use super::*;
    use crate::plan::sample;

    type Edit = fn(&mut Plan);

    #[test]
    fn c1_the_digest_changes_with_all_that_decides() {
        let edits: [(&str, Edit); 30] = [
            ("environment", |plan| plan.environment = "test".parse().unwrap()),
            ("account", |plan| plan.account.push('1')),
            ("region", |plan| plan.region.push('b')),
            ("commit", |plan| plan.commit = "ef".repeat(20).parse().unwrap()),
            ("release", |plan| plan.release = "ef".repeat(32).parse().unwrap()),
            ("baseline", |plan| plan.baseline = None),
            ("parameter", |plan| drop(plan.parameters.insert("VpcCidr".into(), "10.9.0.0".into()))),
            ("new parameter", |plan| drop(plan.parameters.insert("X".into(), String::new()))),
            ("stack's name", |plan| plan.stacks[0].stack.push('X')),
            ("template", |plan| plan.stacks[0].template = "ef".repeat(32).parse().unwrap()),
            ("change set", |plan| plan.stacks[0].change_set = Some("arn:other".into())),
            ("no change set", |plan| plan.stacks[0].change_set = None),
            ("order of stacks", |plan| plan.stacks.reverse()),
            ("fewer stacks", |plan| drop(plan.stacks.pop())),
            ("action", |plan| plan.stacks[0].changes[0].action = ChangeAction::Remove),
            ("physical id", |plan| plan.stacks[0].changes[0].physical_id = None),
            ("resource", |plan| plan.stacks[0].changes[0].logical_id.push('X')),
            ("stateful", |plan| plan.stacks[0].changes[0].stateful ^= true),
            ("cause", |plan| plan.stacks[0].changes[0].causes.push(property())),
            ("permission", |plan| plan.stacks[0].permissions.push(permission())),
            ("drift", |plan| plan.stacks[0].drift.push(drifted())),
            ("source", |plan| plan.sources[0].after = Some("format = 'parquet'".into())),
            ("source's version", |plan| plan.sources[0].version = Some(9)),
            ("no source", |plan| plan.sources.clear()),
            ("SQL", |plan| plan.transformations[0].after = None),
            ("SQL before", |plan| plan.transformations[0].before = Some("SELECT 3".into())),
            ("version of SQL", |plan| plan.transformations[0].version = None),
            ("rules", |plan| plan.quality[0].after = None),
            ("version of rules", |plan| plan.quality[0].version = None),
            ("no rules", |plan| plan.quality.clear()),
        ];
        let mut plan = sample::plan("prod");
        plan.quality.push(rules());
        let plan = plan;
        for (what, edit) in edits {
            assert_ne!(digest(&edited(&plan, edit)).unwrap(), digest(&plan).unwrap(), "{what}");
        }
    }

    #[test]
    fn the_digest_stays_with_what_only_tells_of_the_plan() {
        let edits: [(&str, Edit); 6] = [
            ("id", |plan| plan.id = PlanId::generate()),
            ("execution", |plan| plan.execution = ExecutionId::generate()),
            ("time", |plan| plan.made_at = Timestamp::UNIX_EPOCH),
            ("requester", |plan| {
                plan.requested_by = Some(Person { id: "9".into(), login: "nina".into() });
            }),
            ("authors", |plan| plan.authors.push(Author { name: "N".into(), email: "n@o".into() })),
            ("rehearsals", |plan| plan.rehearsals.push(rehearsal())),
        ];
        let plan = sample::plan("prod");
        for (what, edit) in edits {
            let edited = edited(&plan, edit);
            assert_ne!(edited, plan, "{what} was not changed");
            assert_eq!(digest(&edited).unwrap(), digest(&plan).unwrap(), "{what}");
        }
    }

    #[test]
    fn the_digest_is_the_same_on_every_machine_and_in_every_version() {
        let digest = digest(&sample::plan("prod")).unwrap();
        assert_eq!(
            digest.as_str(),
            "97e0f45f4d57d6a8a7210450cae7024dec72bf53dba2b90ed38f68a7986b3c2f"
        );
    }

    fn edited(plan: &Plan, edit: Edit) -> Plan {
        let mut edited = plan.clone();
        edit(&mut edited);
        edited
    }

    fn property() -> PropertyChange {
        PropertyChange {
            path: "Properties.BillingMode".into(),
            before: None,
            after: Some("\"PROVISIONED\"".into()),
            recreation: Recreation::Never,
        }
    }

    fn rules() -> RulesChange {
        RulesChange {
            table: TableName::new("tlc", "yellow"),
            version: Some(1),
            before: None,
            after: Some(QualityRules::default()),
        }
    }

    fn permission() -> PermissionChange {
        PermissionChange { logical_id: "Engine".into(), sentence: "may".into(), widened: true }
    }

    fn drifted() -> DriftedResource {
        DriftedResource {
            logical_id: "Audit".into(),
            resource_type: "AWS::DynamoDB::Table".into(),
            deleted: false,
            differences: vec![property()],
        }
    }

    fn rehearsal() -> Rehearsal {
        let outcome = RehearsalOutcome::NotCompared { reason: "no data".into(), fails: false };
        Rehearsal { dataset: "tlc/yellow".parse().unwrap(), outcome }
    }
}
