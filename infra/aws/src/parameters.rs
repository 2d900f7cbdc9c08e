//! Parameters in SSM.

use std::time::Duration;

use async_trait::async_trait;
use aws::{Account, failed};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{self, ParameterType};
use domain::{Error, ErrorKind, Result};
use infra::parameters::{Parameter, ParameterPath, ParameterStore, check_value};

use crate::time::told;

/// So often a put begins again: because another one was faster, SSM was busy with the parameter, or an
/// answer was lost.
const ATTEMPTS: u32 = 8;
/// How long the first of them waits for the next one.
const PAUSE: Duration = Duration::from_millis(100);
/// Most that SSM tells of a history in one answer.
const HISTORY_PAGE: i32 = 50;

/// The [`ParameterStore`] of an account and region in SSM.
///
/// SSM knows no compare-and-swap but "make it, if there is none". A put over version 0 is that; a put
/// over another version looks first, and its answer tells the version it became: one that is not the
/// next was put over somebody else's, which both history and the Conflict tell (ADR 26). SSM keeps the
/// last 100 values of each parameter, and refuses values with `{{`.
#[derive(Debug, Clone)]
pub struct SsmParameterStore {
    reads: Client,
    /// A put that is repeated unseen would be two versions.
    puts: Client,
}

/// What came of an attempt to put a value.
enum Attempt {
    /// It is this version.
    Put(u64),
    /// It was not put: look again.
    Again,
}

impl SsmParameterStore {
    /// The parameters of the account and region, under its identity.
    pub fn new(account: &Account) -> Self {
        Self { reads: Client::new(account.sdk()), puts: Client::new(&account.sdk_once()) }
    }

    /// A parameter by its name, or by `name:version`. What is encrypted is never asked for in clear: a
    /// value that is not here cannot be shown (D13).
    async fn find(&self, name: &str) -> Result<Option<types::Parameter>> {
        let asked = self.reads.get_parameter().name(name).with_decryption(false).send().await;
        match asked {
            Ok(answer) => Ok(answer.parameter),
            Err(error) => {
                let error = failed(&format!("read parameter {name}"), error);
                if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(error) }
            }
        }
    }

    async fn put_over(
        &self,
        current: u64,
        (path, value): (&ParameterPath, &str),
    ) -> Result<Attempt> {
        let put = self
            .puts
            .put_parameter()
            .name(path.as_str())
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(current > 0);
        let error = match put.send().await {
            Ok(answer) => return Ok(Attempt::Put(answer.version.try_into().unwrap_or_default())),
            Err(error) => failed(&format!("put parameter {path}"), error),
        };
        match error.kind() {
            // Made by somebody else meanwhile, or changed at this moment.
            ErrorKind::Conflict | ErrorKind::Throttled => Ok(Attempt::Again),
            ErrorKind::Unavailable => self.read_back(current, (path, value), error).await,
            _ => Err(error),
        }
    }

    /// After a lost answer: whether the next version is there with our value.
    async fn read_back(
        &self,
        current: u64,
        (path, value): (&ParameterPath, &str),
        lost: Error,
    ) -> Result<Attempt> {
        let found = self.get(path).await.map_err(|_| lost)?;
        let ours = found.filter(|now| now.version == current + 1 && now.value == value);
        Ok(ours.map_or(Attempt::Again, |now| Attempt::Put(now.version)))
    }

    /// The version that a put became. SSM may need a moment to know of it.
    async fn version(&self, path: &ParameterPath, version: u64) -> Result<Parameter> {
        for attempt in 0..ATTEMPTS {
            if let Some(found) = self.find(&format!("{path}:{version}")).await? {
                return decode(found);
            }
            pause(attempt).await;
        }
        let message = format!("parameter {path} was put, and its version {version} cannot be read");
        Err(Error::new(ErrorKind::Unavailable, message))
    }
}

#[async_trait]
impl ParameterStore for SsmParameterStore {
    async fn get(&self, path: &ParameterPath) -> Result<Option<Parameter>> {
        self.find(path.as_str()).await?.map(decode).transpose()
    }

