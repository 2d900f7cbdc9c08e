//! The console's state: everything that a request may need, made once at start.

use std::sync::Arc;

use domain::environment::EnvironmentName;
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::accounts::Accounts;
use crate::audit::Audit;
use crate::config::Config;
use crate::delivery::Delivery;
use crate::live::Live;
use crate::open_lake::OpenLake;
use crate::operations::Operations;
use crate::queries::Workbench;
use crate::sign_in::SignIn;
use crate::site::Site;

/// What handlers work on.
#[derive(Debug)]
pub struct Console {
    /// The environments, in the order in which changes move.
    pub lakes: Vec<Arc<OpenLake>>,
    /// Queries of each environment, in the same order.
    pub workbenches: Vec<Arc<Workbench>>,
    /// Pipelines.
    pub delivery: Arc<Delivery>,
    /// People, sessions, tokens.
    pub accounts: Accounts,
    /// Who changed what.
    pub audit: Audit,
    /// How people get a session.
    pub sign_in: SignIn,
    /// Who listens to changes of runs.
    pub live: Live,
    /// What operators see.
    pub operations: Operations,
    /// Static files.
    pub site: Site,
    /// The address under which browsers know this server.
    pub public_url: Url,
    /// Cancelled when the server stops: answers without an end must end then.
    pub shutdown: CancellationToken,
}

impl Console {
    /// Over open lakes, which share a database. `public_url` is an origin.
    pub fn new(
        config: &Config,
        lakes: Vec<Arc<OpenLake>>,
        delivery: Arc<Delivery>,
        site: Site,
        public_url: Url,
        has_workers: bool,
    ) -> Result<Self> {
        let first = lakes.first().ok_or_else(|| Error::invalid("environments must name one"))?;
        let database = first.database().clone();
        let accounts = Accounts::new(database.clone(), config.sign_in.account_settings());
        let sign_in = SignIn::new(config.sign_in.clone(), &public_url, accounts.clone())?;
        let operations = Operations::new(config, has_workers);
        let workbenches = lakes.iter().map(|lake| Workbench::over(lake).map(Arc::new));
        let workbenches = workbenches.collect::<Result<Vec<_>>>()?;
        let audit = Audit::new(database);
        let shutdown = CancellationToken::new();
        let live = Live::default();
        Ok(Self {
            lakes,
            workbenches,
            delivery,
            accounts,
            audit,
            sign_in,
            live,
            operations,
            site,
            public_url,
            shutdown,
        })
    }

    /// The lake of an environment, if there is one of that name.
    pub fn lake(&self, name: &str) -> Option<&Arc<OpenLake>> {
        self.lakes.iter().find(|lake| lake.lake.environment.as_str() == name)
    }

    /// The queries of an environment. [`domain::ErrorKind::NotFound`] when there is none of that name.
    pub fn workbench(&self, name: &EnvironmentName) -> Result<Arc<Workbench>> {
        let index = self.lakes.iter().position(|lake| lake.lake.environment == *name);
        let found = index.and_then(|index| self.workbenches.get(index)).cloned();
        found.ok_or_else(|| Error::not_found(format!("there is no environment {name}")))
    }

    /// The names of the environments, in order.
    pub fn environments(&self) -> Vec<EnvironmentName> {
        self.lakes.iter().map(|lake| lake.lake.environment.clone()).collect()
    }
}
