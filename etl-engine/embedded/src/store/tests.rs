//! The local store as a whole.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutPayload};

use super::staging::tests::synced_below;
use super::{Zones, local_store};

struct Fixture {
    folder: tempfile::TempDir,
    store: Arc<dyn ObjectStore>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = local_store(&folder.path().join("zone")).unwrap();
        Self { folder, store }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("zone")
    }

    fn synced(&self) -> Vec<PathBuf> {
        let mut synced = synced_below(&self.root());
        synced.retain(|folder| folder != Path::new(".staging"));
        synced
    }

    async fn put(&self, key: &str, content: &'static str) {
        self.store.put(&Key::from(key), content.into()).await.unwrap();
    }

    async fn read(&self, key: &str) -> String {
        let got = self.store.get(&Key::from(key)).await.unwrap();
        String::from_utf8(got.bytes().await.unwrap().to_vec()).unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let listed: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut keys: Vec<_> = listed.into_iter().map(|meta| meta.location.to_string()).collect();
        keys.sort();
        keys
    }
}

fn paths<const N: usize>(paths: [&str; N]) -> Vec<PathBuf> {
    paths.map(PathBuf::from).to_vec()
}

#[tokio::test]
async fn a20_every_write_syncs_its_folder_and_new_parents() {
    let test = Fixture::new();
    test.put("a/warm-up", "").await;
    test.synced();
    test.put("a/b/one", "1").await;
    assert_eq!(test.synced(), paths(["a", "a/b"]), "put");
    let mut upload = test.store.put_multipart(&Key::from("a/c/two")).await.unwrap();
    upload.put_part("2".into()).await.unwrap();
    assert_eq!(test.synced(), paths([]), "nothing is in place yet");
    upload.complete().await.unwrap();
    assert_eq!(test.synced(), paths(["a", "a/c"]), "multipart");
    test.store.copy(&Key::from("a/b/one"), &Key::from("a/d/three")).await.unwrap();
    assert_eq!(test.synced(), paths(["a", "a/d"]), "copy");
    test.store.rename(&Key::from("a/b/one"), &Key::from("a/e/four")).await.unwrap();
    assert_eq!(test.synced(), paths(["a", "a/e", "a/b"]), "rename");
    test.store.delete(&Key::from("a/e/four")).await.unwrap();
    assert_eq!(test.synced(), paths(["a/e"]), "delete");
    assert_eq!(test.keys().await, ["a/c/two", "a/d/three", "a/warm-up"]);
}