    async fn list(&self, folder: &ParameterPath) -> Result<Vec<Parameter>> {
        let pages = self.reads.get_parameters_by_path().path(folder.as_str());
        let mut pages = pages.recursive(true).with_decryption(false).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("list parameters of {folder}"), error));
            for parameter in page?.parameters.unwrap_or_default() {
                if parameter.r#type == Some(ParameterType::SecureString) {
                    tracing::debug!(path = parameter.name, "an encrypted parameter is not listed");
                } else {
                    found.push(decode(parameter)?);
                }
            }
        }
        found.sort_by(|one: &Parameter, other| one.path.cmp(&other.path));
        Ok(found)
    }

    async fn history(&self, path: &ParameterPath) -> Result<Vec<Parameter>> {
        let pages = self.reads.get_parameter_history().name(path.as_str());
        let pages = pages.with_decryption(false).max_results(HISTORY_PAGE);
        let mut pages = pages.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed(&format!("read the history of {path}"), error));
            let page = match page {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
                page => page?,
            };
            for kept in page.parameters.unwrap_or_default() {
                found.push(decode_kept(kept)?);
            }
        }
        found.sort_by_key(|kept| std::cmp::Reverse(kept.version));
        Ok(found)
    }

    async fn put(&self, path: &ParameterPath, value: &str, base: Option<u64>) -> Result<Parameter> {
        check_value(path, value)?;
        for attempt in 0..ATTEMPTS {
            let current = self.get(path).await?;
            let version = current.as_ref().map_or(0, |current| current.version);
            if let Some(base) = base.filter(|base| *base != version) {
                return Err(moved(path, version, base));
            }
            if let Some(current) = current.filter(|current| current.value == value) {
                return Ok(current);
            }
            match self.put_over(version, (path, value)).await? {
                Attempt::Put(put) if base.is_some() && put != version + 1 => {
                    return Err(put_over_another(path, put));
                }
                Attempt::Put(put) => return self.version(path, put).await,
                Attempt::Again => pause(attempt).await,
            }
        }
        let message = format!("parameter {path} is changed by many at once: repeat your change");
        Err(Error::new(ErrorKind::Throttled, message))
    }

    async fn delete(&self, path: &ParameterPath) -> Result<()> {
        let deleted = self.reads.delete_parameter().name(path.as_str()).send().await;
        let deleted = deleted.map_err(|error| failed(&format!("delete parameter {path}"), error));
        deleted.map(drop).or_else(Error::absent_as_empty)
    }
}

async fn pause(attempt: u32) {
    tokio::time::sleep(PAUSE * 2_u32.saturating_pow(attempt).min(16)).await;
}

/// What somebody encrypted stays encrypted: whoever reads parameters would see it, whether it is shown
/// or put over.
fn check_in_clear(path: &ParameterPath, kind: Option<&ParameterType>) -> Result<()> {
    match kind {
        Some(ParameterType::SecureString) => Err(Error::invalid(format!(
            "parameter {path} is encrypted (a SecureString), so that its value is neither shown nor \
             changed: keep secrets with `sluice secrets`, or delete it first"
        ))),
        _ => Ok(()),
    }
}

fn moved(path: &ParameterPath, version: u64, base: u64) -> Error {
    Error::conflict(format!(
        "parameter {path} is at version {version}, not {base}: look at it and repeat your change"
    ))
}

fn put_over_another(path: &ParameterPath, put: u64) -> Error {
    let other = put.saturating_sub(1);
    Error::conflict(format!(
        "somebody changed parameter {path} at the same moment: theirs is version {other}, yours was put \
         over it as version {put}. Look at its history and put what is right"
    ))
}

fn decode(found: types::Parameter) -> Result<Parameter> {
    let path = named(found.name)?;
    check_in_clear(&path, found.r#type.as_ref())?;
    Ok(Parameter {
        updated_at: told(&format!("parameter {path}"), found.last_modified_date.as_ref())?,
        value: found.value.unwrap_or_default(),
        version: counted(&path, found.version)?,
        path,
    })
}

fn decode_kept(kept: types::ParameterHistory) -> Result<Parameter> {
    let path = named(kept.name)?;
    check_in_clear(&path, kept.r#type.as_ref())?;
    Ok(Parameter {
        updated_at: told(&format!("parameter {path}"), kept.last_modified_date.as_ref())?,
        value: kept.value.unwrap_or_default(),
        version: counted(&path, kept.version)?,
        path,
    })
}

fn named(name: Option<String>) -> Result<ParameterPath> {
    name.ok_or_else(|| Error::internal("SSM told of a parameter without a name"))?.parse()
}

fn counted(path: &ParameterPath, version: i64) -> Result<u64> {
    let invalid = |_| Error::internal(format!("SSM calls version {version} of {path}"));
    version.try_into().map_err(invalid)
}
