//! Stacks of one environment: the port, modelled on CloudFormation.
//!
//! Changing a stack takes two calls: [`StackService::prepare`] makes a change set and changes
//! nothing; [`StackService::execute`] carries out exactly that one, named by its ARN, because names
//! of change sets can be used again (C1). What then happens takes time: [`StackService::describe`]
//! and [`StackService::events`] tell of it.

mod assemble;
pub mod bootstrap;
mod change_set;
mod execute;
pub mod names;
mod permissions;
mod settle;
mod stack;
mod status;

use async_trait::async_trait;
use domain::Result;
use domain::stack::DriftedResource;

pub use assemble::{OWN_TEMPLATES, StackDefinition, assemble};
pub use change_set::{
    ChangeSet, ChangeSetKind, ChangeSetRequest, ChangeSetStatus, template_digest,
};
pub use execute::execute_once;
pub use permissions::{permission_changes, running};
pub use settle::settled;
pub use stack::{Export, Output, Stack, StackEvent, StackOperation, StackResource};
pub use status::{NextAction, StackStatus};

/// The stacks of one account and region. An adapter is bound to them when it is made.
///
/// Errors keep their kind: [`domain::ErrorKind::NotFound`] for what is not there,
/// [`domain::ErrorKind::Conflict`] for what the state of the stack forbids (its message names the
/// next action that is allowed), [`domain::ErrorKind::Throttled`] when nothing was done,
/// [`domain::ErrorKind::Unavailable`] when nobody knows whether it was done: read it back.
#[async_trait]
pub trait StackService: Send + Sync {
    /// The stack as it is now; `None` when there is none, or none any more.
    async fn describe(&self, stack: &str) -> Result<Option<Stack>>;

    /// Stacks whose names begin with `prefix`, by name. Deleted ones are left out.
    async fn list(&self, prefix: &str) -> Result<Vec<Stack>>;

    /// The resources that the stack has now, by logical id. NotFound without the stack.
    async fn resources(&self, stack: &str) -> Result<Vec<StackResource>>;

    /// The text of the template that the stack was made of last; `None` while nothing was ever
    /// executed. NotFound without the stack.
    async fn template(&self, stack: &str) -> Result<Option<String>>;

    /// Prepares a change set and waits until it can be read. Nothing else changes, but that a new
    /// name becomes a stack in [`StackStatus::ReviewInProgress`]. The same request with the same
    /// token answers with the same change set; another request with that token is a Conflict.
    ///
    /// A template or parameters that cannot be used are Invalid, or a change set that is
    /// [`ChangeSetStatus::Failed`] with its reason where only preparing it shows that.
    async fn prepare(&self, request: &ChangeSetRequest) -> Result<ChangeSet>;

    /// A change set by its ARN, executed and obsolete ones too. NotFound when it was discarded; a
    /// service may forget obsolete ones, too.
    async fn change_set(&self, arn: &str) -> Result<ChangeSet>;

    /// Takes a change set away that was not executed, and with the last one a stack that was never
    /// made. One that is gone is gone: no error. Conflict when it is executed.
    async fn discard(&self, arn: &str) -> Result<()>;

    /// Begins to carry a change set out, and makes the stack's other ones obsolete. It is carried
    /// out once, however often this is called: a later call answers the same.
    ///
    /// NotFound when it was discarded or is forgotten; Conflict when it is obsolete, failed, empty, or
    /// the stack is busy or stuck: then plan anew (C4). `token` makes a repeated call one call: the same for each
    /// attempt at one execution.
    async fn execute(&self, arn: &str, token: &str) -> Result<()>;

    /// Does something else with a stack. The same token again does it once; where protecting has no
    /// token, a repeated call protects again. Conflict when the state, its protection or another stack
    /// that imports from it forbids it.
    async fn operate(&self, stack: &str, operation: &StackOperation, token: &str) -> Result<()>;

    /// What happened to the stack after the event with the id `after` (`None`: all that is kept),
    /// the oldest first. `stack` may be a name or the ARN of a stack that was deleted.
    async fn events(&self, stack: &str, after: Option<&str>) -> Result<Vec<StackEvent>>;

    /// Looks for resources that are not as the stack made them, and waits for the answer.
    async fn drift(&self, stack: &str) -> Result<Vec<DriftedResource>>;

    /// Values that stacks hand to other stacks, by name.
    async fn exports(&self) -> Result<Vec<Export>>;
}
