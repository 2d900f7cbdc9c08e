//! The contract of the service of stacks.

mod change_sets;
mod exports;
mod failures;
mod races;
mod stacks;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use domain::ErrorKind;

use crate::stacks::{
    ChangeSet, ChangeSetRequest, ChangeSetStatus, Stack, StackEvent, StackOperation, StackService,
    StackStatus,
};

/// Services of one account and region in which there is nothing yet.
#[derive(Clone)]
pub struct StacksUnderTest {
    /// The service.
    pub service: Arc<dyn StackService>,
    /// Another one for the same account, as another process would have it.
    pub second: Arc<dyn StackService>,
    /// Makes something go wrong from now on.
    pub disturb: Arc<dyn Fn(Disturbance) -> BoxFuture + Send + Sync>,
    /// What it cannot do, or what stands for it cannot: cases that need it are skipped.
    pub lacks: &'static [Ability],
}

/// Something that not every service can do, or not every emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Resources fail when they are asked to: [`Disturbance::Fail`].
    FailOnDemand,
    /// A change of outputs alone is a change.
    ChangeOutputsAlone,
    /// An export stays as it is while it is used, and one stack only can use a name.
    GuardExports,
    /// Events tell of resources that a change took away.
    TellOfCleanUp,
    /// The tokens of all operations are remembered.
    RememberTokens,
}

/// What [`StacksUnderTest::disturb`] returns.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disturbance {
    /// A resource cannot be made, changed or deleted, or not rolled back.
    Fail {
        /// Its stack.
        stack: String,
        /// Its logical id.
        logical_id: String,
        /// `create`, `update`, `delete` or `roll_back`.
        moment: &'static str,
    },
    /// The next call to execute a change set does nothing and is not answered.
    LoseRequest,
    /// The next call to execute a change set is carried out and not answered.
    LoseAnswer,
    /// The next call to execute a change set is throttled.
    Throttle,
    /// All of this ends.
    Heal,
    /// Somebody sets a property of a resource to a text behind its stack's back.
    Set {
        /// Its stack.
        stack: String,
        /// Its logical id.
        logical_id: String,
        /// The property, as a JSON pointer.
        pointer: &'static str,
        /// The text.
        value: &'static str,
    },
    /// Somebody deletes a resource behind its stack's back.
    Delete {
        /// Its stack.
        stack: String,
        /// Its logical id.
        logical_id: String,
    },
}

/// Runs the contract over the services that `make` makes, each of an empty account.
pub async fn stack_service(make: impl AsyncFn() -> StacksUnderTest) {
    change_sets::run(&make).await;
    stacks::run(&make).await;
    exports::run(&make).await;
    failures::run(&make).await;
    races::run(&make).await;
}

/// A queue and a bucket that retains; `{queue}` is the queue's delay in seconds.
const TEMPLATE: &str = r#"
Parameters:
  Environment:
    Type: String
    Default: dev
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: {queue}
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: !Sub "of ${Environment}"
      EnableKeyRotation: true
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketName: !Sub "${Environment}-${AWS::AccountId}-${AWS::Region}-raw"
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault:
              SSEAlgorithm: aws:kms
              KMSMasterKeyID: !GetAtt Key.Arn
Outputs:
  RawBucket:
    Value: !Ref Bucket
    Export:
      Name: DevRawBucketName
  Key:
    Value: !GetAtt Key.Arn
"#;

/// [`TEMPLATE`] with a delay.
fn template(delay: u32) -> String {
    TEMPLATE.replace("{queue}", &delay.to_string())
}

fn request(stack: &str, template: &str, token: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        stack: stack.to_owned(),
        template: template.to_owned(),
        parameters: BTreeMap::new(),
        tags: BTreeMap::from([("my-lake:environment".to_owned(), "dev".to_owned())]),
        token: token.to_owned(),
    }
}

impl StacksUnderTest {
    async fn prepare(&self, stack: &str, template: &str, token: &str) -> ChangeSet {
        self.service.prepare(&request(stack, template, token)).await.unwrap()
    }

    /// A change set that cannot be executed any more is obsolete, or forgotten.
    async fn assert_obsolete(&self, arn: &str) {
        match self.service.change_set(arn).await {
            Ok(found) => assert_eq!(found.status, ChangeSetStatus::Obsolete, "{arn}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
        }
    }

    /// Prepares, executes and waits.
    async fn deploy(&self, stack: &str, template: &str, token: &str) -> Stack {
        let set = self.prepare(stack, template, token).await;
        self.service.execute(&set.arn, token).await.unwrap();
        self.settled(stack).await
    }

    /// The stack once nothing is under way.
    async fn settled(&self, stack: &str) -> Stack {
        for _ in 0..600 {
            let found = self.service.describe(stack).await.unwrap().unwrap();
            if !found.status.is_in_progress() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("stack {stack} does not come to an end");
    }

    /// Deletes a stack and waits until it is gone, or stuck.
    async fn delete(&self, stack: &str, retain: &[&str], token: &str) -> Option<Stack> {
        let retain = retain.iter().map(|id| (*id).to_owned()).collect();
        self.operate(stack, &StackOperation::Delete { retain }, token).await.unwrap();
        for _ in 0..600 {
            let found = self.service.describe(stack).await.unwrap();
            let status = found.as_ref().map(|found| found.status);
            if status != Some(StackStatus::DeleteInProgress) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("stack {stack} is not deleted");
    }

    async fn operate(
        &self,
        stack: &str,
        operation: &StackOperation,
        token: &str,
    ) -> domain::Result<()> {
        self.service.operate(stack, operation, token).await
    }

    async fn disturb(&self, disturbance: Disturbance) {
        (self.disturb)(disturbance).await;
    }

    async fn fail(&self, stack: &str, logical_id: &str, moment: &'static str) {
        let (stack, logical_id) = (stack.to_owned(), logical_id.to_owned());
        self.disturb(Disturbance::Fail { stack, logical_id, moment }).await;
    }

    async fn physical_id(&self, stack: &str, logical_id: &str) -> Option<String> {
        let resources = self.service.resources(stack).await.unwrap();
        let found = resources.into_iter().find(|resource| resource.logical_id == logical_id);
        found.and_then(|resource| resource.physical_id)
    }

    async fn events(&self, stack: &str) -> Vec<StackEvent> {
        self.service.events(stack, None).await.unwrap()
    }

    /// Statuses that the stack itself went through.
    async fn statuses(&self, stack: &str) -> Vec<String> {
        let events = self.events(stack).await.into_iter();
        let own = events.filter(|event| event.resource_type == "AWS::CloudFormation::Stack");
        own.map(|event| event.status).collect()
    }
}
