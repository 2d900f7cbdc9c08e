//! The console's state: everything that a request may need, made once at start.

use std::sync::Arc;

use domain::environment::EnvironmentName;
use url::Url;

use crate::accounts::Accounts;
use crate::compose::embedded::Embedded;
use crate::sign_in::ServerCookie;
use crate::site::Site;

/// What handlers work on.
#[derive(Debug)]
pub struct Console {
    /// The environments, in the order in which changes move.
    pub lakes: Vec<Arc<Embedded>>,
    /// People, sessions, tokens.
    pub accounts: Accounts,
    /// Static files.
    pub site: Site,
    /// The address under which browsers know this server.
    pub public_url: Url,
    /// The cookie that holds a session.
    pub session_cookie: ServerCookie,
}

impl Console {
    /// The lake of an environment, if there is one of that name.
    pub fn lake(&self, name: &str) -> Option<&Arc<Embedded>> {
        self.lakes.iter().find(|lake| lake.lake.environment.as_str() == name)
    }

    /// The names of the environments, in order.
    pub fn environments(&self) -> Vec<EnvironmentName> {
        self.lakes.iter().map(|lake| lake.lake.environment.clone()).collect()
    }
}