#[tokio::test]
async fn what_is_written_reads_back_with_the_same_e_tag() {
    let test = Fixture::new();
    let key = Key::from("tlc/yellow/a.csv");
    let put = test.store.put(&key, "1,2".into()).await.unwrap();
    let head = test.store.head(&key).await.unwrap();
    assert_eq!((put.e_tag, head.size), (head.e_tag, 3));

    let mut upload = test.store.put_multipart(&key).await.unwrap();
    let parts = ["one ", "two ", "three"].map(|part| upload.put_part(PutPayload::from(part)));
    for part in parts.into_iter().rev() {
        part.await.unwrap();
    }
    assert_eq!(test.read(key.as_ref()).await, "1,2", "nobody sees half an upload");
    let put = upload.complete().await.unwrap();
    assert_eq!(test.store.head(&key).await.unwrap().e_tag, put.e_tag);
    assert_eq!(test.read(key.as_ref()).await, "one two three");
    assert!(upload.complete().await.is_err());
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let test = Fixture::new();
    let mut upload = test.store.put_multipart(&Key::from("a/b")).await.unwrap();
    upload.put_part("1".into()).await.unwrap();
    upload.abort().await.unwrap();
    assert!(upload.put_part("2".into()).await.is_err());
    assert_eq!(test.keys().await, Vec::<String>::new());
    assert_eq!(std::fs::read_dir(test.root().join(".staging")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_conditional_put_keeps_what_is_there() {
    let test = Fixture::new();
    let key = Key::from("a/b");
    let create = || test.store.put_opts(&key, "new".into(), PutMode::Create.into());
    create().await.unwrap();
    test.put("a/b", "old").await;
    assert!(matches!(create().await, Err(Error::AlreadyExists { .. })));
    assert_eq!(test.read("a/b").await, "old");
    test.put("a/c", "c").await;
    let refused = test.store.copy_if_not_exists(&Key::from("a/c"), &key).await;
    assert!(matches!(refused, Err(Error::AlreadyExists { .. })));
    let refused = test.store.rename_if_not_exists(&Key::from("a/c"), &key).await;
    assert!(matches!(refused, Err(Error::AlreadyExists { .. })));
    test.store.rename_if_not_exists(&Key::from("a/c"), &Key::from("a/d")).await.unwrap();
    assert_eq!(test.keys().await, ["a/b", "a/d"]);
    assert!(matches!(test.store.delete(&Key::from("a/x")).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn d16_no_symbolic_link_leads_out_of_the_zone() {
    let test = Fixture::new();
    let outside = test.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "secret").unwrap();
    test.put("a/b", "b").await;
    symlink(&outside, test.root().join("out")).unwrap();
    symlink(outside.join("secret"), test.root().join("a/secret")).unwrap();
    symlink(outside.join("new"), test.root().join("a/dangling")).unwrap();

    for key in ["out/secret", "a/secret", "a/dangling", "out/new", "out/deep/new"].map(Key::from) {
        let refused = [
            test.store.get(&key).await.map(drop),
            test.store.put(&key, "x".into()).await.map(drop),
            test.store.put_multipart(&key).await.map(drop),
            test.store.delete(&key).await,
            test.store.copy(&Key::from("a/b"), &key).await,
            test.store.rename(&Key::from("a/b"), &key).await,
            test.store.copy(&key, &Key::from("a/stolen")).await,
            test.store.get_range(&key, 0..1).await.map(drop),
        ];
        for outcome in refused {
            assert!(matches!(outcome, Err(Error::PermissionDenied { .. })), "{key}: {outcome:?}");
        }
    }
    assert_eq!(test.keys().await, ["a/b"]);
    let listed = test.store.list_with_delimiter(None).await.unwrap();
    assert_eq!(listed.common_prefixes, [Key::from(".staging"), Key::from("a")]);
    let prefix = Key::from("out");
    assert!(test.store.list(Some(&prefix)).try_collect::<Vec<_>>().await.is_err());
    assert!(test.store.list_with_delimiter(Some(&prefix)).await.is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn d16_no_key_forms_a_path_outside_the_zone() {
    let test = Fixture::new();
    std::fs::write(test.folder.path().join("secret"), "secret").unwrap();
    for key in ["../secret", "a/../../secret", "/../secret", "..", "%2e%2e/secret"] {
        assert!(Key::parse(key).is_err() || key.starts_with('%'), "{key}");
        let outcome = test.store.get(&Key::from(key)).await;
        assert!(matches!(outcome, Err(Error::NotFound { .. })), "{key}: {outcome:?}");
    }
}

#[test]
fn b15_a_folder_that_cannot_be_made_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = local_store(&folder.path().join("file/zone")).unwrap_err();
    assert_eq!(error.kind(), domain::ErrorKind::Unavailable);
    assert!(error.message().contains("file/zone"), "{error}");
}

#[test]
fn zones_of_environments_are_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("not yet there");
    let dev = Zones::open(&data, &"dev".parse().unwrap()).unwrap();
    Zones::open(&data, &"prod".parse().unwrap()).unwrap();
    assert_eq!(dev.raw_folder, data.join("dev/raw"));
    for zone in ["dev/raw", "dev/conformed", "dev/purpose-built", "prod/raw"] {
        assert!(data.join(zone).is_dir(), "{zone}");
    }
}
