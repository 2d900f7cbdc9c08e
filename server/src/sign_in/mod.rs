//! Signing in: by GitHub, or by a one-time link.
//!
//! The token that GitHub gives lives for three requests, is used to read person, membership and
//! teams, and is then forgotten.

mod attempt;
pub mod config;
mod cookie;
mod github;
mod next;

use domain::{Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::accounts::{Accounts, FromTeams, Identity, LinkRefusal, NewSession, Secret};
use attempt::Attempt;
use github::{GitHub, Membership, Person};

pub use config::{GitHubConfig, SignInConfig, SignInMode, TeamRole};
pub use cookie::ServerCookie;
pub use next::local_path;

/// The way people sign in to one console.
pub struct SignIn {
    accounts: Accounts,
    github: Option<GitHub>,
    config: SignInConfig,
    /// Holds the session.
    pub session_cookie: ServerCookie,
    /// Holds the browser's part of a sign-in under way.
    pub attempt_cookie: ServerCookie,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A sign-in that goes to GitHub.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to send the browser.
    pub location: Url,
    /// What its cookie is to hold.
    pub browser: Secret,
    /// For how long.
    pub life: SignedDuration,
}

/// How a sign-in ended.
#[derive(Debug)]
pub enum Outcome {
    /// They are in.
    SignedIn {
        /// Their session.
        session: Box<NewSession>,
        /// Where to go; a local path.
        next: String,
    },
    /// They are not, and why.
    Refused(Refusal),
}

/// Why somebody is not let in. Each has a page that says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Begun in another browser, finished before, or too long ago.
    NotBegunHere,
    /// They said no on GitHub's page.
    Cancelled,
    /// GitHub did not take the code.
    CodeRefused,
    /// They do not belong to the organisation.
    NotMember,
    /// They have not accepted the organisation's invitation.
    InvitationPending,
    /// They belong, but nothing gives them a role.
    NoRole,
    /// GitHub did not give a clear answer.
    GitHubUnclear,
    /// A one-time link that cannot be used.
    Link(LinkRefusal),
}

impl Refusal {
    /// Its word in the address of the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotBegunHere => "not-begun-here",
            Self::Cancelled => "cancelled",
            Self::CodeRefused => "code-refused",
            Self::NotMember => "not-member",
            Self::InvitationPending => "invitation-pending",
            Self::NoRole => "no-role",
            Self::GitHubUnclear => "github-unclear",
            Self::Link(LinkRefusal::Unknown) => "link-unknown",
            Self::Link(LinkRefusal::Used) => "link-used",
            Self::Link(LinkRefusal::Expired) => "link-expired",
        }
    }
}

impl SignIn {
    /// [`ErrorKind::Invalid`], naming the key, when the configuration does not let people sign in
    /// safely at `public_url`.
    pub fn new(config: SignInConfig, public_url: &Url, accounts: Accounts) -> Result<Self> {
        if let Some((key, advice)) = config.validate(public_url).into_iter().next() {
            return Err(Error::invalid(format!("{key}: {advice}")));
        }
        let github = match config.mode {
            Some(SignInMode::GitHub) => Some(GitHub::new(&config.github, public_url)?),
            _ => None,
        };
        let session_cookie = ServerCookie::session(public_url);
        let attempt_cookie = ServerCookie::attempt(public_url);
        Ok(Self { accounts, github, config, session_cookie, attempt_cookie })
    }

    /// How it is configured.
    pub fn config(&self) -> &SignInConfig {
        &self.config
    }

    /// How long a session lasts at most.
    pub fn session_life(&self) -> SignedDuration {
        self.accounts.settings().session_life
    }

    /// Begins a sign-in by GitHub that leads to `next`, if that is a page of ours.
    pub async fn begin(&self, next: Option<&str>, now: Timestamp) -> Result<Begun> {
        let authorization = self.github()?.authorize();
        let browser = Secret::random()?;
        let attempt = Attempt { verifier: authorization.verifier, next: local_path(next) };
        let database = self.accounts.database();
        attempt::store(database, &authorization.state, &browser, attempt, now).await?;
        Ok(Begun { location: authorization.location, browser, life: attempt::LIFE })
    }

