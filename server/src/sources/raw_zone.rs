//! Browsing the raw zone, folder by folder.

use app::api::samples::RawObject;
use domain::arrival::is_data_key;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;
use object_store::ObjectStore;
use object_store::path::Path as Key;

/// A page of a folder: folders and files by name, behind `after`, and the name to go on with.
pub async fn list(
    raw: &dyn ObjectStore,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<RawObject>, Option<String>)> {
    let folder = Key::parse(prefix.trim_matches('/'))
        .map_err(|_| Error::invalid(format!("{prefix:?} is no folder of the raw zone")))?;
    let listed = raw.list_with_delimiter(Some(&folder)).await.map_err(|error| {
        let message = "the raw zone cannot be listed: try again";
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    })?;
    let folders = listed.common_prefixes.iter().map(folder_of);
    let files = listed.objects.iter().filter(|meta| is_data_key(meta.location.as_ref()));
    let files = files.map(|meta| RawObject {
        name: name_of(&meta.location),
        key: meta.location.to_string(),
        is_folder: false,
        size: meta.size,
        modified_at: Timestamp::from_microsecond(meta.last_modified.timestamp_micros()).ok(),
    });
    let mut all: Vec<_> = folders.chain(files).filter(|found| is_shown(&found.name)).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all.retain(|found| after.is_none_or(|after| found.name.as_str() > after));
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| more).map(|last| last.name.clone());
    Ok((all, next))
}

fn is_shown(name: &str) -> bool {
    !name.starts_with(['.', '_'])
}

fn folder_of(prefix: &Key) -> RawObject {
    let (name, key) = (name_of(prefix), prefix.to_string());
    RawObject { name, key, is_folder: true, size: 0, modified_at: None }
}

fn name_of(path: &Key) -> String {
    path.filename().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_folder_is_listed_in_pages_without_what_is_no_data() {
        let raw = InMemory::new();
        for key in ["a/b/1.csv", "a/b/2.csv", "a/b/_SUCCESS", "a/b/3.csv.part", "a/b/c/4.csv"] {
            raw.put(&Key::from(key), "x".into()).await.unwrap();
        }
        let names = |page: &[RawObject]| page.iter().map(|o| o.name.clone()).collect::<Vec<_>>();
        let (page, next) = list(&raw, "a/b", None, 2).await.unwrap();
        assert_eq!(names(&page), ["1.csv", "2.csv"]);
        assert_eq!(next.as_deref(), Some("2.csv"));
        let (page, next) = list(&raw, "a/b/", next.as_deref(), 2).await.unwrap();
        assert_eq!((names(&page), next), (vec!["c".to_owned()], None));
        assert!(page[0].is_folder && page[0].key == "a/b/c");
        assert_eq!(names(&list(&raw, "", None, 10).await.unwrap().0), ["a"]);
    }

    #[tokio::test]
    async fn d16_a_prefix_never_leads_out_of_the_zone() {
        let raw = InMemory::new();
        for prefix in ["..", "a/../..", "a//b", "./a"] {
            let error = list(&raw, prefix, None, 10).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{prefix}");
        }
    }
}
