//! An account and region that Sluice may work in, under one identity.

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use domain::{Error, Result};

use crate::failed;
use crate::settings::AwsSettings;

/// How long a session of a role holds; the SDK begins another before it ends.
const SESSION: Duration = Duration::from_secs(3600);
/// STS takes at most so many characters.
const MOST_SESSION_NAME: usize = 64;

/// A role to take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for beside the caller, if it does.
    pub external_id: Option<String>,
    /// Told in the logs of the account: who it is that works under the role.
    pub session: String,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account, 12 digits.
    pub account: String,
    /// The ARN of the user or of the session.
    pub arn: String,
}

/// An account and region under one identity. Cheap to clone; clones share connections and sessions.
#[derive(Debug, Clone)]
pub struct Account {
    sdk: SdkConfig,
    settings: AwsSettings,
}

impl Account {
    /// The account of the SDK's usual credentials, or of the keys in the settings. Asks AWS nothing yet.
    pub async fn open(settings: &AwsSettings) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(settings.region.clone()))
            .http_client(http_client())
            .timeout_config(timeouts(settings))
            .retry_config(RetryConfig::standard().with_max_attempts(settings.attempts))
            .identity_cache(IdentityCache::lazy().load_timeout(settings.attempt).build());
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(keys) = &settings.credentials {
            let keys = Credentials::from_keys(&keys.access_key, &keys.secret_key, None);
            loader = loader.credentials_provider(keys);
        }
        Self { sdk: loader.load().await, settings: settings.clone() }
    }

    /// The account that a role is in, under that role. Asks AWS nothing yet: the session begins with the
    /// first call, is kept, and is begun anew before it ends.
    pub async fn under(&self, role: &Role) -> Self {
        self.under_in(role, &self.settings.region).await
    }

    /// As [`Self::under`], in another region.
    pub async fn under_in(&self, role: &Role, region: &str) -> Self {
        let mut provider = AssumeRoleProvider::builder(&role.arn)
            .configure(&self.sdk)
            .session_name(session_name(&role.session))
            .session_length(SESSION);
        if let Some(id) = &role.external_id {
            provider = provider.external_id(id);
        }
        let sdk = self
            .sdk
            .to_builder()
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(provider.build().await))
            .identity_cache(IdentityCache::lazy().load_timeout(self.settings.attempt).build())
            .build();
        let settings = AwsSettings { region: region.to_owned(), ..self.settings.clone() };
        Self { sdk, settings }
    }

    /// For clients whose calls may be repeated: reads, and writes that say the same when they are made
    /// twice.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// For clients whose calls must not be repeated unseen: what a lost answer hides is read back.
    pub fn sdk_once(&self) -> SdkConfig {
        self.sdk.to_builder().retry_config(RetryConfig::disabled()).build()
    }

    /// The same identity in another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        let sdk = self.sdk.to_builder().region(Region::new(region.to_owned())).build();
        Self { sdk, settings: AwsSettings { region: region.to_owned(), ..self.settings.clone() } }
    }

    /// The settings that it was opened with.
    pub fn settings(&self) -> &AwsSettings {
        &self.settings
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.settings.region
    }

    /// Asks AWS who we are here.
    pub async fn identity(&self) -> Result<Identity> {
        let answer = aws_sdk_sts::Client::new(&self.sdk).get_caller_identity().send().await;
        let answer = answer.map_err(|error| failed("ask who we are", error))?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(Error::internal("STS does not say who we are")),
        }
    }
}

fn http_client() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

fn timeouts(settings: &AwsSettings) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(settings.connect)
        .read_timeout(settings.attempt)
        .operation_attempt_timeout(settings.attempt)
        .operation_timeout(settings.operation)
        .build()
}

/// What STS takes as the name of a session.
fn session_name(text: &str) -> String {
    let allowed = |ch: char| ch.is_ascii_alphanumeric() || "+=,.@-".contains(ch);
    let name = text.chars().map(|ch| if allowed(ch) { ch } else { '-' });
    name.take(MOST_SESSION_NAME).collect()
}
