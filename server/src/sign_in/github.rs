//! What Sluice asks GitHub: a token for a code, who they are, whether they belong, in which teams.
//!
//! Architecture invariant: only a clear "yes" counts (promise D4). A membership that is not active
//! is none; an answer that is not understood, cut short or refused is an error, and the sign-in ends.

use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use etl_embedded::outbound;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use reqwest::{Client, Response, StatusCode, Url, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::config::GitHubConfig;

/// For each request, from connecting to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Pages of teams that are read; more is an error, not a shorter list.
const MOST_PAGES: usize = 100;

type OAuth = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// GitHub, as one OAuth app sees it.
pub(super) struct GitHub {
    oauth: OAuth,
    http: Client,
    api: Url,
    organisation: String,
}

/// Where to send the browser, and what to remember meanwhile.
pub(super) struct Authorization {
    pub location: Url,
    pub state: String,
    pub verifier: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Person {
    pub id: u64,
    pub login: String,
    pub name: Option<String>,
}

/// Whether somebody belongs to the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    Active,
    /// Invited, but the invitation is not accepted.
    Pending,
    None,
}

impl GitHub {
    /// [`ErrorKind::Invalid`] when an address is none.
    pub(super) fn new(config: &GitHubConfig, public_url: &Url) -> Result<Self> {
        let wrong = |error: url::ParseError| Error::invalid(format!("sign_in.github: {error}"));
        let web = config.web_url.trim_end_matches('/');
        let authorize = AuthUrl::new(format!("{web}/login/oauth/authorize")).map_err(wrong)?;
        let token = TokenUrl::new(format!("{web}/login/oauth/access_token")).map_err(wrong)?;
        let back = public_url.join("/sign-in/github/callback").map_err(wrong)?;
        let oauth = BasicClient::new(ClientId::new(config.client_id.clone()))
            .set_client_secret(ClientSecret::new(config.client_secret.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(authorize)
            .set_token_uri(token)
            .set_redirect_uri(RedirectUrl::from_url(back));
        let api = Url::parse(&format!("{}/", config.api_url.trim_end_matches('/')));
        let http = outbound::client(PATIENCE)?;
        let organisation = config.organisation.clone();
        Ok(Self { oauth, http, api: api.map_err(wrong)?, organisation })
    }

    /// A new authorization, with a random state and a PKCE challenge of its own.
    pub(super) fn authorize(&self) -> Authorization {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (location, state) = self
            .oauth
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("read:org".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let (state, verifier) = (state.into_secret(), verifier.into_secret());
        Authorization { location, state, verifier }
    }

    /// A token for a code. [`ErrorKind::Denied`] when GitHub does not take the code.
    pub(super) async fn exchange(&self, code: &str, verifier: String) -> Result<String> {
        let http = self.http.clone();
        let call = move |request| forward(http.clone(), request);
        let answer = self
            .oauth
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier))
            .request_async(&call)
            .await;
        match answer {
            Ok(answer) => Ok(answer.access_token().secret().clone()),
            Err(RequestTokenError::Request(error)) => Err(error),
            Err(RequestTokenError::ServerResponse(refusal)) => {
                Err(refused_code(refusal.error().as_ref()))
            }
            // GitHub says "200 OK" to a wrong code, and that it is wrong in the body.
            Err(RequestTokenError::Parse(_, body)) => Err(match serde_json::from_slice(&body) {
                Ok(Refused { error }) => refused_code(&error),
                Err(_) => unclear("gave an answer that is no token"),
            }),
            Err(RequestTokenError::Other(_)) => Err(unclear("gave an answer that is no token")),
        }
    }

    /// Whose token it is.
    pub(super) async fn person(&self, token: &str) -> Result<Person> {
        let response = self.get(token, self.at("user")?).await?;
        parsed(succeeded(response, "who you are")?).await
    }

    /// Whether the token's person belongs to the organisation.
    pub(super) async fn membership(&self, token: &str) -> Result<Membership> {
        #[derive(Deserialize)]
        struct Answer {
            state: String,
            organization: Organization,
        }
        let path = format!("user/memberships/orgs/{}", self.organisation);
        let response = self.get(token, self.at(&path)?).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(Membership::None);
        }
        let what = format!(
            "whether you belong to {}; an owner of it may have to allow this OAuth app",
            self.organisation
        );
        let answer: Answer = parsed(succeeded(response, &what)?).await?;
        if !answer.organization.login.eq_ignore_ascii_case(&self.organisation) {
            return Err(unclear("spoke of another organisation than it was asked about"));
        }
        Ok(match answer.state.as_str() {
            "active" => Membership::Active,
            "pending" => Membership::Pending,
            _ => Membership::None,
        })
    }

    /// The slugs of the teams of the organisation that the token's person is in: all pages, or an
    /// error.
    pub(super) async fn teams(&self, token: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Team {
            slug: String,
            organization: Organization,
        }
        let mut teams = Vec::new();
        let mut page = Some(self.at("user/teams?per_page=100")?);
        for _ in 0..MOST_PAGES {
            let Some(url) = page.take() else { return Ok(teams) };
            let response = succeeded(self.get(token, url).await?, "your teams")?;
            page = next_page(&response, &self.api)?;
            let found: Vec<Team> = parsed(response).await?;
            let ours = found
                .into_iter()
                .filter(|team| team.organization.login.eq_ignore_ascii_case(&self.organisation));
            teams.extend(ours.map(|team| team.slug));
        }
        match page {
            None => Ok(teams),
            Some(_) => Err(unclear("lists more teams than can be")),
        }
    }

    fn at(&self, path: &str) -> Result<Url> {
        self.api.join(path).map_err(|error| Error::internal(error.to_string()))
    }

    async fn get(&self, token: &str, url: Url) -> Result<Response> {
        self.http
            .get(url)
            .bearer_auth(token)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", "2022-11-28")
            .send()
            .await
            .map_err(unreachable)
    }
}

#[derive(Deserialize)]
struct Organization {
    login: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Carries a request of the OAuth library out.
async fn forward(http: Client, request: HttpRequest) -> Result<HttpResponse> {
    let request = reqwest::Request::try_from(request).map_err(unreachable)?;
    let response = http.execute(request).await.map_err(unreachable)?;
    let status = response.status();
    if status.is_server_error() {
        return Err(unclear(&format!("answered {status} to the request for a token")));
    }
    let mut answer = HttpResponse::new(body(response).await?);
    *answer.status_mut() = status;
    Ok(answer)
}

/// The whole body, if it is not too long.
async fn body(mut response: Response) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_ANSWER {
            return Err(unclear("gave an answer without end"));
        }
    }
    Ok(bytes)
}

