//! Zones in S3.
//!
//! [`AmazonS3`] of `object_store` speaks for most calls, under the sessions of an [`Account`]. What it
//! cannot do as a lake needs it is done here with the SDK: listings that one odd key does not break
//! (`listing`), objects whose keys are no paths (`odd`), copies beyond the 5 GB of one call (`copy`).
//! Objects are encrypted by the bucket's default key; nothing is said about it here.
//!
//! Architecture invariant: a conditional write is sent once. `object_store` would repeat it after a
//! 5xx, and our own success would come back as somebody else's.

mod copy;
mod credentials;
mod listing;
mod odd;
mod patience;

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use async_trait::async_trait;
use aws::Account;
use domain::Result;
use etl_engine::raw_key;
use etl_engine::table_files::store_error;
use futures::stream::BoxStream;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};

pub(crate) use listing::from_url;
use patience::Clients;

/// What S3 says of an object that it found no words for.
const STORE: &str = "S3";

/// The store of a zone: a bucket of the account, which should keep versions. Asks AWS nothing yet.
pub fn s3_zone(account: &Account, bucket: &str) -> Result<Arc<dyn ObjectStore>> {
    Ok(Arc::new(S3Zone::open(account, bucket)?))
}

/// A client of S3 that finds buckets behind a custom endpoint too.
pub(crate) fn s3_client(account: &Account) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(account.sdk());
    let custom = account.settings().endpoint.is_some();
    aws_sdk_s3::Client::from_conf(config.force_path_style(custom).build())
}

/// A bucket as the store of a zone.
#[derive(Debug)]
pub struct S3Zone {
    bucket: String,
    clients: Clients,
    sdk: aws_sdk_s3::Client,
    copies: copy::Limits,
}

impl S3Zone {
    /// As [`s3_zone`]. [`domain::ErrorKind::Invalid`] when the settings name no store.
    pub fn open(account: &Account, bucket: &str) -> Result<Self> {
        let clients = Clients::open(account, bucket);
        let clients = clients.map_err(|error| store_error(error).context(bucket))?;
        let copies = copy::Limits::default();
        Ok(Self { bucket: bucket.to_owned(), clients, sdk: s3_client(account), copies })
    }

    /// The same zone, which copies in parts from another size on. For tests of it.
    #[must_use]
    pub fn copying_in_parts(mut self, from_bytes: u64, part_bytes: u64) -> Self {
        self.copies = copy::Limits { from_bytes, part_bytes };
        self
    }

    /// The client for what may be repeated, or the one that sends once.
    fn writer(&self, conditional: bool) -> &AmazonS3 {
        if conditional { &self.clients.once } else { &self.clients.transfers }
    }
}

impl Display for S3Zone {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.bucket)
    }
}

#[async_trait]
impl ObjectStore for S3Zone {
    async fn put_opts(
        &self,
        at: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let conditional = !matches!(options.mode, PutMode::Overwrite);
        self.writer(conditional).put_opts(at, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.clients.transfers.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        if raw_key::is_odd(at.as_ref()) {
            self.get_odd(at, options).await
        } else if options.head {
            self.clients.calls.get_opts(at, options).await
        } else {
            self.clients.read(at, options).await
        }
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.clients.calls.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.list_behind(prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.list_behind(prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.list_folder(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        let conditional = matches!(options.mode, CopyMode::Create);
        if !conditional && let Some(source) = self.too_large_for_one_call(from).await? {
            return self.copy_in_parts(&source, to).await;
        }
        self.writer(conditional).copy_opts(from, to, options).await
    }
}

/// An error of a call that the SDK made, in the words of a store.
fn sdk_error<E>(
    path: &str,
    what: &str,
    error: aws_sdk_s3::error::SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
) -> object_store::Error
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    use domain::ErrorKind;
    use object_store::Error;
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let kind = aws::kind_of(&error);
    let source = Box::new(aws::failed(what, error));
    let path = path.to_owned();
    match (kind, status) {
        (_, Some(304)) => Error::NotModified { path, source },
        (ErrorKind::NotFound, _) => Error::NotFound { path, source },
        (ErrorKind::Conflict, _) => Error::Precondition { path, source },
        (ErrorKind::Denied, _) => Error::PermissionDenied { path, source },
        _ => Error::Generic { store: STORE, source },
    }
}
