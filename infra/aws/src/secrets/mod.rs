//! Secrets in Secrets Manager.
//!
//! Architecture invariant: what AWS says to a call about a secret is told without the call or the
//! answer as its cause, because either may hold the value (D13).

mod versions;

use async_trait::async_trait;
use aws::{Account, failed};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::SecretListEntry;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use domain::{Error, ErrorKind, Result};
use infra::secrets::{SecretDescription, SecretName, SecretStore, SecretValue, Stage};

use crate::time::told;
use versions::{CURRENT, PENDING, PREVIOUS, Versions};

/// So often a rotation begins again because another one was faster.
const LOST_RACES: u32 = 50;

/// What becomes of a secret that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It can be had back for so many days, 7 to 30, by means of AWS; until then its name is taken.
    RecoverableFor(u8),
    /// It is gone at once.
    AtOnce,
}

/// How secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsManagerSettings {
    /// The key that new secrets are encrypted with: ARN, id or alias. `None`: the account's own for
    /// Secrets Manager, which no other account can be let use.
    pub key: Option<String>,
    /// What becomes of deleted ones.
    pub deletion: Deletion,
}

/// The [`SecretStore`] of an account and region in Secrets Manager.
///
/// A rotation puts the new value beside the one that holds, and then moves `AWSCURRENT` from exactly
/// that one: of two at once, the second begins again. Versions are counted in their ids; of secrets
/// that somebody put by other means, the versions that still have a stage are counted.
/// [`SecretDescription::updated_at`] is when anything about the secret changed last.
#[derive(Debug, Clone)]
pub struct SecretsManagerSecretStore {
    client: Client,
    settings: SecretsManagerSettings,
}

impl SecretsManagerSecretStore {
    /// The secrets of the account and region, under its identity.
    pub fn new(account: &Account, settings: SecretsManagerSettings) -> Self {
        Self { client: Client::new(account.sdk()), settings }
    }

