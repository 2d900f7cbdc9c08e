//! The sessions of an account for `object_store`, which signs its requests itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use domain::ErrorKind;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use super::STORE;

/// A session is begun anew so long before it ends: a request must not outlive its signature.
const EARLY: Duration = Duration::from_secs(300);
/// Keys without an end are asked for again after so long: somebody may have rotated them.
const LASTING: Duration = Duration::from_secs(900);

/// Asks the SDK's provider, and keeps what it said until shortly before it ends: a provider that
/// takes on a role asks STS every time.
#[derive(Debug)]
pub(super) struct SessionCredentials {
    provider: SharedCredentialsProvider,
    patience: Duration,
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    credential: Arc<AwsCredential>,
    renew_at: SystemTime,
    ends_at: Option<SystemTime>,
}

impl SessionCredentials {
    pub(super) fn new(provider: SharedCredentialsProvider, patience: Duration) -> Self {
        Self { provider, patience, held: Mutex::new(None) }
    }

    async fn ask(&self) -> object_store::Result<Held> {
        let asked = tokio::time::timeout(self.patience, self.provider.provide_credentials()).await;
        let given =
            asked.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(self.patience)));
        given.map(|credentials| held(&credentials)).map_err(not_given)
    }
}

#[async_trait]
impl CredentialProvider for SessionCredentials {
    type Credential = AwsCredential;

    /// One caller asks while the others wait for what it hears.
    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut slot = self.held.lock().await;
        let now = SystemTime::now();
        if let Some(held) = slot.as_ref().filter(|held| held.renew_at > now) {
            return Ok(Arc::clone(&held.credential));
        }
        match (self.ask().await, slot.as_ref()) {
            (Ok(held), _) => Ok(Arc::clone(&slot.insert(held).credential)),
            // Those at hand still hold for some minutes; STS may answer again until then.
            (Err(error), Some(held)) if held.ends_at.is_none_or(|end| end > now) => {
                tracing::warn!(%error, "credentials for S3 were not renewed; the last ones still hold");
                Ok(Arc::clone(&held.credential))
            }
            (Err(error), _) => Err(error),
        }
    }
}

fn held(credentials: &Credentials) -> Held {
    let ends_at = credentials.expiry();
    let now = SystemTime::now();
    let early = ends_at.and_then(|end| end.checked_sub(EARLY)).filter(|early| *early > now);
    Held {
        credential: Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }),
        renew_at: early.or(ends_at).unwrap_or(now + LASTING),
        ends_at,
    }
}

/// Only who was refused is unauthenticated, which nobody repeats. What keeps STS from answering for a
/// moment must not fail a run.
fn not_given(error: CredentialsError) -> object_store::Error {
    let error = aws::without_credentials(error).context("no credentials for S3");
    let denied = error.kind() == ErrorKind::Denied;
    let source = Box::new(error);
    match denied {
        true => object_store::Error::Unauthenticated { path: "credentials".to_owned(), source },
        false => object_store::Error::Generic { store: STORE, source },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::provider::future::ProvideCredentials as Answer;
    use etl_engine::table_files::store_error;

    use super::*;

    /// Gives sessions that end after some seconds; refuses from the third on.
    #[derive(Debug, Default, Clone)]
    struct Sessions {
        seconds: u64,
        asked: Arc<AtomicU32>,
    }

    impl ProvideCredentials for Sessions {
        fn provide_credentials<'a>(&'a self) -> Answer<'a>
        where
            Self: 'a,
        {
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            let ends = SystemTime::now() + Duration::from_secs(self.seconds);
            Answer::ready(match asked {
                0 | 1 => Ok(Credentials::new(format!("k{asked}"), "s", None, Some(ends), "test")),
                _ => Err(CredentialsError::provider_error("STS is away")),
            })
        }
    }

    async fn keys(seconds: u64) -> (Vec<String>, u32) {
        let sessions = Sessions { seconds, ..Sessions::default() };
        let provider = SharedCredentialsProvider::new(sessions.clone());
        let credentials = SessionCredentials::new(provider, Duration::from_secs(1));
        let mut keys = Vec::new();
        for _ in 0..4 {
            keys.push(credentials.get_credential().await.unwrap().key_id.clone());
        }
        (keys, sessions.asked.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_session_is_kept_and_renewed_before_it_ends() {
        assert_eq!(keys(3600).await, (vec!["k0".to_owned(); 4], 1));
        let (kept, asked) = keys(60).await;
        assert_eq!(
            (kept, asked),
            (vec!["k0".to_owned(); 4], 1),
            "what is short is used to its end"
        );
    }

    #[tokio::test]
    async fn a_session_that_still_holds_is_used_while_none_can_be_begun() {
        let sessions = Sessions { seconds: 3600, ..Sessions::default() };
        let provider = SharedCredentialsProvider::new(sessions.clone());
        let credentials = SessionCredentials::new(provider, Duration::from_secs(1));
        for _ in 0..4 {
            credentials.get_credential().await.unwrap();
            // As if the time to renew had come.
            credentials.held.lock().await.as_mut().unwrap().renew_at = SystemTime::UNIX_EPOCH;
        }
        assert_eq!(sessions.asked.load(Ordering::SeqCst), 4);
        credentials.held.lock().await.as_mut().unwrap().ends_at = Some(SystemTime::UNIX_EPOCH);
        assert!(credentials.get_credential().await.is_err());
    }

    /// Gives none and says why, or says nothing.
    #[derive(Debug)]
    struct Failing(Option<fn() -> CredentialsError>);

    impl ProvideCredentials for Failing {
        fn provide_credentials<'a>(&'a self) -> Answer<'a>
        where
            Self: 'a,
        {
            match self.0 {
                Some(error) => Answer::ready(Err(error())),
                None => Answer::new(std::future::pending()),
            }
        }
    }

    async fn kind_without(error: Option<fn() -> CredentialsError>) -> ErrorKind {
        let provider = SharedCredentialsProvider::new(Failing(error));
        let credentials = SessionCredentials::new(provider, Duration::from_millis(20));
        let error = store_error(credentials.get_credential().await.unwrap_err());
        assert!(error.message().contains("no credentials for S3"), "{error}");
        error.kind()
    }

    #[tokio::test]
    async fn only_who_is_refused_is_denied_and_all_else_may_be_repeated() {
        let refused = kind_without(Some(CredentialsError::not_loaded_no_source)).await;
        assert_eq!(refused, ErrorKind::Denied);
        let broken = kind_without(Some(|| CredentialsError::provider_error("503"))).await;
        assert_eq!(broken, ErrorKind::Unavailable);
        assert_eq!(kind_without(None).await, ErrorKind::Unavailable, "it says nothing");
    }
}
