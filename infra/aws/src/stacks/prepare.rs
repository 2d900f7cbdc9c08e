//! Preparing change sets.

use aws_sdk_cloudformation::types::{self, Capability, ChangeSetType};
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use infra::order;
use infra::stacks::{ChangeSet, ChangeSetKind, ChangeSetRequest, NextAction, StackStatus};
use infra::template::{Inputs, Template};

use super::read::status_of;
use super::{CloudFormationStackService, failed, refusal};

/// Longest a template may be that is sent with a request, in bytes.
const MOST_SENT: usize = 51_200;
/// So often preparing begins again because somebody prepares the same at that moment.
const ATTEMPTS: u32 = 5;

/// What Sluice writes into the description of a change set, because CloudFormation tells neither
/// whether one makes its stack nor what exactly was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) kind: ChangeSetKind,
    /// The fingerprint of the request.
    pub(super) request: Digest,
}

impl Note {
    fn text(&self) -> String {
        let kind = match self.kind {
            ChangeSetKind::Create => "creates",
            ChangeSetKind::Update => "updates",
        };
        format!("Sluice: {kind} the stack, request {}", self.request)
    }

    /// The note in a description; `None` when somebody else made the change set.
    pub(super) fn in_description(text: &str) -> Option<Self> {
        let (kind, request) = text.strip_prefix("Sluice: ")?.split_once(" the stack, request ")?;
        let kind = match kind {
            "creates" => ChangeSetKind::Create,
            "updates" => ChangeSetKind::Update,
            _ => return None,
        };
        Some(Self { kind, request: request.parse().ok()? })
    }
}

impl CloudFormationStackService {
    pub(super) async fn prepare_now(&self, request: &ChangeSetRequest) -> Result<ChangeSet> {
        request.check_names()?;
        let about = |error: Error| error.context(format!("template of stack {}", request.stack));
        self.check(request).map_err(about)?;
        let fingerprint = request.fingerprint();
        for attempt in 1..=ATTEMPTS {
            let note = Note { kind: self.kind_for(request).await?, request: fingerprint.clone() };
            let arn = match self.create(request, &note).await {
                Ok(arn) => return self.read_change_set(&arn, None).await.map(|read| read.set),
                Err(error) if error.kind() == ErrorKind::Conflict => &request.token,
                Err(error) => return Err(error),
            };
            // A change set has this name already: by the same request, or by an attempt whose answer
            // was lost.
            match self.read_change_set(arn, Some(&request.stack)).await {
                Ok(read) if read.request.as_ref() == Some(&fingerprint) => return Ok(read.set),
                Ok(_) => {
                    return Err(Error::conflict(format!(
                        "stack {} has another change set {}: use another token",
                        request.stack, request.token
                    )));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(self.settings.look_every * attempt).await;
        }
        let message = format!("stack {} is prepared by many at once: try again", request.stack);
        Err(Error::new(ErrorKind::Throttled, message))
    }

    /// Finds what is wrong with a template before CloudFormation makes a stack of it.
    fn check(&self, request: &ChangeSetRequest) -> Result<()> {
        let template = Template::parse(&request.template)?;
        let mut inputs = Inputs::new(&self.settings.account, &self.region, &request.stack);
        inputs.parameters.clone_from(&request.parameters);
        order::resources(&template.resolve(&inputs)?).map(drop)
    }

    /// Whether the change set makes the stack or changes it. Conflict when the stack's status allows
    /// neither.
    async fn kind_for(&self, request: &ChangeSetRequest) -> Result<ChangeSetKind> {
        let Some(found) = self.find(&request.stack).await? else {
            return Ok(ChangeSetKind::Create);
        };
        match status_of(&found)? {
            StackStatus::ReviewInProgress => Ok(ChangeSetKind::Create),
            status if status.next_action() == NextAction::Update => Ok(ChangeSetKind::Update),
            status => Err(refusal(&request.stack, status)),
        }
    }

    /// Asks for the change set; its ARN. Conflict when one has its name.
    async fn create(&self, request: &ChangeSetRequest, note: &Note) -> Result<String> {
        let parameters = request.parameters.iter().map(|(name, value)| {
            types::Parameter::builder().parameter_key(name).parameter_value(value).build()
        });
        let tags = request.tags.iter();
        let tags = tags.map(|(key, value)| types::Tag::builder().key(key).value(value).build());
        let create = self
            .client
            .create_change_set()
            .stack_name(&request.stack)
            .change_set_name(&request.token)
            .change_set_type(match note.kind {
                ChangeSetKind::Create => ChangeSetType::Create,
                ChangeSetKind::Update => ChangeSetType::Update,
            })
            .description(note.text())
            .set_parameters(Some(parameters.collect()))
            .set_tags(Some(tags.collect()))
            .set_role_arn(self.settings.service_role.clone())
            .capabilities(Capability::CapabilityNamedIam)
            .include_nested_stacks(true);
        let create = match self.address(&request.template).await? {
            Some(address) => create.template_url(address),
            None => create.template_body(&request.template),
        };
        let doing = format!("prepare a change set of stack {}", request.stack);
        let made = create.send().await.map_err(|error| failed(&doing, error))?;
        made.id.ok_or_else(|| Error::internal(format!("{doing}: CloudFormation names none")))
    }

    /// Where CloudFormation reads a template that is too large to be sent.
    async fn address(&self, template: &str) -> Result<Option<String>> {
        if template.len() <= MOST_SENT {
            return Ok(None);
        }
        let bucket = self.settings.templates.as_ref().ok_or_else(|| {
            Error::invalid(format!(
                "the template has {} bytes, and {MOST_SENT} at most can be sent: bootstrap the \
                 deployment account, whose asset bucket takes larger ones",
                template.len()
            ))
        })?;
        bucket.publish(template).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back_from_a_description_and_others_are_not() {
        for kind in [ChangeSetKind::Create, ChangeSetKind::Update] {
            let note = Note { kind, request: infra::release::digest(b"x") };
            assert_eq!(Note::in_description(&note.text()), Some(note));
        }
        for other in ["", "made by hand", "Sluice: creates the stack, request 12"] {
            assert_eq!(Note::in_description(other), None, "{other}");
        }
    }
}