    /// The secret, also one that waits for its deletion.
    async fn find(&self, name: &SecretName) -> Result<Option<DescribeSecretOutput>> {
        let asked = self.client.describe_secret().secret_id(name.as_str()).send().await;
        match asked.map_err(|error| told_of(&format!("describe secret {name}"), error)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }

    async fn describe_now(&self, name: &SecretName) -> Result<SecretDescription> {
        self.describe(name).await?.ok_or_else(|| missing(name))
    }

    /// Makes the secret with its first value; `None` when somebody else made it first.
    async fn make(
        &self,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<Option<SecretDescription>> {
        let make = self
            .client
            .create_secret()
            .name(name.as_str())
            .client_request_token(versions::id(1))
            .secret_string(value.expose())
            .set_kms_key_id(self.settings.key.clone());
        match make.send().await.map_err(|error| told_of(&format!("make secret {name}"), error)) {
            // Somebody may have rotated it since; what was put is still the first version.
            Ok(_) => {
                let now = self.describe_now(name).await?;
                Ok(Some(SecretDescription { version: 1, has_previous: false, ..now }))
            }
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a value the current one in the place of the current one of `versions`; `None` when
    /// somebody else was faster.
    async fn rotate(
        &self,
        name: &SecretName,
        value: &SecretValue,
        versions: &Versions,
    ) -> Result<Option<SecretDescription>> {
        let number = versions.number() + 1;
        let id = versions::id(number);
        let put = self
            .client
            .put_secret_value()
            .secret_id(name.as_str())
            .client_request_token(&id)
            .secret_string(value.expose())
            .version_stages(PENDING);
        put.send()
            .await
            .map_err(|error| told_of(&format!("put a value of secret {name}"), error))?;
        let moved = self
            .client
            .update_secret_version_stage()
            .secret_id(name.as_str())
            .version_stage(CURRENT)
            .set_remove_from_version_id(versions.current.clone())
            .move_to_version_id(&id)
            .send()
            .await;
        let moved = moved.map_err(|error| told_of(&format!("rotate secret {name}"), error));
        let now = self.find(name).await?.ok_or_else(|| missing(name))?;
        let ours = Versions::of(now.version_ids_to_stages()).current.as_deref() == Some(&id);
        match moved {
            // Somebody may have rotated again since; what was put is still this version.
            Ok(_) => {
                describe(name, &now).map(|now| Some(SecretDescription { version: number, ..now }))
            }
            Err(_) if ours => describe(name, &now).map(Some),
            Err(error) if error.kind() == ErrorKind::Invalid => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl SecretStore for SecretsManagerSecretStore {
    async fn put(&self, name: &SecretName, value: SecretValue) -> Result<SecretDescription> {
        for _ in 0..LOST_RACES {
            let done = match self.find(name).await? {
                None => self.make(name, &value).await?,
                Some(found) if found.deleted_date().is_some() => return Err(waits(name, &found)),
                Some(found) => {
                    let versions = Versions::of(found.version_ids_to_stages());
                    self.rotate(name, &value, &versions).await?
                }
            };
            if let Some(done) = done {
                return Ok(done);
            }
        }
        let message = format!("secret {name} is rotated by many at once: repeat yours");
        Err(Error::new(ErrorKind::Throttled, message))
    }

    async fn describe(&self, name: &SecretName) -> Result<Option<SecretDescription>> {
        let found = self.find(name).await?.filter(|found| found.deleted_date().is_none());
        found.map(|found| describe(name, &found)).transpose()
    }

    async fn list(&self) -> Result<Vec<SecretDescription>> {
        let mut pages = self.client.list_secrets().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| told_of("list secrets", error))?;
            found.extend(shown(page.secret_list())?);
        }
        found.sort_by(|one: &SecretDescription, other| one.name.cmp(&other.name));
        Ok(found)
    }

    async fn read(&self, name: &SecretName, stage: Stage) -> Result<SecretValue> {
        let stage = match stage {
            Stage::Current => CURRENT,
            Stage::Previous => PREVIOUS,
        };
        let asked = self.client.get_secret_value().secret_id(name.as_str()).version_stage(stage);
        let found = asked.send().await.map_err(|error| unreadable(name, stage, error))?;
        let text = found.secret_string.ok_or_else(|| {
            Error::invalid(format!(
                "secret {name} holds bytes, no text: put it with `sluice secrets`"
            ))
        })?;
        SecretValue::new(text)
    }

    async fn retire_previous(&self, name: &SecretName) -> Result<()> {
        for _ in 0..LOST_RACES {
            let found = self.find(name).await?.filter(|found| found.deleted_date().is_none());
            let found = found.ok_or_else(|| missing(name))?;
            let versions = Versions::of(found.version_ids_to_stages());
            let Some(previous) = versions.previous else { return Ok(()) };
            let retired = self
                .client
                .update_secret_version_stage()
                .secret_id(name.as_str())
                .version_stage(PREVIOUS)
                .remove_from_version_id(previous)
                .send()
                .await;
            match retired.map_err(|error| told_of(&format!("end the rotation of {name}"), error)) {
                Ok(_) => return Ok(()),
                // Another rotation moved the stage meanwhile.
                Err(error) if error.kind() == ErrorKind::Invalid => {}
                Err(error) => return Err(error),
            }
        }
        let message = format!("secret {name} is rotated by many at once: try again");
        Err(Error::new(ErrorKind::Throttled, message))
    }

    async fn delete(&self, name: &SecretName) -> Result<()> {
        let delete = self.client.delete_secret().secret_id(name.as_str());
        let delete = match self.settings.deletion {
            Deletion::RecoverableFor(days) => delete.recovery_window_in_days(days.into()),
            Deletion::AtOnce => delete.force_delete_without_recovery(true),
        };
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if waits_already(&error) => Ok(()),
            Err(error) => told_of(&format!("delete secret {name}"), error).absent_as_empty(),
        }
    }
}

fn describe(name: &SecretName, found: &DescribeSecretOutput) -> Result<SecretDescription> {
    let versions = Versions::of(found.version_ids_to_stages());
    let changed = found.last_changed_date().or(found.created_date());
    Ok(SecretDescription {
        name: name.clone(),
        version: versions.number(),
        has_previous: versions.previous.is_some(),
        updated_at: told(&format!("secret {name}"), changed)?,
    })
}

/// What is listed of a page. The account's list has no prefix that would be ours: a secret may have any
/// name that [`SecretName`] takes. AWS itself gives others to what it keeps for its services
/// (`rds!db-…`): those are none of ours. Neither is what waits for its deletion any more.
fn shown(page: &[SecretListEntry]) -> Result<Vec<SecretDescription>> {
    let mut shown = Vec::with_capacity(page.len());
    for entry in page.iter().filter(|entry| entry.deleted_date().is_none()) {
        match entry.name().unwrap_or_default().parse::<SecretName>() {
            Ok(name) => shown.push(describe_entry(name, entry)?),
            Err(error) => tracing::debug!(%error, "a secret of somebody else is not listed"),
        }
    }
    Ok(shown)
}

fn describe_entry(name: SecretName, entry: &SecretListEntry) -> Result<SecretDescription> {
    let versions = Versions::of(entry.secret_versions_to_stages());
    let changed = entry.last_changed_date().or(entry.created_date());
    Ok(SecretDescription {
        version: versions.number(),
        has_previous: versions.previous.is_some(),
        updated_at: told(&format!("secret {name}"), changed)?,
        name,
    })
}

/// As [`failed`], without what AWS was asked and what it answered.
fn told_of<E>(what: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let told = failed(what, error);
    Error::new(told.kind(), told.message())
}

/// Why a value cannot be read. One that waits for its deletion is as good as gone.
fn unreadable<E>(name: &SecretName, stage: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let deleted = waits_already(&error);
    let told = told_of(&format!("read secret {name}"), error);
    match told.kind() {
        ErrorKind::NotFound if stage == PREVIOUS => {
            Error::not_found(format!("secret {name} has no value before this one"))
        }
        ErrorKind::NotFound => missing(name),
        _ if deleted => missing(name),
        _ => told,
    }
}

/// Whether a call was refused because the secret waits for its deletion.
fn waits_already<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("InvalidRequestException")
        && error.message().is_some_and(|message| message.contains("deletion"))
}

fn missing(name: &SecretName) -> Error {
    Error::not_found(format!("there is no secret {name}: put it with `sluice secrets`"))
}

fn waits(name: &SecretName, found: &DescribeSecretOutput) -> Error {
    let until = told("its deletion", found.deleted_date()).map(|time| time.to_string());
    let until = until.unwrap_or_else(|_| "its deletion".to_owned());
    Error::conflict(format!(
        "secret {name} was deleted, and its name is taken until {until}: have it back with `aws \
         secretsmanager restore-secret`, or delete it for good with `aws secretsmanager delete-secret \
         --force-delete-without-recovery`"
    ))
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::primitives::DateTime;

    use super::*;

    #[test]
    fn secrets_that_aws_keeps_for_its_services_do_not_break_the_list() {
        let long = "x".repeat(300);
        let of = |name: &str| {
            SecretListEntry::builder().name(name).created_date(DateTime::from_secs(1)).build()
        };
        let deleted = SecretListEntry::builder().name("/a").deleted_date(DateTime::from_secs(1));
        let page = ["rds!db-1", "/sluice/dev/ApiKey", &long, "hook"].map(of);
        let page = [page.as_slice(), &[deleted.build()]].concat();
        let names: Vec<_> = shown(&page).unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(
            names.iter().map(SecretName::as_str).collect::<Vec<_>>(),
            ["/sluice/dev/ApiKey", "hook"]
        );
    }
}
