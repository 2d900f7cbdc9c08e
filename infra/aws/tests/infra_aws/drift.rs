//! Drift that CloudFormation cannot tell at once, or not at all, and that of nested stacks.

use aws::Account;
use aws::testing::{Emulator, Fault, FaultyLink, fresh_account};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName::VisibilityTimeout;
use domain::stack::DriftedResource;
use infra::stacks::{ChangeSetRequest, StackService};
use infra_aws::CloudFormationStackService;

use crate::stacks::{buckets, make_bucket, service, settled};

const STACK: &str = "DevLake";
const QUEUE: &str =
    "Resources: {Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}}";
/// What CloudFormation says while a detection is under way.
const BUSY: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>\
     Drift detection is already in progress for stack DevLake</Message></Error></ErrorResponse>";
/// What it says of a detection that could not look at the queue.
const FAILED: &str = "<DescribeStackDriftDetectionStatusResponse>\
     <DescribeStackDriftDetectionStatusResult><StackId>a</StackId><StackDriftDetectionId>b\
     </StackDriftDetectionId><DetectionStatus>DETECTION_FAILED</DetectionStatus>\
     <DetectionStatusReason>{\"Summary\":\"x\",\"Failures\":[{\"Resource\":\"Queue\",\
     \"FailureReason\":\"Rate exceeded (Request ID: 1)\"}]}</DetectionStatusReason>\
     <Timestamp>2026-01-01T00:00:00Z</Timestamp></DescribeStackDriftDetectionStatusResult>\
     </DescribeStackDriftDetectionStatusResponse>";

struct Fixture {
    account: Account,
    number: String,
    link: FaultyLink,
    stacks: CloudFormationStackService,
}

impl Fixture {
    async fn new() -> Option<Self> {
        let emulator = Emulator::of_this_run()?;
        let (link, through) = emulator.through_a_faulty_link().await;
        let number = fresh_account();
        let stacks = service(&Account::open(&through.settings(&number)).await, &number);
        let account = Account::open(&emulator.settings(&number)).await;
        Some(Self { account, number, link, stacks })
    }

    async fn deploy(&self, template: &str) {
        let request = ChangeSetRequest {
            stack: STACK.to_owned(),
            template: template.to_owned(),
            parameters: Default::default(),
            tags: Default::default(),
            token: "one".to_owned(),
        };
        let set = self.stacks.prepare(&request).await.unwrap();
        self.stacks.execute(&set.arn, "one").await.unwrap();
        let made = settled(&self.stacks, STACK).await;
        assert!(made.status.is_complete(), "{made:?}");
    }

    /// The resource of a stack by its logical id.
    async fn physical_id(&self, stack: &str, logical_id: &str) -> String {
        let held = self.stacks.resources(stack).await.unwrap();
        let found = held.into_iter().find(|held| held.logical_id == logical_id);
        found.unwrap().physical_id.unwrap()
    }

    /// Changes the queue of a stack past it.
    async fn tamper(&self, stack: &str) {
        let url = self.physical_id(stack, "Queue").await;
        let queues = aws_sdk_sqs::Client::new(self.account.sdk());
        let set = queues.set_queue_attributes().queue_url(url);
        set.attributes(VisibilityTimeout, "61").send().await.unwrap();
    }

    async fn drift(&self) -> Vec<DriftedResource> {
        self.stacks.drift(STACK).await.unwrap()
    }
}

#[tokio::test]
async fn c10_what_could_not_be_looked_at_is_not_taken_for_unchanged() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.deploy(QUEUE).await;
    assert_eq!(fixture.drift().await, []);
    fixture.link.plan("DescribeStackDriftDetectionStatus", Fault::Answer(200, FAILED));
    let unknown = DriftedResource::not_compared("Queue", "AWS::SQS::Queue");
    assert_eq!(fixture.drift().await, [unknown], "in the same words each time");
    assert_eq!(fixture.drift().await, []);
}

#[tokio::test]
async fn c10_a_look_of_somebody_else_is_waited_for() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.deploy(QUEUE).await;
    fixture.tamper(STACK).await;
    for _ in 0..2 {
        fixture.link.plan("Action=DetectStackDrift", Fault::Answer(400, BUSY));
    }
    let drifted = fixture.drift().await;
    assert!(fixture.link.is_done());
    assert_eq!(drifted.len(), 1, "{drifted:?}");
    assert!(drifted[0].is_compared() && drifted[0].logical_id == "Queue", "{drifted:?}");
}

#[tokio::test]
async fn c10_drift_in_a_nested_stack_is_found() {
    let Some(fixture) = Fixture::new().await else { return };
    let bucket = format!("templates-{}", fixture.number);
    make_bucket(&fixture.account, &bucket).await;
    let put = buckets(&fixture.account).put_object().bucket(&bucket).key("inner.yaml");
    put.body(ByteStream::from_static(QUEUE.as_bytes())).send().await.unwrap();
    let endpoint = fixture.account.settings().endpoint.clone().unwrap();
    fixture
        .deploy(&format!(
            "Resources: {{Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: \
             \"{endpoint}/{bucket}/inner.yaml\"}}}}}}"
        ))
        .await;
    assert_eq!(fixture.drift().await, []);
    let inner = fixture.physical_id(STACK, "Inner").await;
    fixture.tamper(&inner).await;
    let drifted = fixture.drift().await;
    let named: Vec<_> = drifted.iter().map(|one| one.logical_id.as_str()).collect();
    assert_eq!(named, ["Inner/Queue"], "{drifted:?}");
    // Somebody deletes it: that is no reason to call the stack it is in unchanged, nor missing.
    let client = aws_sdk_cloudformation::Client::new(fixture.account.sdk());
    client.delete_stack().stack_name(&inner).send().await.unwrap();
    let begin = std::time::Instant::now();
    while fixture.stacks.describe(&inner).await.unwrap().is_some() {
        assert!(begin.elapsed().as_secs() < 60, "{inner} is not deleted");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let drifted = fixture.drift().await;
    assert_eq!(drifted.len(), 1, "{drifted:?}");
    assert!(drifted[0].deleted && drifted[0].logical_id == "Inner", "{drifted:?}");
}
