//! Objects whose keys are no paths ([`raw_key`]): people and tools put `a//b.csv` into buckets.

use std::ops::Range;
use std::time::SystemTime;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use etl_engine::raw_key;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{
    Attributes, Error, GetOptions, GetRange, GetResult, GetResultPayload, ObjectMeta, Result,
};

use super::patience::patiently;
use super::{S3Zone, STORE, sdk_error};

impl S3Zone {
    /// As [`object_store::ObjectStore::get_opts`], for the object that a path stands for.
    pub(super) async fn get_odd(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        let key = raw_key::key_of(at);
        let what = format!("read {key:?} of the bucket {}", self.bucket);
        if options.head {
            let request = self.sdk.head_object().bucket(&self.bucket).key(key.as_ref());
            let request = request.set_version_id(options.version).set_if_match(options.if_match);
            let head = request.send().await.map_err(|error| sdk_error(&key, &what, error))?;
            let meta = meta(at, head.last_modified(), head.content_length(), head.e_tag());
            let meta = ObjectMeta { version: head.version_id().map(str::to_owned), ..meta };
            let nothing = futures::stream::empty().boxed();
            return Ok(result(meta.clone(), 0..meta.size, GetResultPayload::Stream(nothing)));
        }
        let request = self.sdk.get_object().bucket(&self.bucket).key(key.as_ref());
        let request = request.set_version_id(options.version).set_if_match(options.if_match);
        let request = request.set_range(options.range.as_ref().map(header));
        let answer = request.send().await.map_err(|error| sdk_error(&key, &what, error))?;
        Ok(patiently(opened(at, answer), self.clients.attempt()))
    }
}

fn opened(at: &Path, answer: GetObjectOutput) -> GetResult {
    let meta = meta(at, answer.last_modified(), answer.content_length(), answer.e_tag());
    let version = answer.version_id().map(str::to_owned);
    let length = meta.size;
    // `bytes 0-9/443`: what came, and of how much.
    let part = answer.content_range().and_then(|range| range.strip_prefix("bytes "));
    let part = part.and_then(|range| {
        let (part, whole) = range.split_once('/')?;
        let begin: u64 = part.split_once('-')?.0.parse().ok()?;
        Some((begin, whole.parse().ok()?))
    });
    let (begin, size) = part.unwrap_or((0, length));
    let chunks = futures::stream::unfold(answer.body, async |mut body| {
        let chunk: Result<Bytes> = body
            .next()
            .await?
            .map_err(|error| Error::Generic { store: STORE, source: Box::new(error) });
        Some((chunk, body))
    });
    let payload = GetResultPayload::Stream(chunks.boxed());
    result(ObjectMeta { size, version, ..meta }, begin..begin + length, payload)
}

fn result(meta: ObjectMeta, range: Range<u64>, payload: GetResultPayload) -> GetResult {
    GetResult { payload, meta, range, attributes: Attributes::default() }
}

fn meta(
    at: &Path,
    modified: Option<&aws_sdk_s3::primitives::DateTime>,
    length: Option<i64>,
    e_tag: Option<&str>,
) -> ObjectMeta {
    let modified = modified.and_then(|at| SystemTime::try_from(*at).ok());
    ObjectMeta {
        location: at.clone(),
        last_modified: modified.unwrap_or(SystemTime::UNIX_EPOCH).into(),
        size: length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
        e_tag: e_tag.map(str::to_owned),
        version: None,
    }
}

fn header(range: &GetRange) -> String {
    match range {
        GetRange::Bounded(range) => format!("bytes={}-{}", range.start, range.end.max(1) - 1),
        GetRange::Offset(begin) => format!("bytes={begin}-"),
        GetRange::Suffix(length) => format!("bytes=-{length}"),
    }
}