async fn parsed<T: DeserializeOwned>(response: Response) -> Result<T> {
    let bytes = body(response).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        tracing::warn!(%error, "GitHub gave an answer that is not understood");
        unclear("gave an answer that is not understood")
    })
}

fn succeeded(response: Response, what: &str) -> Result<Response> {
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(unclear(&format!("answered {status} when it was asked {what}"))),
    }
}

/// The next page that the `Link` header names. [`ErrorKind::Unavailable`] when it lies elsewhere:
/// the token goes to the configured host alone.
fn next_page(response: &Response, api: &Url) -> Result<Option<Url>> {
    let links = response.headers().get_all(header::LINK).into_iter();
    let links = links.filter_map(|link| link.to_str().ok()).flat_map(|line| line.split(','));
    for link in links {
        let Some((target, parameters)) = link.trim().split_once('>') else { continue };
        let is_next = parameters.split(';').any(|part| part.trim() == "rel=\"next\"");
        if !is_next {
            continue;
        }
        let url = Url::parse(target.trim_start_matches('<')).ok();
        let url = url.filter(|url| url.origin() == api.origin());
        return url.map(Some).ok_or_else(|| unclear("sends us to another host for more teams"));
    }
    Ok(None)
}

fn refused_code(error: &str) -> Error {
    tracing::warn!(error, "GitHub did not take the code of a sign-in");
    let message = "GitHub did not take the code of this sign-in: begin again";
    Error::new(ErrorKind::Denied, message)
}

fn unreachable(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let message = "GitHub cannot be reached: try again in some minutes";
    Error::new(ErrorKind::Unavailable, message).with_source(error)
}

fn unclear(what: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("GitHub {what}"))
}
