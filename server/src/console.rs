//! The console's state: everything that a request may need, made once at start.

use std::path::PathBuf;
use std::sync::Arc;

use domain::environment::EnvironmentName;
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::accounts::Accounts;
use crate::audit::Audit;
use crate::compose::embedded::Embedded;
use crate::config::Config;
use crate::operations::Operations;
use crate::sign_in::{ServerCookie, SignIn};
use crate::site::Site;

/// What handlers work on.
#[derive(Debug)]
pub struct Console {
    /// The environments, in the order in which changes move.
    pub lakes: Vec<Arc<Embedded>>,
    /// People, sessions, tokens.
    pub accounts: Accounts,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Who changed what.
    pub audit: Audit,
    /// Static files.
    pub site: Site,
    /// The address under which browsers know this server.
    pub public_url: Url,
    /// The cookie that holds a session.
    pub session_cookie: ServerCookie,
    /// What operators see.
    pub operations: Operations,
    /// Cancelled when the server stops: answers without an end must end then.
    pub shutdown: CancellationToken,
}

impl Console {
    /// The console over open lakes. `workers`: whether this process carries out runs too.
    /// [`domain::ErrorKind::Invalid`] when the configuration lets nobody sign in safely.
    pub fn open(
        config: &Config,
        lakes: Vec<Arc<Embedded>>,
        public_url: Url,
        workers: bool,
    ) -> Result<Self> {
        let first = lakes.first().ok_or_else(|| Error::invalid("environments: name one"))?;
        let database = first.database().clone();
        let accounts = Accounts::new(database.clone(), config.sign_in.account_settings());
        let sign_in = SignIn::new(config.sign_in.clone(), &public_url, accounts.clone())?;
        let site = config.server.site.clone().unwrap_or_else(site_folder);
        Ok(Self {
            site: Site::load(&site)?,
            session_cookie: ServerCookie::session(&public_url),
            operations: Operations::new(config, workers),
            audit: Audit::new(database),
            shutdown: CancellationToken::new(),
            public_url,
            accounts,
            sign_in,
            lakes,
        })
    }

    /// The lake of an environment, if there is one of that name.
    pub fn lake(&self, name: &str) -> Option<&Arc<Embedded>> {
        self.lakes.iter().find(|lake| lake.lake.environment.as_str() == name)
    }

    /// The names of the environments, in order.
    pub fn environments(&self) -> Vec<EnvironmentName> {
        self.lakes.iter().map(|lake| lake.lake.environment.clone()).collect()
    }
}

/// Beside the binary, or one folder above it: where cargo and `cargo xtask site` build.
fn site_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let mut folders = program.ancestors().skip(1).take(2).map(|folder| folder.join("site"));
    let found = folders.find(|folder| folder.join("manifest.json").is_file());
    found.unwrap_or_else(|| PathBuf::from("site"))
}
