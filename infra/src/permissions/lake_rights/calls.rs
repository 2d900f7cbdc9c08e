//! The operations of AWS that adapters call, and the action of IAM that each needs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::Regex;

use super::arn;
use super::lake::{ACCOUNT, REGION};

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

/// What the engine's adapters call under the engine role: the operation by the name of the SDK, the action,
/// and on what.
pub(super) const ENGINE: &[(&str, &str, &[&str])] = &[
    ("abort_multipart_upload", "s3:AbortMultipartUpload", ZONES),
    ("batch_create_partition", "glue:BatchCreatePartition", CATALOG),
    ("batch_get_item", "dynamodb:BatchGetItem", &["table etl-job-audit", "table run-state"]),
    ("batch_get_partition", "glue:BatchGetPartition", CATALOG),
    ("batch_update_partition", "glue:BatchUpdatePartition", CATALOG),
    ("batch_write_item", "dynamodb:BatchWriteItem", &["table run-state"]),
    ("change_message_visibility", "sqs:ChangeMessageVisibility", &["queue arrivals"]),
    ("change_message_visibility_batch", "sqs:ChangeMessageVisibility", &["queue arrivals"]),
    ("complete_multipart_upload", "s3:PutObject", ZONES),
    ("create_multipart_upload", "s3:PutObject", ZONES),
    ("create_table", "glue:CreateTable", CATALOG),
    ("delete_message", "sqs:DeleteMessage", &["queue arrivals"]),
    ("delete_partition", "glue:DeletePartition", CATALOG),
    ("describe_table", "dynamodb:DescribeTable", TABLES),
    ("get_database", "glue:GetDatabase", CATALOG),
    ("get_item", "dynamodb:GetItem", TABLES),
    ("get_object", "s3:GetObject", &["object raw"]),
    ("get_object", "s3:GetObjectVersion", &["object raw"]),
    ("get_partition", "glue:GetPartition", CATALOG),
    ("get_partitions", "glue:GetPartitions", CATALOG),
    ("get_queue_attributes", "sqs:GetQueueAttributes", QUEUES),
    ("get_table", "glue:GetTable", CATALOG),
    ("get_table_versions", "glue:GetTableVersions", CATALOG),
    ("get_tables", "glue:GetTables", CATALOG),
    ("head_bucket", "s3:ListBucket", BUCKETS),
    ("head_object", "s3:GetObject", &["object raw"]),
    ("head_object", "s3:GetObjectVersion", &["object raw"]),
    ("list_object_versions", "s3:ListBucketVersions", &["bucket raw"]),
    ("list_objects_v2", "s3:ListBucket", BUCKETS),
    ("publish", "sns:Publish", &["topic notifications"]),
    ("query", "dynamodb:Query", TABLES),
    ("query", "dynamodb:Query", INDEXES),
    ("receive_message", "sqs:ReceiveMessage", &["queue arrivals"]),
    ("send_message", "sqs:SendMessage", &["queue arrivals-dead-letter"]),
    ("transact_write_items", "dynamodb:DeleteItem", &["table run-state"]),
    ("transact_write_items", "dynamodb:PutItem", TABLES),
    ("transact_write_items", "dynamodb:UpdateItem", STATES),
    ("update_table", "glue:UpdateTable", CATALOG),
    ("upload_part_copy", "s3:GetObject", ZONES),
    ("upload_part_copy", "s3:PutObject", ZONES),
];

/// What `object_store` asks for by itself, and what S3, SQS and SNS ask of the keys.
pub(super) const UNSEEN: &[(&str, &[&str])] = &[
    ("s3:AbortMultipartUpload", &["object raw", "object conformed", "object purpose-built"]),
    ("s3:DeleteObject", ZONES),
    ("s3:GetObject", &["object raw", "object conformed", "object purpose-built"]),
    ("s3:GetObjectVersion", &["object raw", "object conformed", "object purpose-built"]),
    ("s3:PutObject", &["object raw", "object conformed", "object purpose-built"]),
    ("kms:Decrypt", KEYS),
    ("kms:GenerateDataKey", KEYS),
];

