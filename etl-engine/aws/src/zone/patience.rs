//! How long S3 is waited for.
//!
//! One time-out does not fit all: a question is answered at once, a part of a file takes its time, and
//! a file that is read while it is decoded may take an hour. A read has no end of its own therefore;
//! each of its chunks has.

use std::sync::Arc;
use std::time::Duration;

use aws::{Account, AwsSettings};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, S3CopyIfNotExists};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, GetOptions, GetResult, GetResultPayload, ObjectStore, Result, RetryConfig,
};

use super::STORE;
use super::credentials::SessionCredentials;

/// A part of a file takes at most so many times as long as a question.
const TRANSFER: u32 = 4;
/// A read that breaks off goes on where it was, so often.
const RESUMES: usize = 20;
/// Credentials of a request must outlive its repetitions.
const MOST_REPETITION: Duration = Duration::from_secs(240);

/// Clients of one bucket, by their patience.
#[derive(Debug)]
pub(super) struct Clients {
    /// Questions and deletions.
    pub(super) calls: AmazonS3,
    /// Writes and copies.
    pub(super) transfers: AmazonS3,
    /// As `transfers`; never repeats.
    pub(super) once: AmazonS3,
    reads: AmazonS3,
    attempt: Duration,
    attempts: u32,
}

impl Clients {
    pub(super) fn open(account: &Account, bucket: &str) -> Result<Self> {
        let settings = account.settings();
        let Some(provider) = account.sdk().credentials_provider() else {
            let source = "the account has no credentials".into();
            return Err(Error::Generic { store: STORE, source });
        };
        let credentials = Arc::new(SessionCredentials::new(provider, settings.attempt));
        let client = |options: ClientOptions, retry: RetryConfig| {
            builder(settings, bucket)
                .with_credentials(Arc::clone(&credentials) as _)
                .with_client_options(options)
                .with_retry(retry)
                .build()
        };
        let options = || {
            let http = settings.endpoint.as_deref().is_some_and(|at| at.starts_with("http://"));
            ClientOptions::new().with_connect_timeout(settings.connect).with_allow_http(http)
        };
        let retry = |max_retries, retry_timeout| RetryConfig {
            max_retries,
            retry_timeout,
            ..RetryConfig::default()
        };
        let usual = || {
            let repeats = settings.attempts.saturating_sub(1) as usize;
            retry(repeats, settings.operation.min(MOST_REPETITION))
        };
        let transfer = settings.attempt * TRANSFER;
        let never = Duration::from_secs(u64::from(u32::MAX));
        Ok(Self {
            calls: client(options().with_timeout(settings.attempt), usual())?,
            transfers: client(options().with_timeout(transfer), usual())?,
            once: client(options().with_timeout(transfer), retry(0, Duration::ZERO))?,
            reads: client(options().with_timeout_disabled(), retry(RESUMES, never))?,
            attempt: settings.attempt,
            attempts: settings.attempts.max(1),
        })
    }

    /// How long an answer, or the next chunk of one, may take.
    pub(super) fn attempt(&self) -> Duration {
        self.attempt
    }

    /// Opens an object for reading; its chunks come, each in time, or an error does.
    pub(super) async fn read(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        for _ in 0..self.attempts {
            let asked = self.reads.get_opts(at, options.clone());
            if let Ok(answer) = tokio::time::timeout(self.attempt, asked).await {
                return Ok(patiently(answer?, self.attempt));
            }
        }
        Err(silent(at.as_ref()))
    }
}

fn builder(settings: &AwsSettings, bucket: &str) -> AmazonS3Builder {
    let builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart);
    match &settings.endpoint {
        Some(endpoint) => builder.with_endpoint(endpoint),
        // The addresses of China are others than those that the builder makes.
        None if settings.region.starts_with("cn-") => {
            builder.with_endpoint(format!("https://s3.{}.amazonaws.com.cn", settings.region))
        }
        None => builder.with_virtual_hosted_style_request(true),
    }
}

/// The same answer, each chunk of which comes within `patience`.
pub(super) fn patiently(answer: GetResult, patience: Duration) -> GetResult {
    let payload = match answer.payload {
        GetResultPayload::Stream(chunks) => {
            let path = answer.meta.location.to_string();
            GetResultPayload::Stream(in_time(chunks, patience, path))
        }
        file @ GetResultPayload::File(..) => file,
    };
    GetResult { payload, ..answer }
}

fn in_time<T: Send + 'static>(
    chunks: impl Stream<Item = Result<T>> + Send + Unpin + 'static,
    patience: Duration,
    path: String,
) -> BoxStream<'static, Result<T>> {
    let state = Some(chunks);
    let chunks = futures::stream::unfold(state, move |state| {
        let path = path.clone();
        async move {
            let mut chunks = state?;
            match tokio::time::timeout(patience, chunks.next()).await {
                Ok(chunk) => Some((chunk?, Some(chunks))),
                Err(_) => Some((Err(silent(&path)), None)),
            }
        }
    });
    // Readers ask again after the end.
    chunks.fuse().boxed()
}

fn silent(path: &str) -> Error {
    let source = format!("{path}: S3 did not answer in time").into();
    Error::Generic { store: STORE, source }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_read_that_goes_silent_ends_with_an_error_and_a_slow_reader_does_not() {
        let patience = Duration::from_millis(50);
        let chunks = stream::iter([Ok(1), Ok(2)]).chain(stream::pending()).boxed();
        let mut read = in_time(chunks, patience, "a/b".into());
        assert_eq!(read.next().await.unwrap().unwrap(), 1);
        tokio::time::sleep(4 * patience).await;
        assert_eq!(read.next().await.unwrap().unwrap(), 2);
        let error = read.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("a/b: S3 did not answer in time"), "{error}");
        assert!(read.next().await.is_none());
        let whole = in_time(stream::iter([Ok(1), Ok(2)]), patience, "a/b".into());
        assert_eq!(whole.try_collect::<Vec<_>>().await.unwrap(), [1, 2]);
    }
}
