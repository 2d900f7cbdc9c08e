//! `sluice secrets`: set, list, describe. A value is read and never printed.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use clap::Subcommand;
use domain::environment::EnvironmentName;
use domain::{Error, Result};
use infra::secrets::{MOST_BYTES, SecretDescription, SecretName, SecretValue};

use super::Flow;
use crate::cli::output::{Output, Sheet};
use crate::config::Config;

/// Set secrets of an environment and describe them; --env says of which.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Secrets {
    /// Set a secret, or rotate it; its value is read from standard input, as in
    /// `sluice secrets set NAME < FILE`.
    Set {
        /// As /sluice/dev/ApiKey: stacks of dev may read what lies below /sluice/dev/.
        name: SecretName,
    },
    /// List secrets, without their values.
    List,
    /// Describe a secret, without its value.
    Describe {
        /// As /sluice/dev/ApiKey: stacks of dev may read what lies below /sluice/dev/.
        name: SecretName,
    },
}

impl Secrets {
    pub(in crate::cli) async fn run(
        self,
        config: &Config,
        only: Option<&EnvironmentName>,
        output: Output,
    ) -> Result<ExitCode> {
        let flow = Flow::open(config).await?;
        let environment = config.environment(only)?;
        let store = flow.delivery.places.secrets(&environment).await?;
        match self {
            Self::Set { name } => {
                let caller = flow.caller().await?;
                let put = store.put(&name, read_value()?).await?;
                let (action, object) = ("secret.put", name.as_str());
                flow.record(&caller, action, &environment, object, put.version).await?;
                print(&[put], output)?;
            }
            Self::List => print(&store.list().await?, output)?,
            Self::Describe { name } => {
                let found = store.describe(&name).await?;
                let found = found.ok_or_else(|| {
                    Error::not_found(format!("there is no secret {name} in {environment}"))
                })?;
                print(&[found], output)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The value on standard input, without the line break at its end. What is typed would be seen.
fn read_value() -> Result<SecretValue> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Error::invalid(
            "give the value on standard input, so that nobody sees it: `sluice secrets set NAME < FILE`",
        ));
    }
    let mut value = String::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(2);
    let read = input.lock().take(most).read_to_string(&mut value);
    read.map_err(|_| Error::invalid("the value on standard input is not UTF-8"))?;
    let value = value.strip_suffix('\n').unwrap_or(&value);
    SecretValue::new(value.strip_suffix('\r').unwrap_or(value))
}

fn print(secrets: &[SecretDescription], output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&["secret", "version", "put", "the one before can be read"]);
    for secret in secrets {
        sheet.row([
            secret.name.to_string(),
            secret.version.to_string(),
            secret.updated_at.to_string(),
            if secret.has_previous { "yes" } else { "no" }.to_owned(),
        ]);
    }
    output.print(&sheet, &secrets, "there is no secret: `sluice secrets set NAME < FILE` puts one")
}
