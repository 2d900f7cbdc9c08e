//! Stacks whose resources really fail: a wait that ends, a network in which somebody else has
//! something, a secret that waits for its deletion.

use std::time::Duration;

use aws::Account;
use aws::testing::{Emulator, fresh_account};
use aws_sdk_s3::primitives::ByteStream;
use domain::ErrorKind;
use infra::stacks::{
    ChangeSetRequest, NextAction, Stack, StackOperation, StackService, StackStatus,
};
use infra_aws::CloudFormationStackService;

use crate::stacks::{buckets, make_bucket, service, settled};

const STACK: &str = "DevLake";
const ROLL_BACK: StackOperation = StackOperation::RollBack { skip: Vec::new() };

struct Fixture {
    account: Account,
    number: String,
    stacks: CloudFormationStackService,
}

impl Fixture {
    async fn new() -> Option<Self> {
        let emulator = Emulator::of_this_run()?;
        let number = fresh_account();
        let account = Account::open(&emulator.settings(&number)).await;
        let stacks = service(&account, &number);
        Some(Self { account, number, stacks })
    }

    async fn begin(&self, template: &str, token: &str) {
        let set = self.stacks.prepare(&request(template, token)).await.unwrap();
        self.stacks.execute(&set.arn, token).await.unwrap();
    }

    async fn deploy(&self, template: &str, token: &str) -> Stack {
        self.begin(template, token).await;
        settled(&self.stacks, STACK).await
    }

