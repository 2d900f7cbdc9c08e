//! The sessions of an account for `object_store`, which signs its requests itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

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
        match asked {
            Ok(Ok(credentials)) => Ok(held(&credentials)),
            Ok(Err(error)) => Err(refused(error)),
            Err(error) => Err(refused(error)),
        }
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

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Unauthenticated { path: "credentials".to_owned(), source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future::ProvideCredentials as Answer;

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
}
