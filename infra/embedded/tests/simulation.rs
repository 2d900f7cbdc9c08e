//! Simulated stacks beyond their contract: what is begun survives, and takes its time.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use database::{Database, sqlite_url};
use domain::stack::ChangeAction;
use infra::lake_repository::{Content, LakeFiles};
use infra::stacks::{
    ChangeSetRequest, OWN_TEMPLATES, StackDefinition, StackOperation, StackService, StackStatus,
    assemble, permission_changes,
};
use infra_embedded::{AccountRegion, SimulatedStackService};

const ACCOUNT: &str = "111111111111";
const REGION: &str = "eu-central-1";

/// So long that no step is due by itself.
const NEVER: Duration = Duration::from_secs(86_400);

struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// As another process would have it.
    async fn service(&self) -> SimulatedStackService {
        let url = sqlite_url(&self.folder.path().join("sluice.db")).unwrap();
        let database = Database::open(&url).await.unwrap();
        SimulatedStackService::new(database, AccountRegion::new(ACCOUNT, REGION).unwrap())
    }
}

fn queues(delay: u32) -> String {
    let queue =
        |id| format!("  {id}: {{Type: AWS::SQS::Queue, Properties: {{DelaySeconds: {delay}}}}}\n");
    format!("Resources:\n{}", ["A", "B", "C"].map(queue).concat())
}

async fn begin(service: &SimulatedStackService, template: String, token: &str) {
    let request = ChangeSetRequest {
        stack: "DevLake".to_owned(),
        template,
        parameters: Default::default(),
        tags: Default::default(),
        token: token.to_owned(),
    };
    let set = service.prepare(&request).await.unwrap();
    service.execute(&set.arn, token).await.unwrap();
}

async fn status(service: &SimulatedStackService) -> StackStatus {
    service.describe("DevLake").await.unwrap().unwrap().status
}

#[tokio::test]
async fn c6_what_was_begun_goes_on_after_a_restart() {
    let fixture = Fixture::new();
    let first = fixture.service().await.with_pace(NEVER);
    begin(&first, queues(0), "one").await;
    // The step that is due at once, and one more.
    assert_eq!(status(&first).await, StackStatus::CreateInProgress);
    assert!(first.tick().await.unwrap());
    let made = first.resources("DevLake").await.unwrap().len();
    assert_eq!(made, 2, "some, and not all");
    drop(first);
    let second = fixture.service().await.with_pace(NEVER);
    assert_eq!(status(&second).await, StackStatus::CreateInProgress);
    while second.tick().await.unwrap() {}
    assert_eq!(status(&second).await, StackStatus::CreateComplete);
    let events = second.events("DevLake", None).await.unwrap();
    for id in ["A", "B", "C"] {
        let made = events.iter().filter(|event| event.logical_id == id);
        let made: Vec<_> = made.map(|event| event.status.as_str()).collect();
        assert_eq!(made, ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"], "{id}");
    }
}

#[tokio::test]
async fn a_cancelled_update_is_taken_back() {
    let service = Fixture::new();
    let service = service.service().await.with_pace(NEVER);
    begin(&service, queues(0), "one").await;
    while service.tick().await.unwrap() {}
    begin(&service, queues(5), "two").await;
    assert_eq!(status(&service).await, StackStatus::UpdateInProgress);
    service.operate("DevLake", &StackOperation::CancelUpdate, "cancel").await.unwrap();
    while service.tick().await.unwrap() {}
    assert_eq!(status(&service).await, StackStatus::UpdateRollbackComplete);
    assert_eq!(service.drift("DevLake").await.unwrap(), []);
    assert_eq!(service.template("DevLake").await.unwrap(), Some(queues(0)));
}

#[tokio::test]
async fn steps_take_their_time_and_nobody_has_to_watch() {
    let fixture = Fixture::new();
    let service = fixture.service().await.with_pace(Duration::from_millis(100));
    begin(&service, queues(0), "one").await;
    assert_eq!(status(&service).await, StackStatus::CreateInProgress);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(status(&service).await, StackStatus::CreateComplete);
}

const LAKE: &str = r#"
[lake]
logical_id_prefix = "DataLake"
resource_name_prefix = "data-lake"

[tags]
cost_center = "4711"
team = "data"
application = "sluice"

[[environments]]
name = "dev"
branch = "main"
account = "111111111111"
region = "eu-central-1"
vpc_cidr = "10.20.0.0/24"

[environments.parameters]
ServerRoleArn = "arn:aws:iam::444444444444:role/data-lake-server"
"#;

fn own_stacks() -> Vec<StackDefinition> {
    let mut files = LakeFiles::default();
    files.add("sluice.toml", LAKE);
    let content = Content::parse(files).unwrap();
    let dev = content.lake.environments[0].clone();
    let templates = OWN_TEMPLATES.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
    assemble(&content, &templates, &dev).unwrap()
}

async fn deploy(service: &SimulatedStackService, stack: &StackDefinition, token: &str) {
    let request = ChangeSetRequest {
        stack: stack.name.clone(),
        template: stack.template.clone(),
        parameters: stack.parameters.clone(),
        tags: stack.tags.clone(),
        token: token.to_owned(),
    };
    let set = service.prepare(&request).await.unwrap();
    assert!(set.changes.iter().all(|change| change.action == ChangeAction::Add), "{set:?}");
    service.execute(&set.arn, token).await.unwrap();
    let made = service.describe(&stack.name).await.unwrap().unwrap();
    assert_eq!(made.status, StackStatus::CreateComplete, "{made:?}");
    for (name, output) in &made.outputs {
        let plain = !output.value.contains("simulated") && !output.value.contains('{');
        assert!(plain && !output.value.is_empty(), "{} {name}: {}", stack.name, output.value);
    }
}

#[tokio::test]
async fn an_environments_own_stacks_are_made_in_order_and_deleted_the_other_way_round() {
    let fixture = Fixture::new();
    let service = fixture.service().await;
    let stacks = own_stacks();
    for stack in &stacks {
        let before = permission_changes(&service, stack, ACCOUNT, REGION).await.unwrap();
        deploy(&service, stack, "one").await;
        let after = permission_changes(&service, stack, ACCOUNT, REGION).await.unwrap();
        assert_eq!(after, [], "{}: nothing changes once it is there", stack.name);
        assert!(before.iter().any(|change| change.widened) || before.is_empty());
        assert_eq!(service.drift(&stack.name).await.unwrap(), [], "{}", stack.name);
    }
    let exports = service.exports().await.unwrap();
    let raw = exports.iter().find(|export| export.name == "DevRawBucketName").unwrap();
    assert_eq!(raw.value, "dev-data-lake-111111111111-eu-central-1-raw");
    for stack in stacks.iter().rev() {
        let delete = StackOperation::Delete { retain: Vec::new() };
        service.operate(&stack.name, &delete, "delete").await.unwrap();
        assert_eq!(service.describe(&stack.name).await.unwrap(), None, "{}", stack.name);
    }
    let left = service.left_behind().await.unwrap();
    let left: Vec<_> = left.iter().map(|one| one.physical_id.as_str()).collect();
    assert!(left.contains(&raw.value.as_str()), "zones outlive their stack: {left:?}");
}
