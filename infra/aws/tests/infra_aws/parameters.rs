//! Parameters in SSM: the contract, and what SSM alone does.

use std::sync::Arc;
use std::time::Duration;

use aws::Account;
use aws::testing::{Emulator, Fault, fresh_account};
use aws_sdk_ssm::types::ParameterType;
use domain::ErrorKind;
use infra::parameters::{ParameterPath, ParameterStore};
use infra::testing;
use infra_aws::SsmParameterStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parameters_in_ssm() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::parameter_store(async || Arc::new(SsmParameterStore::new(&emulator.account().await)))
        .await;
}

fn path(text: &str) -> ParameterPath {
    text.parse().unwrap()
}

#[tokio::test]
async fn lists_and_histories_are_read_beyond_their_first_page() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let store = SsmParameterStore::new(&emulator.account().await);
    for number in 0..23 {
        store.put(&path(&format!("/lake/dev/p{number:02}")), "x", None).await.unwrap();
    }
    let found = store.list(&path("/lake/dev")).await.unwrap();
    assert_eq!(found.len(), 23);
    assert_eq!(found[22].path, path("/lake/dev/p22"));
    for number in 0..60 {
        store.put(&path("/lake/often"), &number.to_string(), None).await.unwrap();
    }
    let history = store.history(&path("/lake/often")).await.unwrap();
    assert_eq!((history.len(), history[0].version, history[59].version), (60, 60, 1));
}

#[tokio::test]
async fn a_value_that_somebody_encrypted_is_not_put_over_in_clear() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let encrypted = aws_sdk_ssm::Client::new(account.sdk()).put_parameter().name("/lake/token");
    encrypted.value("hunter2").r#type(ParameterType::SecureString).send().await.unwrap();
    let store = SsmParameterStore::new(&account);
    let error = store.put(&path("/lake/token"), "clear", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a3_a_lost_answer_or_request_is_one_version() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, through) = emulator.through_a_faulty_link().await;
    let store = SsmParameterStore::new(&through.account().await);
    for (fault, base) in [(Fault::ResetAfter, 0), (Fault::Drop, 1), (Fault::ResetAfter, 2)] {
        link.plan("AmazonSSM.PutParameter", fault);
        let put = store.put(&path("/lake/a"), &format!("{base}"), Some(base)).await.unwrap();
        assert_eq!(put.version, base + 1, "{fault:?}");
    }
    assert_eq!(store.history(&path("/lake/a")).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a14_a_put_over_somebody_elses_is_a_conflict_that_names_both() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, through) = emulator.through_a_faulty_link().await;
    let number = fresh_account();
    let direct = SsmParameterStore::new(&Account::open(&emulator.settings(&number)).await);
    let slow = SsmParameterStore::new(&Account::open(&through.settings(&number)).await);
    direct.put(&path("/lake/a"), "first", Some(0)).await.unwrap();
    // Between the look and the put of the slow one, another is faster.
    link.plan("AmazonSSM.PutParameter", Fault::Delay(Duration::from_secs(5)));
    let at = path("/lake/a");
    let (late, fast) = tokio::join!(slow.put(&at, "late", Some(1)), async {
        link.until_seen("PutParameter").await;
        direct.put(&at, "fast", Some(1)).await
    });
    assert_eq!(fast.unwrap().version, 2);
    let error = late.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("version 2") && error.message().contains("version 3"));
}

#[tokio::test]
async fn d13_what_somebody_encrypted_is_never_shown() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let account = emulator.account().await;
    let encrypted = aws_sdk_ssm::Client::new(account.sdk()).put_parameter().name("/lake/dev/token");
    encrypted.value("hunter2").r#type(ParameterType::SecureString).send().await.unwrap();
    let store = SsmParameterStore::new(&account);
    store.put(&path("/lake/dev/size"), "7", None).await.unwrap();
    let listed = store.list(&path("/lake/dev")).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["7"]);
    let token = path("/lake/dev/token");
    let got = store.get(&token).await.unwrap_err();
    let history = store.history(&token).await.unwrap_err();
    for error in [got, history] {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.message().contains("/lake/dev/token is encrypted"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