/// What the adapters call under the query role.
pub(super) const QUERY: &[(&str, &str, &[&str])] = &[
    ("get_query_execution", "athena:GetQueryExecution", WORKGROUP),
    ("get_query_results", "athena:GetQueryResults", WORKGROUP),
    ("get_query_results", "s3:GetObject", &["result athena/1.csv"]),
    ("get_work_group", "athena:GetWorkGroup", WORKGROUP),
    ("start_query_execution", "athena:GetDataCatalog", &["datacatalog AwsDataCatalog"]),
    ("start_query_execution", "athena:StartQueryExecution", WORKGROUP),
    ("start_query_execution", "glue:GetDatabase", &["catalog", "database default"]),
    ("start_query_execution", "glue:GetDatabase", CATALOG),
    ("start_query_execution", "glue:GetPartitions", CATALOG),
    ("start_query_execution", "glue:GetTable", CATALOG),
    ("start_query_execution", "kms:Decrypt", &["key da7a"]),
    ("start_query_execution", "kms:GenerateDataKey", &["key da7a"]),
    ("start_query_execution", "s3:GetBucketLocation", &["bucket query-results"]),
    ("start_query_execution", "s3:GetObject", ZONES),
    ("start_query_execution", "s3:ListBucket", &["bucket conformed", "bucket purpose-built"]),
    ("start_query_execution", "s3:PutObject", &["result athena/1.csv"]),
    ("stop_query_execution", "athena:StopQueryExecution", WORKGROUP),
];

/// What an adapter can do and no role of the lake may: a table is taken away by people.
pub(super) const NEVER: &[(&str, &str, &[&str])] = &[("delete_table", "glue:DeleteTable", CATALOG)];

const BUCKETS: &[&str] = &["bucket raw", "bucket conformed", "bucket purpose-built"];
const ZONES: &[&str] = &["object conformed", "object purpose-built"];
const KEYS: &[&str] = &["key da7a", "key 3e55"];
const QUEUES: &[&str] = &["queue arrivals", "queue arrivals-dead-letter"];
const WORKGROUP: &[&str] = &["workgroup workgroup"];
/// A call about a table is held against its database and the catalog too.
const CATALOG: &[&str] = &[
    "catalog",
    "database raw_source",
    "database served",
    "glue-table raw_source/trips",
    "glue-table served/trips",
];
const TABLES: &[&str] =
    &["table etl-job-audit", "table run-state", "table sources", "table transformations"];
/// Tables whose items are changed in place; a run is put as a whole.
const STATES: &[&str] = &["table run-state", "table sources", "table transformations"];
const INDEXES: &[&str] = &[
    "table etl-job-audit/index/by-dataset",
    "table run-state/index/due",
    "table sources/index/current-by-dataset",
    "table transformations/index/current-by-dataset",
];

/// The ARN of what is written here as a kind and a name, as the server names it.
pub(super) fn arn_of(short: &str) -> String {
    let (kind, name) = short.split_once(' ').unwrap_or((short, ""));
    let bucket = |zone: &str| format!("arn:aws:s3:::dev-data-lake-{ACCOUNT}-{REGION}-{zone}");
    match kind {
        "bucket" => bucket(name),
        "object" => format!("{}/tlc/trips/1.csv", bucket(name)),
        "result" => format!("{}/{name}", bucket("query-results")),
        "table" => arn("dynamodb", &format!("table/dev-data-lake-{name}")),
        "queue" => arn("sqs", &format!("dev-data-lake-{name}")),
        "topic" => arn("sns", &format!("dev-data-lake-{name}")),
        "workgroup" => arn("athena", &format!("workgroup/dev-data-lake-{name}")),
        "datacatalog" => arn("athena", &format!("datacatalog/{name}")),
        "catalog" => arn("glue", "catalog"),
        "database" => arn("glue", &format!("database/{name}")),
        "glue-table" => arn("glue", &format!("table/{name}")),
        "key" => arn("kms", &format!("key/{name}")),
        "alarm" => arn("cloudwatch", &format!("alarm:dev-data-lake-{name}")),
        "vpc" => arn("ec2", &format!("vpc/{name}")),
        "role" | "instance-profile" => {
            format!("arn:aws:iam::{ACCOUNT}:{kind}/sluice/dev-data-lake-{name}")
        }
        "anything" => "*".to_owned(),
        other => panic!("{other} is no kind"),
    }
}

/// The operations that the sources in a folder (from this crate) call on clients of the SDK, in order.
pub(super) fn operations_in(folder: &str) -> Vec<String> {
    let clients = "client|once|sdk|sqs|s3|sns|dynamo_db|glue|athena|reads|puts";
    let call = format!(r"(?:\b(?:{clients})|Client::new\(\w+\.sdk\(\)\))\s*\.([a-z0-9_]+)\(\)");
    let call = Regex::new(&call).unwrap();
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
