//! Asking GitHub: who asks, what may be repeated, when to be silent.
//!
//! Architecture invariant: only what has the same effect twice is sent twice. An answer that was lost
//! to anything else is an error, and who asked reads back what became of it.

mod credentials;
mod error;
mod outbound;
mod pause;
mod token;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use http::{Method, StatusCode, Uri};
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::{AuthState, FromResponse, OctoBody, Octocrab, OctocrabBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{GitHubChangeReporter, GitHubLakeRepository};
use error::{Refused, refused};
use outbound::Outbound;
use pause::Pause;
use token::Tokens;

pub use credentials::Credentials;
pub(crate) use token::Identity;

/// How often something is tried, and how long the first wait is; each further one is twice as long.
const TRIES: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A repository, as `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// Whose it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// What it is called there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for RepositoryName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let allowed = |part: &str| {
            let letters = part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            letters && (1..=100).contains(&part.len()) && part != "." && part != ".."
        };
        match text.split_once('/') {
            Some((owner, name)) if allowed(owner) && allowed(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(Error::invalid(format!(
                "repository {text:?} is not valid: write it as `owner/name`, as in its address"
            ))),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Which repository, where, and who asks.
#[derive(Debug, Clone)]
pub struct GitHubSettings {
    /// Where the API is: `https://api.github.com`, or `https://host/api/v3` of GitHub Enterprise.
    pub api_url: String,
    /// The repository.
    pub repository: RepositoryName,
    /// Who asks.
    pub credentials: Credentials,
    /// How long each request may take, from connecting to the last byte.
    pub patience: Duration,
}

/// One repository on GitHub.
#[derive(Debug, Clone)]
pub struct GitHub {
    client: Arc<Client>,
}

impl GitHub {
    /// Makes the way there, and asks nothing yet. It has to be called in the Tokio runtime in which it
    /// is used. Invalid when an address, a token or a key is none.
    pub fn new(settings: &GitHubSettings) -> Result<Self> {
        settings.credentials.check()?;
        let base: Uri = settings.api_url.trim_end_matches('/').parse().map_err(|_| {
            Error::invalid("GitHub's API has no valid address: write it as https://host/path")
        })?;
        let web = matches!(base.scheme_str(), Some("http" | "https")) && base.authority().is_some();
        if !web || base.query().is_some() {
            return Err(Error::invalid("GitHub's API is no web address: use https://host/path"));
        }
        let way = Outbound::new(&base, settings.patience)?;
        let built = OctocrabBuilder::new_empty()
            .with_service(way)
            .with_layer(&BaseUriLayer::new(base))
            .with_auth(AuthState::None)
            .build();
        let octocrab = match built {
            Ok(octocrab) => octocrab,
            Err(never) => match never {},
        };
        let client = Client {
            octocrab,
            repository: settings.repository.clone(),
            tokens: Tokens::new(settings.credentials.clone()),
            pause: Pause::default(),
        };
        Ok(Self { client: Arc::new(client) })
    }

    /// The repository as lake repository.
    pub fn lake_repository(&self) -> GitHubLakeRepository {
        GitHubLakeRepository::new(Arc::clone(&self.client))
    }

    /// Its commits and pull requests as the place where changes are reviewed.
    pub fn change_reporter(&self) -> GitHubChangeReporter {
        GitHubChangeReporter::new(Arc::clone(&self.client))
    }
}

/// Whether sending something twice is the same as once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twice {
    /// It reads, or makes what is named by its content.
    Same,
    /// It may be something else: it is sent once.
    Other,
}

/// Asks about one repository.
pub(crate) struct Client {
    octocrab: Octocrab,
    repository: RepositoryName,
    tokens: Tokens,
    pause: Pause,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("repository", &self.repository).finish_non_exhaustive()
    }
}

