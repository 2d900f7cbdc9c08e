//! The operations of AWS that adapters call, and the action of IAM that each needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::Regex;

/// What the stack service calls, by the names of the SDK.
pub(super) const CLOUD_FORMATION: [(&str, &str); 21] = [
    ("cancel_update_stack", "cloudformation:CancelUpdateStack"),
    ("continue_update_rollback", "cloudformation:ContinueUpdateRollback"),
    ("create_change_set", "cloudformation:CreateChangeSet"),
    ("delete_change_set", "cloudformation:DeleteChangeSet"),
    ("delete_stack", "cloudformation:DeleteStack"),
    ("describe_change_set", "cloudformation:DescribeChangeSet"),
    ("describe_events", "cloudformation:DescribeEvents"),
    ("describe_stack_drift_detection_status", "cloudformation:DescribeStackDriftDetectionStatus"),
    ("describe_stack_events", "cloudformation:DescribeStackEvents"),
    ("describe_stack_resource_drifts", "cloudformation:DescribeStackResourceDrifts"),
    ("describe_stacks", "cloudformation:DescribeStacks"),
    ("detect_stack_drift", "cloudformation:DetectStackDrift"),
    ("execute_change_set", "cloudformation:ExecuteChangeSet"),
    ("get_template", "cloudformation:GetTemplate"),
    ("list_change_sets", "cloudformation:ListChangeSets"),
    ("list_exports", "cloudformation:ListExports"),
    ("list_imports", "cloudformation:ListImports"),
    ("list_stack_resources", "cloudformation:ListStackResources"),
    ("list_stacks", "cloudformation:ListStacks"),
    ("rollback_stack", "cloudformation:RollbackStack"),
    ("update_termination_protection", "cloudformation:UpdateTerminationProtection"),
];

/// The operations that the sources in a folder (from this crate) call on clients of the SDK, in order.
pub(super) fn operations_in(folder: &str) -> Vec<String> {
    let clients = "client|once|sdk|sqs|s3|sns|dynamo_db|glue|athena|reads|puts";
    let call = Regex::new(&format!(r"\b(?:{clients})\s*\.([a-z_]+)\(\)")).unwrap();
    let mut found = BTreeSet::new();
    for text in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
        found.extend(call.captures_iter(&text).map(|call| call[1].to_owned()));
    }
    found.remove("clone");
    found.into_iter().collect()
}

fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![fs::read_to_string(&path).unwrap()],
    });
    texts.collect()
}
