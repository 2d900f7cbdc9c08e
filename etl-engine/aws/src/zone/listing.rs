//! Listings of a zone. One key that is no path would end the listing of `object_store` with an error;
//! here it is left out. What lies there is read by the arrival that names it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::SystemTime;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use etl_engine::raw_key;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ListResult, ObjectMeta, Result};
use percent_encoding::percent_decode_str;

use super::{S3Zone, sdk_error};

/// What a listing asks for.
#[derive(Debug, Clone, Default)]
struct Asked {
    prefix: Option<String>,
    behind: Option<String>,
    folder: bool,
}

impl S3Zone {
    /// Everything below a prefix, page by page.
    pub(super) fn list_behind(
        &self,
        prefix: Option<&Path>,
        behind: Option<&Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let behind = behind.map(|path| raw_key::key_of(path).into_owned());
        let asked = Asked { prefix: folder_key(prefix), behind, folder: false };
        let pages = pages(self.sdk.clone(), self.bucket.clone(), asked);
        pages.map_ok(|page| futures::stream::iter(objects(&page).map(Ok))).try_flatten().boxed()
    }

    /// What lies in a folder itself, and the folders in it.
    pub(super) async fn list_folder(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let asked = Asked { prefix: folder_key(prefix), behind: None, folder: true };
        let mut pages = pages(self.sdk.clone(), self.bucket.clone(), asked);
        let (mut common_prefixes, mut found) = (Vec::new(), Vec::new());
        while let Some(page) = pages.try_next().await? {
            let folders = page.common_prefixes().iter().filter_map(|folder| folder.prefix());
            let folders = folders.map(|folder| decoded(&page, folder));
            // With its one slash at the end, and no other that a path would lose.
            common_prefixes.extend(folders.filter_map(|folder| {
                Path::parse(&folder).ok().filter(|path| format!("{path}/") == folder)
            }));
            found.extend(objects(&page));
        }
        Ok(ListResult { common_prefixes, objects: found })
    }
}

/// The pages of a listing, to its end.
fn pages(
    sdk: aws_sdk_s3::Client,
    bucket: String,
    asked: Asked,
) -> BoxStream<'static, Result<ListObjectsV2Output>> {
    let first = VecDeque::from([None::<String>]);
    let pages = futures::stream::try_unfold(first, move |mut next| {
        let (sdk, bucket, asked) = (sdk.clone(), bucket.clone(), asked.clone());
        async move {
            let Some(token) = next.pop_front() else { return Ok(None) };
            let request = sdk
                .list_objects_v2()
                .bucket(&bucket)
                .encoding_type(EncodingType::Url)
                .set_prefix(asked.prefix)
                .set_start_after(asked.behind)
                .set_delimiter(asked.folder.then(|| "/".to_owned()))
                .set_continuation_token(token);
            let page = request
                .send()
                .await
                .map_err(|error| sdk_error(&bucket, &format!("list the bucket {bucket}"), error))?;
            next.extend(page.next_continuation_token().map(|token| Some(token.to_owned())));
            Ok(Some((page, next)))
        }
    });
    pages.boxed()
}

/// The objects of a page that a path can name.
fn objects(page: &ListObjectsV2Output) -> impl Iterator<Item = ObjectMeta> + use<> {
    let metas: Vec<_> = page.contents().iter().filter_map(|found| meta(page, found)).collect();
    metas.into_iter()
}

fn meta(page: &ListObjectsV2Output, found: &Object) -> Option<ObjectMeta> {
    let key = decoded(page, found.key()?);
    let location = raw_key::path_of(&key);
    if location.as_ref() != key {
        tracing::debug!(?key, "left out of a listing: the key is no path");
        return None;
    }
    let modified = found.last_modified().and_then(|at| SystemTime::try_from(*at).ok());
    Some(ObjectMeta {
        location,
        last_modified: modified.unwrap_or(SystemTime::UNIX_EPOCH).into(),
        size: found.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        e_tag: found.e_tag().map(str::to_owned),
        version: None,
    })
}

/// A key of a page, which says itself whether it is encoded.
fn decoded<'a>(page: &ListObjectsV2Output, key: &'a str) -> Cow<'a, str> {
    match page.encoding_type() {
        Some(EncodingType::Url) => Cow::Owned(from_url(key)),
        _ => Cow::Borrowed(key),
    }
}

/// A key as S3 writes it into answers and events: percent-encoded, with `+` for a space.
pub(crate) fn from_url(key: &str) -> String {
    let spaced = key.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The key prefix of a folder.
fn folder_key(prefix: Option<&Path>) -> Option<String> {
    prefix.filter(|path| !path.as_ref().is_empty()).map(|path| format!("{path}/"))
}
