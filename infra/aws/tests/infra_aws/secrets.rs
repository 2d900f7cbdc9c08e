//! Secrets in Secrets Manager: the contract, and what Secrets Manager alone does.

use std::sync::Arc;

use aws::testing::{Emulator, Fault};
use domain::ErrorKind;
use infra::secrets::{SecretName, SecretStore, SecretValue, Stage};
use infra::testing;
use infra_aws::{Deletion, SecretsManagerSecretStore, SecretsManagerSettings};

fn settings(deletion: Deletion) -> SecretsManagerSettings {
    SecretsManagerSettings { key: None, deletion }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_in_secrets_manager() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let make = async || {
        let account = emulator.account().await;
        Arc::new(SecretsManagerSecretStore::new(&account, settings(Deletion::AtOnce)))
    };
    testing::secret_store(make).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_that_can_be_had_back() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let make = async || {
        let account = emulator.account().await;
        Arc::new(SecretsManagerSecretStore::new(&account, settings(Deletion::RecoverableFor(7))))
    };
    testing::secret_store(make).await;
}

#[tokio::test]
async fn the_name_of_a_secret_that_can_be_had_back_stays_taken() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let store = SecretsManagerSecretStore::new(&account, settings(Deletion::RecoverableFor(7)));
    let name: SecretName = "/DataLake/GitHubToken".parse().unwrap();
    store.put(&name, SecretValue::new("hunter2").unwrap()).await.unwrap();
    store.delete(&name).await.unwrap();
    let error = store.read(&name, Stage::Current).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = store.put(&name, SecretValue::new("hunter3").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("restore-secret"), "{error}");
}

#[tokio::test]
async fn lists_are_read_beyond_their_first_page() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let store =
        SecretsManagerSecretStore::new(&emulator.account().await, settings(Deletion::AtOnce));
    for number in 0..103 {
        let name = format!("s{number:03}").parse().unwrap();
        store.put(&name, SecretValue::new("x").unwrap()).await.unwrap();
    }
    assert_eq!(store.list().await.unwrap().len(), 103);
}

#[tokio::test]
async fn d13_bytes_are_refused_without_being_shown() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let bytes = aws_sdk_secretsmanager::primitives::Blob::new(b"hunter2".to_vec());
    let client = aws_sdk_secretsmanager::Client::new(account.sdk());
    client.create_secret().name("bytes").secret_binary(bytes).send().await.unwrap();
    let store = SecretsManagerSecretStore::new(&account, settings(Deletion::AtOnce));
    let error = store.read(&"bytes".parse().unwrap(), Stage::Current).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a3_a_lost_answer_is_one_rotation() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, through) = emulator.through_a_faulty_link().await;
    let store =
        SecretsManagerSecretStore::new(&through.account().await, settings(Deletion::AtOnce));
    let name: SecretName = "hook".parse().unwrap();
    store.put(&name, SecretValue::new("one").unwrap()).await.unwrap();
    for (number, call) in [(2, "PutSecretValue"), (3, "UpdateSecretVersionStage")] {
        link.plan(&format!("secretsmanager.{call}"), Fault::ResetAfter);
        let put = store.put(&name, SecretValue::new(format!("{number}")).unwrap()).await.unwrap();
        assert_eq!(put.version, number, "{call}");
    }
    assert_eq!(store.read(&name, Stage::Previous).await.unwrap().expose(), "2");
}