    /// Begins, and does something once `logical_id` is as it is to be and the wait goes on.
    async fn deploy_while(
        &self,
        template: &str,
        token: &str,
        logical_id: &str,
        act: impl AsyncFn(),
    ) {
        self.begin(template, token).await;
        for _ in 0..200 {
            let events = self.stacks.events(STACK, None).await.unwrap();
            let done = |event: &&infra::stacks::StackEvent| event.status.ends_with("_COMPLETE");
            let last = events.iter().rfind(|event| event.logical_id == logical_id).filter(done);
            let waits = events.iter().rev().take_while(|event| event.logical_id != STACK);
            if last.is_some() && waits.into_iter().any(|event| event.logical_id == "Wait") {
                return act().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{logical_id} is not made");
    }

    async fn delete(&self, retain: &[&str], token: &str) -> Option<Stack> {
        let retain = retain.iter().map(|id| (*id).to_owned()).collect();
        let delete = StackOperation::Delete { retain };
        self.stacks.operate(STACK, &delete, token).await.unwrap();
        for _ in 0..200 {
            let found = self.stacks.describe(STACK).await.unwrap();
            if !found.as_ref().is_some_and(|found| found.status.is_in_progress()) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{STACK} is not deleted");
    }
}

fn request(template: &str, token: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        stack: STACK.to_owned(),
        template: template.to_owned(),
        parameters: Default::default(),
        tags: Default::default(),
        token: token.to_owned(),
    }
}

/// A secret with a description, and what else.
fn template(number: u32, others: &str) -> String {
    format!(
        "Resources:\n  Token:\n    Type: AWS::SecretsManager::Secret\n    Properties: {{Name: token, \
         Description: number {number}}}\n{others}"
    )
}

/// Waits for what never comes, after `needed`.
fn wait(needed: &str) -> String {
    wait_for(2, needed)
}

/// The same for so many seconds.
fn wait_for(seconds: u32, needed: &str) -> String {
    format!(
        "  Handle: {{Type: AWS::CloudFormation::WaitConditionHandle}}\n  Wait:\n    Type: \
         AWS::CloudFormation::WaitCondition\n    DependsOn: {needed}\n    Properties: {{Handle: \
         !Ref Handle, Timeout: {seconds}}}\n"
    )
}

#[tokio::test]
async fn c9_a_stack_that_could_not_be_made_is_deleted_and_made_anew() {
    let Some(fixture) = Fixture::new().await else { return };
    let stack = fixture.deploy(&template(0, &wait("Token")), "one").await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    assert!(stack.reason.as_deref().is_some_and(|why| why.starts_with("Wait: ")), "{stack:?}");
    assert_eq!(fixture.stacks.resources(STACK).await.unwrap(), []);
    let refused = fixture.stacks.prepare(&request(&template(0, ""), "two")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("delete what is left"), "{error}");
    assert_eq!(stack.status.next_action(), NextAction::DeleteAndCreate);
    assert_eq!(fixture.delete(&[], "delete").await, None);
    let stack = fixture.deploy(&template(0, ""), "two").await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
}

#[tokio::test]
async fn a_change_that_failed_leaves_the_stack_as_it_was() {
    let Some(fixture) = Fixture::new().await else { return };
    let before = fixture.deploy(&template(0, ""), "one").await;
    let stack = fixture.deploy(&template(5, &wait("Token")), "two").await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
    assert!(stack.reason.as_deref().is_some_and(|why| why.contains("Wait: ")), "{stack:?}");
    assert_eq!((stack.outputs, stack.template), (before.outputs, before.template));
    assert_eq!(fixture.stacks.drift(STACK).await.unwrap(), []);
    let stack = fixture.deploy(&template(7, ""), "three").await;
    assert_eq!((stack.status, stack.reason), (StackStatus::UpdateComplete, None));
}

#[tokio::test]
async fn a_cancelled_update_is_taken_back_once_for_a_token() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.deploy(&template(0, ""), "one").await;
    let changed = template(5, &wait("Token"));
    let stacks = &fixture.stacks;
    let cancel = async || {
        stacks.operate(STACK, &StackOperation::CancelUpdate, "cancel").await.unwrap();
    };
    fixture.deploy_while(&changed, "two", "Token", cancel).await;
    let stack = settled(stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
    let error = stacks.operate(STACK, &StackOperation::CancelUpdate, "other").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

/// Leaves the stack with a rollback that failed at the secret, which waits for its deletion.
async fn stuck(fixture: &Fixture) {
    fixture.deploy(&template(0, ""), "one").await;
    let secrets = aws_sdk_secretsmanager::Client::new(fixture.account.sdk());
    let delete = async || {
        let delete = secrets.delete_secret().secret_id("token").recovery_window_in_days(7);
        delete.send().await.unwrap();
    };
    fixture.deploy_while(&template(5, &wait("Token")), "two", "Token", delete).await;
    let stack = settled(&fixture.stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackFailed, "{stack:?}");
    let why = stack.reason.unwrap();
    assert!(why.contains("Wait: ") && why.contains("Token"), "{why}");
    let refused = fixture.stacks.prepare(&request(&template(0, ""), "three")).await;
    let error = refused.unwrap_err();
    assert!(error.message().contains("continue the rollback"), "{error}");
}

#[tokio::test]
async fn c9_a_rollback_that_failed_goes_on_once_its_cause_is_mended() {
    let Some(fixture) = Fixture::new().await else { return };
    stuck(&fixture).await;
    fixture.stacks.operate(STACK, &ROLL_BACK, "again").await.unwrap();
    let stack = settled(&fixture.stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackFailed);
    let secrets = aws_sdk_secretsmanager::Client::new(fixture.account.sdk());
    secrets.restore_secret().secret_id("token").send().await.unwrap();
    fixture.stacks.operate(STACK, &ROLL_BACK, "mended").await.unwrap();
    let stack = settled(&fixture.stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete, "{stack:?}");
    let stack = fixture.deploy(&template(3, ""), "three").await;
    assert_eq!(stack.status, StackStatus::UpdateComplete);
}

#[tokio::test]
async fn c9_a_rollback_goes_on_without_what_cannot_be_mended() {
    let Some(fixture) = Fixture::new().await else { return };
    stuck(&fixture).await;
    let skip = StackOperation::RollBack { skip: vec!["Token".to_owned()] };
    fixture.stacks.operate(STACK, &skip, "skip").await.unwrap();
    let stack = settled(&fixture.stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
}

const NETWORK: &str = "  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n";

/// Another stack puts something into the network, which cannot be deleted then.
async fn use_network(fixture: &Fixture) -> String {
    let held = fixture.stacks.resources(STACK).await.unwrap();
    let vpc = held.into_iter().find(|held| held.logical_id == "Vpc").unwrap().physical_id.unwrap();
    let template = format!(
        "Resources: {{Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: {vpc}, CidrBlock: \
         10.0.1.0/24}}}}}}"
    );
    let other = ChangeSetRequest { stack: "Other".to_owned(), ..request(&template, "one") };
    let set = fixture.stacks.prepare(&other).await.unwrap();
    fixture.stacks.execute(&set.arn, "one").await.unwrap();
    assert!(settled(&fixture.stacks, "Other").await.status.is_complete());
    vpc
}

#[tokio::test]
async fn c9_a_deletion_that_failed_goes_on_and_retains() {
    let Some(fixture) = Fixture::new().await else { return };
    fixture.deploy(&template(0, NETWORK), "one").await;
    use_network(&fixture).await;
    let stack = fixture.delete(&[], "delete").await.unwrap();
    assert_eq!(stack.status, StackStatus::DeleteFailed);
    assert!(stack.reason.as_deref().is_some_and(|why| why.contains("Vpc")), "{stack:?}");
    let left = fixture.stacks.resources(STACK).await.unwrap();
    assert_eq!((left.len(), left[0].status.as_str()), (1, "DELETE_FAILED"));
    assert_eq!(fixture.delete(&["Vpc"], "again").await, None);
    let events = fixture.stacks.events(&stack.arn, None).await.unwrap();
    let last = events.iter().rfind(|event| event.logical_id == "Vpc").unwrap();
    assert_eq!(last.status, "DELETE_SKIPPED");
}

#[tokio::test]
async fn c9_a_creation_that_cannot_be_taken_back_is_deleted() {
    let Some(fixture) = Fixture::new().await else { return };
    // Long enough for the other stack to be made meanwhile.
    let waiting = template(0, &format!("{NETWORK}{}", wait_for(10, "[Token, Vpc]")));
    let act = async || drop(use_network(&fixture).await);
    fixture.deploy_while(&waiting, "one", "Vpc", act).await;
    let stack = settled(&fixture.stacks, STACK).await;
    assert_eq!(stack.status, StackStatus::RollbackFailed, "{stack:?}");
    let delete = StackOperation::Delete { retain: Vec::new() };
    fixture.stacks.operate("Other", &delete, "delete").await.unwrap();
    assert_eq!(fixture.delete(&[], "delete").await, None);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_with_the_resource() {
    let Some(fixture) = Fixture::new().await else { return };
    let name = format!("zone-{}", fixture.number);
    let bucket = format!("  Zone: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}\n");
    make_bucket(&fixture.account, &name).await;
    let stack = fixture.deploy(&template(0, &bucket), "one").await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    let why = stack.reason.unwrap();
    assert!(why.starts_with("Zone: ") && why.contains("already exists"), "{why}");
}

#[tokio::test]
async fn what_failed_in_a_nested_stack_is_told() {
    let Some(fixture) = Fixture::new().await else { return };
    let bucket = format!("templates-{}", fixture.number);
    make_bucket(&fixture.account, &bucket).await;
    let inner = ByteStream::from(template(0, &wait("Token")).into_bytes());
    let put = buckets(&fixture.account).put_object().bucket(&bucket).key("inner.yaml");
    put.body(inner).send().await.unwrap();
    let endpoint = fixture.account.settings().endpoint.clone().unwrap();
    let outer = format!(
        "Resources: {{Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: \
         \"{endpoint}/{bucket}/inner.yaml\"}}}}}}"
    );
    let stack = fixture.deploy(&outer, "one").await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    let why = stack.reason.unwrap();
    assert!(why.starts_with("Inner") && why.contains("Wait"), "{why}");
}
