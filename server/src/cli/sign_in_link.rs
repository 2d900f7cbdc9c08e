//! `sluice sign-in-link`: another way in when the link that was printed at start is used up.

use std::process::ExitCode;

use clap::Args;
use domain::access::Role;
use domain::{Error, Result};
use jiff::Timestamp;

use super::output::say;
use crate::accounts::{Accounts, Visitor};
use crate::compose;
use crate::config::{Config, Given, LakeConfig};
use crate::sign_in::SignInMode;

/// Print a link that signs in to the console once.
#[derive(Debug, Args)]
pub(super) struct SignInLink {
    /// The address of the console, when it is not the configured one.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Who it is for: approving one's own change takes a second person.
    #[arg(long, value_name = "LOGIN", requires = "role")]
    login: Option<String>,
    /// What they are, in all environments: viewer, engineer, approver or admin.
    #[arg(long, value_name = "ROLE", requires = "login")]
    role: Option<Role>,
}

impl SignInLink {
    /// The flags as settings.
    pub(super) fn settings(&self) -> Vec<Given> {
        let url = Given::flag("--public-url", "server.public_url", self.public_url.clone());
        url.into_iter().collect()
    }

    /// Whoever can write the database may sign in: the link is worth something only to a console
    /// over the same database whose people sign in by link.
    pub(super) async fn run(self, config: &Config, lake: &LakeConfig) -> Result<ExitCode> {
        if config.sign_in.mode == Some(SignInMode::GitHub) {
            return Err(Error::invalid(
                "people sign in with GitHub here: sign_in.mode is \"github\", so that no link works",
            ));
        }
        let visitor = match (&self.login, self.role) {
            (Some(login), Some(role)) => Visitor::new(login, role)?,
            _ => Visitor::default(),
        };
        let lake = compose::open(lake).await?;
        let settings = config.sign_in.account_settings();
        let accounts = Accounts::new(lake.database().clone(), settings);
        let path = accounts.new_sign_in_link(&visitor, Timestamp::now()).await?;
        let console = config.server.public_url(config.server.listen);
        say(&format!("{}{path}\n", console.trim_end_matches('/')))?;
        Ok(ExitCode::SUCCESS)
    }
}
