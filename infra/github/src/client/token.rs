//! The token of each request. An app's is asked for, kept, and renewed before it ends.

use std::time::Duration;

use domain::{Error, Result};
use http::Method;
use infra::secrets::SecretValue;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use super::credentials::app_token;
use super::{Client, Credentials, FIRST_WAIT, TRIES};

/// A token is renewed this long before it ends, so that none ends on its way.
const RESERVE: SignedDuration = SignedDuration::from_mins(5);

/// Who asks, as GitHub counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A person, by number.
    Person(u64),
    /// An app, by its number.
    App(u64),
}

/// Where tokens come from.
pub(super) struct Tokens {
    credentials: Credentials,
    kept: Mutex<Option<Kept>>,
    identity: OnceCell<Identity>,
}

struct Kept {
    token: String,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Installed {
    token: String,
    expires_at: String,
}

impl Tokens {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, kept: Mutex::default(), identity: OnceCell::new() }
    }

    /// The token for a request now. Of many that need a new one at once, one asks.
    pub(super) async fn current(&self, client: &Client) -> Result<String> {
        let (app, key) = match &self.credentials {
            Credentials::Token(token) => return Ok(token.expose().to_owned()),
            Credentials::App { app, key } => (app, key),
        };
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Timestamp::now() + RESERVE < kept.until) {
            return Ok(kept.token.clone());
        }
        let new = renewed(client, app, key).await?;
        let token = new.token.clone();
        *kept = Some(new);
        Ok(token)
    }

    /// Forgets a token that is refused; whether another one can be had.
    pub(super) async fn forget(&self, token: &str) -> bool {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.token == token) {
            *kept = None;
        }
        matches!(self.credentials, Credentials::App { .. })
    }

    pub(super) async fn identity(&self, client: &Client) -> Result<Identity> {
        let asked = self.identity.get_or_try_init(|| async {
            match &self.credentials {
                Credentials::Token(token) => {
                    let me: Numbered =
                        asked(client, Method::GET, "/user", None, token.expose()).await?;
                    Ok(Identity::Person(me.id))
                }
                Credentials::App { app, key } => {
                    let token = app_token(app, key, Timestamp::now())?;
                    let me: Numbered = asked(client, Method::GET, "/app", None, &token).await?;
                    Ok(Identity::App(me.id))
                }
            }
        });
        asked.await.cloned()
    }
}

/// A token for this repository and for what Sluice does there, and nothing else.
async fn renewed(client: &Client, app: &str, key: &SecretValue) -> Result<Kept> {
    let own = app_token(app, key, Timestamp::now())?;
    let installation = format!("/repos/{}/installation", client.repository);
    let found: Numbered = asked(client, Method::GET, &installation, None, &own).await?;
    let route = format!("/app/installations/{}/access_tokens", found.id);
    let scope = json!({
        "repositories": [client.repository.name()],
        "permissions": {
            "contents": "write",
            "metadata": "read",
            "pull_requests": "write",
            "statuses": "write",
        },
    });
    let made: Installed = asked(client, Method::POST, &route, Some(&scope), &own).await?;
    let until = made.expires_at.parse().map_err(|error: jiff::Error| {
        Error::internal("GitHub's token does not say until when it is valid").with_source(error)
    })?;
    Ok(Kept { token: made.token, until })
}

/// Asks with a token that is not the usual one. All that is asked so may be asked twice.
async fn asked<T: serde::de::DeserializeOwned>(
    client: &Client,
    method: Method,
    route: &str,
    body: Option<&Value>,
    token: &str,
) -> Result<T> {
    let doing = "sign in to GitHub";
    let mut wait: Duration = FIRST_WAIT;
    for _ in 1..TRIES {
        match client.once(&method, route, body, token, doing).await {
            Err(refused) if refused.error.kind() == domain::ErrorKind::Unavailable => {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            other => return other.map_err(|refused| refused.error),
        }
    }
    client.once(&method, route, body, token, doing).await.map_err(|refused| refused.error)
}
