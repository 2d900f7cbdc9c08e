//! Releases kept, read back, repaired.

use database::sqlite_url;
use domain::ErrorKind;
use infra::lake_repository::LakeFiles;
use infra::release::build;
use jiff::Timestamp;

use super::*;

const LAKE: &str = "[lake]\nlogical_id_prefix = 'Lake'\nresource_name_prefix = 'lake'\n\
    [[environments]]\nname = 'dev'\nbranch = 'main'\naccount = '111111111111'\nregion = 'eu-central-1'\n";

async fn store(folder: &Path) -> ReleaseStore {
    let url = sqlite_url(&folder.join("sluice.db")).unwrap();
    let database = Database::open(&url).await.unwrap();
    ReleaseStore::open(database, &folder.join("releases")).await.unwrap()
}

fn built(digit: &str, stack: &str) -> Built {
    let files: LakeFiles =
        [("sluice.toml", LAKE), ("stacks/api.yaml", stack)].into_iter().collect();
    let at = Timestamp::from_microsecond(1_700_000_000_000_001).unwrap();
    build(&files, &[("storage.yaml", "Resources: {}")], digit.repeat(40).parse().unwrap(), at)
        .unwrap()
}

#[tokio::test]
async fn a_release_is_read_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let built = built("a", "x\r\n\0");
    store.put(&built).await.unwrap();
    assert_eq!(store.get(&built.release.id).await.unwrap(), built.release);
    assert_eq!(store.recent(10).await.unwrap(), vec![built.release.clone()]);
    let files = store.files(&built.release).await.unwrap();
    assert_eq!(files["stacks/api.yaml"], b"x\r\n\0");
    assert_eq!(files[".sluice/templates/storage.yaml"], b"Resources: {}");
}

#[tokio::test]
async fn contents_that_are_there_are_skipped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let (one, other) = (built("a", "1"), built("b", "2"));
    let first = store.put(&one).await.unwrap();
    assert_eq!((first.assets, first.new_assets), (3, 3));
    assert_eq!(store.put(&other).await.unwrap(), Stored { assets: 3, new_assets: 1, new_bytes: 1 });
    assert_eq!(store.put(&one).await.unwrap(), Stored { assets: 3, new_assets: 0, new_bytes: 0 });
}

#[tokio::test]
async fn d1_the_same_content_again_keeps_its_first_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let (one, again) = (built("a", "1"), built("b", "1"));
    assert_eq!(one.release.id, again.release.id);
    store.put(&one).await.unwrap();
    store.put(&again).await.unwrap();
    assert_eq!(store.get(&one.release.id).await.unwrap().commit, one.release.commit);
}

#[tokio::test]
async fn what_was_damaged_is_noticed_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let built = built("a", "1");
    store.put(&built).await.unwrap();
    let file = &built.release.files[1];
    let digits = file.digest.as_str();
    std::fs::write(folder.path().join("releases").join(&digits[..2]).join(digits), "torn").unwrap();
    assert_eq!(store.read(file).await.unwrap_err().kind(), ErrorKind::Internal);
    assert_eq!(store.put(&built).await.unwrap().new_assets, 1);
    assert_eq!(store.read(file).await.unwrap(), LAKE.as_bytes());
}

#[tokio::test]
async fn c6_a_build_that_was_killed_is_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let built = built("a", "1");
    // Killed after some contents, in the middle of one, and before the manifest.
    let (digest, bytes) = built.assets.first_key_value().unwrap();
    store.assets.put(digest, bytes.clone()).await.unwrap();
    let staged = folder.path().join("releases/staging/half");
    std::fs::write(&staged, "ha").unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    std::fs::File::options().write(true).open(&staged).unwrap().set_modified(old).unwrap();
    assert_eq!(store.get(&built.release.id).await.unwrap_err().kind(), ErrorKind::NotFound);

    let store = ReleaseStore::open(store.database, &folder.path().join("releases")).await.unwrap();
    assert!(!staged.exists());
    assert_eq!(store.put(&built).await.unwrap().new_assets, 2);
    assert_eq!(store.files(&built.release).await.unwrap().len(), 3);
}

#[tokio::test]
async fn racing_builds_of_one_content_are_one_release() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        racers.spawn(async move { store.put(&built("a", "1")).await.unwrap() });
    }
    racers.join_all().await;
    assert_eq!(store.recent(10).await.unwrap().len(), 1);
    store.files(&built("a", "1").release).await.unwrap();
}