impl Client {
    /// Which repository.
    pub(crate) fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// Reads `path` of the repository; `doing` names it for people, as in "could not … ".
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, doing: &str) -> Result<T> {
        self.ask(Method::GET, &self.route(path), None, Twice::Same, doing).await
    }

    /// Sends something to `path` of the repository.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        twice: Twice,
        doing: &str,
    ) -> Result<T> {
        self.ask(Method::POST, &self.route(path), Some(body), twice, doing).await
    }

    /// Changes what is at `path` of the repository.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        twice: Twice,
        doing: &str,
    ) -> Result<T> {
        self.ask(Method::PATCH, &self.route(path), Some(body), twice, doing).await
    }

    /// All of a list, read page by page; more than `most` are an error. The links between pages are
    /// not followed: they lead wherever an answer says.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        most: usize,
        doing: &str,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for page in 1.. {
            let mut found: Vec<T> = self.get(&paged(path, page), doing).await?;
            let last = found.len() < PAGE;
            all.append(&mut found);
            if last {
                break;
            }
            if all.len() >= most {
                return Err(Error::invalid(format!("could not {doing}: there are over {most}")));
            }
        }
        Ok(all)
    }

    /// The number of whoever asks; comments are told apart by it.
    pub(crate) async fn identity(&self) -> Result<Identity> {
        self.tokens.identity(self).await
    }

    /// Deletes what is at `path` of the repository.
    pub(crate) async fn delete(&self, path: &str, doing: &str) -> Result<()> {
        self.ask(Method::DELETE, &self.route(path), None, Twice::Same, doing).await
    }

    /// The route of a path of the repository; of the repository itself when the path is empty.
    fn route(&self, path: &str) -> String {
        let route = format!("/repos/{}/{path}", self.repository);
        route.trim_end_matches('/').to_owned()
    }

    /// Asks with the token of whom Sluice is. One that was taken back is asked for anew, once.
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        route: &str,
        body: Option<&Value>,
        twice: Twice,
        doing: &str,
    ) -> Result<T> {
        let mut wait = FIRST_WAIT;
        let mut renewed = false;
        for tried in 1.. {
            let token = self.tokens.current(self).await?;
            let found = self.once(&method, route, body, &token, doing).await;
            let refused = match found {
                Ok(found) => return Ok(found),
                Err(refused) => refused,
            };
            if refused.token_refused && !renewed && self.tokens.forget(&token).await {
                renewed = true;
                continue;
            }
            let again = refused.error.kind() == ErrorKind::Unavailable && twice == Twice::Same;
            if !again || tried >= TRIES {
                return Err(refused.error);
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        Err(Error::internal("GitHub was asked too often"))
    }

    /// Asks once, with a given token.
    async fn once<T: DeserializeOwned>(
        &self,
        method: &Method,
        route: &str,
        body: Option<&Value>,
        token: &str,
        doing: &str,
    ) -> Result<T, Refused> {
        self.pause.check(doing).map_err(|error| Refused {
            error,
            pause: None,
            token_refused: false,
        })?;
        let answer = self.send(method, route, body, token).await;
        answer.map_err(|error| {
            let refused = refused(error, doing, token);
            if let Some(pause) = refused.pause {
                self.pause.begin(pause);
            }
            refused
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: &Method,
        route: &str,
        body: Option<&Value>,
        token: &str,
    ) -> octocrab::Result<T> {
        let octocrab = self.octocrab.user_access_token(token.to_owned())?;
        let request = http::Request::builder().method(method.clone()).uri(route);
        let request = octocrab.build_request(request, body)?;
        let answer = octocrab::map_github_error(octocrab.execute(request).await?).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => {
                T::from_response(http::Response::new(OctoBody::from("null".to_owned()))).await
            }
            _ => T::from_response(answer).await,
        }
    }
}

/// Entries of a page.
pub(crate) const PAGE: usize = 100;

/// The path of a page of a list, counted from 1.
pub(crate) fn paged(path: &str, page: usize) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}per_page={PAGE}&page={page}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_the_name_of_a_repository_is_no_path() {
        let name: RepositoryName = "acme/lake.config".parse().unwrap();
        assert_eq!((name.owner(), name.name()), ("acme", "lake.config"));
        for bad in ["", "lake", "/lake", "acme/", "acme/..", "../lake", "a/b/c", "a b/c", "a/b?c"] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad:?}");
        }
    }
}
