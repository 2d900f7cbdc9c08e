//! Copies of large objects. One call of S3 copies at most 5 GB, and takes long for less.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{S3Zone, sdk_error};

const MIB: u64 = 1024 * 1024;
/// What an upload may have at most.
const MOST_PARTS: u64 = 10_000;
/// Parts that are copied at a time.
const AT_ONCE: usize = 8;
/// What stays as it is in the name of a source.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// From which size on an object is copied in parts, and in which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) from_bytes: u64,
    pub(super) part_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { from_bytes: 1024 * MIB, part_bytes: 256 * MIB }
    }
}

impl S3Zone {
    /// An object that one call does not copy, or not in time.
    pub(super) async fn too_large_for_one_call(&self, from: &Path) -> Result<Option<ObjectMeta>> {
        let source = self.head(from).await?;
        Ok((source.size >= self.copies.from_bytes).then_some(source))
    }

    /// Copies in parts; the copy appears as a whole when all are there.
    pub(super) async fn copy_in_parts(&self, from: &ObjectMeta, to: &Path) -> Result<()> {
        let what = format!("copy {} to {to} in the bucket {}", from.location, self.bucket);
        let begun = self.sdk.create_multipart_upload().bucket(&self.bucket).key(to.as_ref());
        let begun = begun.send().await.map_err(|error| sdk_error(to.as_ref(), &what, error))?;
        let upload = begun.upload_id().unwrap_or_default().to_owned();
        let copied = self.copy_parts(from, to, &upload).await;
        if copied.is_err() {
            // What is left is ended by the bucket's lifecycle after some days.
            let abort = self.sdk.abort_multipart_upload().bucket(&self.bucket).key(to.as_ref());
            if let Err(error) = abort.upload_id(&upload).send().await {
                tracing::debug!(error = %aws::failed("abort the copy", error), "parts are left");
            }
        }
        copied
    }

    async fn copy_parts(&self, from: &ObjectMeta, to: &Path, upload: &str) -> Result<()> {
        let size = from.size;
        let part_bytes = self.copies.part_bytes.max(size.div_ceil(MOST_PARTS)).max(1);
        let parts = (1..).zip((0..size).step_by(usize::try_from(part_bytes).unwrap_or(usize::MAX)));
        let copies = futures::stream::iter(parts).map(|(number, begin)| {
            let end = (begin + part_bytes).min(size) - 1;
            self.copy_part(from, to, upload, number, format!("bytes={begin}-{end}"))
        });
        let parts: Vec<_> = copies.buffered(AT_ONCE).try_collect().await?;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.sdk.complete_multipart_upload().bucket(&self.bucket).key(to.as_ref());
        let complete = complete.upload_id(upload).multipart_upload(parts).send().await;
        let what = format!("end the copy of {} to {to}", from.location);
        complete.map(drop).map_err(|error| sdk_error(to.as_ref(), &what, error))
    }

    async fn copy_part(
        &self,
        from: &ObjectMeta,
        to: &Path,
        upload: &str,
        number: i32,
        range: String,
    ) -> Result<CompletedPart> {
        let path = from.location.as_ref();
        let source = utf8_percent_encode(path, KEPT);
        let request = self.sdk.upload_part_copy().bucket(&self.bucket).key(to.as_ref());
        let request = request
            .upload_id(upload)
            .part_number(number)
            .copy_source(format!("{}/{source}", self.bucket))
            .copy_source_range(range)
            .set_copy_source_if_match(from.e_tag.clone());
        let what = format!("copy part {number} of {path} to {to}");
        let copied = request.send().await.map_err(|error| sdk_error(path, &what, error))?;
        let e_tag = copied.copy_part_result().and_then(|part| part.e_tag()).map(str::to_owned);
        Ok(CompletedPart::builder().part_number(number).set_e_tag(e_tag).build())
    }
}