    /// Goes on when GitHub has sent the browser back. `replaces`: the session it had before.
    pub async fn complete(
        &self,
        answer: &Callback,
        browser: Option<&str>,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Outcome> {
        let github = self.github()?;
        let state = answer.state.as_deref().unwrap_or_default();
        let database = self.accounts.database();
        let attempt = attempt::take(database, state, browser.unwrap_or_default(), now).await?;
        let Some(attempt) = attempt else { return Ok(Outcome::Refused(Refusal::NotBegunHere)) };
        let Some(code) = &answer.code else { return Ok(Outcome::Refused(Refusal::Cancelled)) };
        let token = match github.exchange(code, attempt.verifier).await {
            Ok(token) => token,
            Err(error) => return refused(&error),
        };
        let (person, membership, teams) = match ask(github, &token).await {
            Ok(answers) => answers,
            Err(error) => return refused(&error),
        };
        let identity = self.identity(person);
        if let Some(refusal) = refusal(membership) {
            self.accounts.refused(&identity, now).await?;
            tracing::info!(login = identity.login, refusal = refusal.as_str(), "not let in");
            return Ok(Outcome::Refused(refusal));
        }
        let given = self.by_teams(&teams);
        let session = self.accounts.sign_in_from_teams(&identity, &given, replaces, now).await?;
        Ok(match session {
            Some(session) => Outcome::SignedIn { session: Box::new(session), next: attempt.next },
            None => Outcome::Refused(Refusal::NoRole),
        })
    }

    /// Uses a one-time link up. [`ErrorKind::NotFound`] when people sign in otherwise.
    pub async fn by_link(
        &self,
        code: &str,
        replaces: Option<&str>,
        now: Timestamp,
    ) -> Result<Outcome> {
        if self.config.mode != Some(SignInMode::Link) {
            return Err(Error::not_found("people do not sign in by link here: sign_in.mode"));
        }
        Ok(match self.accounts.use_sign_in_link(code, replaces, now).await? {
            Ok(session) => Outcome::SignedIn { session: Box::new(session), next: "/".to_owned() },
            Err(why) => Outcome::Refused(Refusal::Link(why)),
        })
    }

    fn github(&self) -> Result<&GitHub> {
        self.github
            .as_ref()
            .ok_or_else(|| Error::not_found("people do not sign in by GitHub here: sign_in.mode"))
    }

    /// What the teams with these slugs give.
    fn by_teams(&self, slugs: &[String]) -> FromTeams {
        let organisation = &self.config.github.organisation;
        FromTeams {
            grants: self.config.github.grants(slugs),
            teams: slugs.iter().map(|slug| format!("{organisation}/{slug}")).collect(),
        }
    }

    fn identity(&self, person: Person) -> Identity {
        Identity {
            provider: self.config.provider(),
            subject: person.id.to_string(),
            login: person.login,
            name: person.name,
        }
    }
}

/// What GitHub sends back with the browser.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct Callback {
    /// The state of the sign-in.
    pub state: Option<String>,
    /// The code, when the person agreed.
    pub code: Option<String>,
}

/// Everything that GitHub is asked about the owner of a token.
async fn ask(github: &GitHub, token: &str) -> Result<(Person, Membership, Vec<String>)> {
    let person = github.person(token).await?;
    let membership = github.membership(token).await?;
    let teams = match membership {
        Membership::Active => github.teams(token).await?,
        _ => Vec::new(),
    };
    Ok((person, membership, teams))
}

fn refusal(membership: Membership) -> Option<Refusal> {
    match membership {
        Membership::Active => None,
        Membership::Pending => Some(Refusal::InvitationPending),
        Membership::None => Some(Refusal::NotMember),
    }
}

/// A fault of GitHub's side is a page for the person; a fault of ours is an error.
fn refused(error: &Error) -> Result<Outcome> {
    let refusal = match error.kind() {
        ErrorKind::Denied => Refusal::CodeRefused,
        ErrorKind::Unavailable => Refusal::GitHubUnclear,
        _ => return Err(error.clone()),
    };
    tracing::warn!(%error, "a sign-in ended");
    Ok(Outcome::Refused(refusal))
}
