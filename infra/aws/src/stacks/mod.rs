//! Stacks in CloudFormation.
//!
//! Architecture invariant: a change set is executed by its ARN, once, and whether that happened is
//! asked of CloudFormation when an answer is lost (C1, C5). What a role must be handed, which account
//! this is and where large templates lie is said by the settings.

mod change_sets;
mod changes;
mod drift;
mod operate;
mod prepare;
mod read;
mod reason;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws::Account;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::stack::DriftedResource;
use domain::{Error, ErrorKind, Result};
use infra::stacks::{
    ChangeSet, ChangeSetRequest, Export, Stack, StackEvent, StackOperation, StackResource,
    StackService, StackStatus,
};

use crate::AssetBucket;

/// Nested stacks in nested stacks that are looked into.
const MOST_NESTED: usize = 8;
const STACK: &str = "AWS::CloudFormation::Stack";

/// How stacks of an account are changed.
#[derive(Debug, Clone)]
pub struct CloudFormationSettings {
    /// The account, 12 digits.
    pub account: String,
    /// The ARN of the role that CloudFormation works under. `None`: that of the caller, as people do
    /// who bootstrap.
    pub service_role: Option<String>,
    /// Where templates are put that are too large to be sent.
    pub templates: Option<AssetBucket>,
    /// Between two looks at something that CloudFormation works on.
    pub look_every: Duration,
    /// How long it may work on a change set, or look for drift.
    pub patience: Duration,
}

impl CloudFormationSettings {
    /// The usual ones of an account: the caller's own permissions, no large templates.
    pub fn of(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            service_role: None,
            templates: None,
            look_every: Duration::from_secs(2),
            patience: Duration::from_secs(600),
        }
    }
}

/// The [`StackService`] of an account and region in CloudFormation.
///
/// Executing a change set makes CloudFormation forget the stack's other ones: they are not found from
/// then on.
#[derive(Debug, Clone)]
pub struct CloudFormationStackService {
    client: Client,
    /// Executing must not be repeated unseen.
    once: Client,
    region: String,
    settings: Arc<CloudFormationSettings>,
}

impl CloudFormationStackService {
    /// The stacks of the account and region, under its identity.
    pub fn new(account: &Account, settings: CloudFormationSettings) -> Self {
        Self {
            client: Client::new(account.sdk()),
            once: Client::new(&account.sdk_once()),
            region: account.region().to_owned(),
            settings: Arc::new(settings),
        }
    }
}

#[async_trait]
impl StackService for CloudFormationStackService {
    async fn describe(&self, stack: &str) -> Result<Option<Stack>> {
        match self.find(stack).await? {
            Some(found) => self.view(found).await.map(Some),
            None => Ok(None),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Stack>> {
        self.list_now(prefix).await
    }

    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>> {
        self.resources_now(stack).await
    }

    async fn template(&self, stack: &str) -> Result<Option<String>> {
        let found = self.there(stack).await?;
        self.template_of(&found).await
    }

    async fn prepare(&self, request: &ChangeSetRequest) -> Result<ChangeSet> {
        self.prepare_now(request).await
    }

    async fn change_set(&self, arn: &str) -> Result<ChangeSet> {
        self.read_change_set(arn, None).await.map(|read| read.set)
    }

    async fn discard(&self, arn: &str) -> Result<()> {
        self.discard_now(arn).await
    }

    async fn execute(&self, arn: &str, token: &str) -> Result<()> {
        self.execute_now(arn, token).await
    }

    async fn operate(&self, stack: &str, operation: &StackOperation, token: &str) -> Result<()> {
        self.operate_now(stack, operation, token).await
    }

    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>> {
        self.events_now(stack, after).await
    }

    async fn drift(&self, stack: &str) -> Result<Vec<DriftedResource>> {
        self.drift_now(stack).await
    }

    async fn exports(&self) -> Result<Vec<Export>> {
        self.exports_now().await
    }
}

/// As [`aws::failed`]; CloudFormation says of what is not there that the request is not valid.
fn failed<E>(what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let missing = is_missing(&error);
    let error = aws::failed(what, error);
    match missing {
        true => Error::new(ErrorKind::NotFound, error.message()).with_source(error),
        false => error,
    }
}

fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("does not exist"))
}

fn missing_stack(name: &str) -> Error {
    Error::not_found(format!("there is no stack {name}: deploy it first"))
}

/// What the status of a stack forbids, and the one thing to do next (C9).
fn refusal(name: &str, status: StackStatus) -> Error {
    Error::conflict(format!("stack {name} is {status}: {}", status.advice()))
}
