//! What of an environment is there: each resource is asked for under the role that works with it.

use aws::{Account, failed};
use aws_sdk_athena::error::SdkError;
use domain::Result;

/// The resources of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// Buckets of the zones.
    pub buckets: Vec<String>,
    /// Tables of the run ledger, of sources and transformations.
    pub tables: Vec<String>,
    /// The arrival queue and its dead-letter queue.
    pub queue_urls: Vec<String>,
    /// Databases of the catalog.
    pub databases: Vec<String>,
    /// The workgroup of queries.
    pub workgroup: String,
}

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    /// What, with its name.
    pub what: String,
    /// What is there, for people; why not, if it is not.
    pub outcome: Result<String>,
}

/// Looks at everything. `engine` and `query` are the account under the roles of that name; whoever
/// cannot take a role on learns it from the first two findings, and nothing else is looked at under it.
pub async fn examine(engine: &Account, query: &Account, resources: &Resources) -> Vec<Finding> {
    let mut findings = Vec::new();
    if session(engine, "engine role", &mut findings).await {
        storage(engine, resources, &mut findings).await;
        messages(engine, resources, &mut findings).await;
        catalog(engine, resources, &mut findings).await;
    }
    if session(query, "query role", &mut findings).await {
        workgroup(query, &resources.workgroup, &mut findings).await;
    }
    findings
}

async fn session(account: &Account, role: &str, findings: &mut Vec<Finding>) -> bool {
    let identity = account.identity().await.map(|identity| identity.arn);
    let is_there = identity.is_ok();
    findings.push(Finding { what: role.to_owned(), outcome: identity });
    is_there
}

async fn storage(engine: &Account, resources: &Resources, findings: &mut Vec<Finding>) {
    let s3 = aws_sdk_s3::Client::new(engine.sdk());
    for bucket in &resources.buckets {
        let asked = s3.head_bucket().bucket(bucket).send().await;
        let outcome = asked.map(|_| "is there".to_owned());
        let outcome = outcome.map_err(|error| failed(&format!("look at bucket {bucket}"), error));
        findings.push(Finding { what: format!("bucket {bucket}"), outcome });
    }
    let dynamo_db = aws_sdk_dynamodb::Client::new(engine.sdk());
    for table in &resources.tables {
        let asked = dynamo_db.describe_table().table_name(table).send().await;
        let outcome = asked.map_err(|error| failed(&format!("look at table {table}"), error));
        let outcome = outcome.map(|found| {
            let status = found.table.and_then(|table| table.table_status);
            status.map_or("is there".to_owned(), |status| status.as_str().to_owned())
        });
        findings.push(Finding { what: format!("table {table}"), outcome });
    }
}

async fn messages(engine: &Account, resources: &Resources, findings: &mut Vec<Finding>) {
    use aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessages as Waiting;
    let sqs = aws_sdk_sqs::Client::new(engine.sdk());
    for url in &resources.queue_urls {
        let name = url.rsplit('/').next().unwrap_or(url);
        let asked = sqs.get_queue_attributes().queue_url(url).attribute_names(Waiting).send().await;
        let outcome = asked.map_err(|error| failed(&format!("look at queue {name}"), error));
        let outcome = outcome.map(|found| {
            let waiting = found.attributes.and_then(|mut found| found.remove(&Waiting));
            format!("{} messages wait", waiting.as_deref().unwrap_or("0"))
        });
        findings.push(Finding { what: format!("queue {name}"), outcome });
    }
}

async fn catalog(engine: &Account, resources: &Resources, findings: &mut Vec<Finding>) {
    let glue = aws_sdk_glue::Client::new(engine.sdk());
    for database in &resources.databases {
        let asked = glue.get_database().name(database).send().await;
        let outcome = asked.map(|_| "is there".to_owned());
        let outcome =
            outcome.map_err(|error| failed(&format!("look at database {database}"), error));
        findings.push(Finding { what: format!("database {database}"), outcome });
    }
}

async fn workgroup(query: &Account, workgroup: &str, findings: &mut Vec<Finding>) {
    let asked = aws_sdk_athena::Client::new(query.sdk()).get_work_group().work_group(workgroup);
    let asked = asked.send().await;
    let outcome = match asked {
        Ok(found) => {
            let state = found.work_group.and_then(|found| found.state);
            Ok(state.map_or("is there".to_owned(), |state| state.as_str().to_owned()))
        }
        // Emulators tell numbers as text.
        Err(SdkError::ResponseError(_)) => {
            Ok("is there; its settings cannot be read here".to_owned())
        }
        Err(error) => Err(failed(&format!("look at workgroup {workgroup}"), error)),
    };
    findings.push(Finding { what: format!("workgroup {workgroup}"), outcome });
}
