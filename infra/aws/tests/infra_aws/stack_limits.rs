//! Stacks with more than fits a page or a request, lost answers, and change sets of others.

use aws::testing::{Emulator, Fault, IMPATIENT, fresh_account};
use aws::{Account, AwsSettings};
use aws_sdk_cloudformation::types::ChangeSetType;
use domain::ErrorKind;
use infra::stacks::{
    ChangeSetKind, ChangeSetRequest, ChangeSetStatus, StackOperation, StackService, execute_once,
};
use infra_aws::{AssetBucket, CloudFormationSettings, CloudFormationStackService};

use crate::stacks::{make_bucket, service, settled};

const QUEUE: &str = "Resources: {Queue: {Type: AWS::SQS::Queue}}";
const CREATION: [&str; 3] = ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"];
const UPDATE: [&str; 2] = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"];

fn request(template: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        stack: "DevLake".to_owned(),
        template: template.to_owned(),
        parameters: Default::default(),
        tags: Default::default(),
        token: "one".to_owned(),
    }
}

/// A queue that is another one for each delay, in seconds.
fn slow_queue(delay: u32) -> String {
    let queue = "{Type: AWS::SQS::Queue, Properties: {DelaySeconds: ";
    format!("Resources: {{Queue: {queue}{delay}}}}}}}")
}

/// What the stack itself went through.
async fn statuses(stacks: &CloudFormationStackService) -> Vec<String> {
    let events = stacks.events("DevLake", None).await.unwrap();
    let own = events.into_iter().filter(|event| event.logical_id == "DevLake");
    own.map(|event| event.status).collect()
}

/// So many parameters, and an export of each.
fn many(count: u32) -> String {
    let resource = |number| {
        format!(
            "  P{number:03}: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Name: \
             /many/{number}, Value: x}}}}\n"
        )
    };
    let output = |number| {
        format!("  P{number:03}: {{Value: v{number}, Export: {{Name: Many{number:03}}}}}\n")
    };
    let resources: String = (0..count).map(resource).collect();
    let outputs: String = (0..count).map(output).collect();
    format!("Resources:\n{resources}Outputs:\n{outputs}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_is_read_beyond_its_first_page() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let stacks = service(&Account::open(&emulator.settings(&number)).await, &number);
    let set = stacks.prepare(&request(&many(101))).await.unwrap();
    assert_eq!(set.changes.len(), 101);
    stacks.execute(&set.arn, "t").await.unwrap();
    settled(&stacks, "DevLake").await;
    assert_eq!(stacks.resources("DevLake").await.unwrap().len(), 101);
    assert_eq!(stacks.exports().await.unwrap().len(), 101);
    let events = stacks.events("DevLake", None).await.unwrap();
    assert_eq!(events.len(), 2 * 101 + 3);
    assert_eq!(events[0].status, "REVIEW_IN_PROGRESS");
    let rest = stacks.events("DevLake", Some(&events[40].id)).await.unwrap();
    assert_eq!(rest, events[41..]);
}

#[tokio::test]
async fn a_template_that_is_too_large_to_be_sent_goes_by_the_asset_bucket() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let account = Account::open(&emulator.settings(&number)).await;
    let large = format!("{QUEUE}\n#{}", "x".repeat(51_200));
    let error = service(&account, &number).prepare(&request(&large)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.message().contains("asset bucket"), "{error}");
    let bucket = format!("assets-{number}");
    make_bucket(&account, &bucket).await;
    let settings = CloudFormationSettings {
        templates: Some(AssetBucket::new(&account, &bucket)),
        ..CloudFormationSettings::of(&number)
    };
    let stacks = CloudFormationStackService::new(&account, settings);
    let set = stacks.prepare(&request(&large)).await.unwrap();
    assert_eq!(set.template, infra::release::digest(large.as_bytes()));
    stacks.execute(&set.arn, "t").await.unwrap();
    settled(&stacks, "DevLake").await;
    assert_eq!(stacks.template("DevLake").await.unwrap(), Some(large));
}

#[tokio::test]
async fn c5_lost_answers_to_preparing_and_deleting_do_it_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let (link, through) = emulator.through_a_faulty_link().await;
    let stacks = service(&Account::open(&through.settings(&number)).await, &number);
    link.plan("Action=CreateChangeSet", Fault::ResetAfter);
    let set = stacks.prepare(&request(QUEUE)).await.unwrap();
    assert_eq!(set.status, ChangeSetStatus::Prepared);
    stacks.execute(&set.arn, "t").await.unwrap();
    settled(&stacks, "DevLake").await;
    link.plan("Action=DeleteStack", Fault::ResetAfter);
    let delete = StackOperation::Delete { retain: Vec::new() };
    stacks.operate("DevLake", &delete, "delete").await.unwrap();
    while stacks.describe("DevLake").await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    let events = stacks.events(&set.stack_arn, None).await.unwrap();
    let begun = events.iter().filter(|event| event.logical_id == "DevLake");
    let begun = begun.filter(|event| event.status == "REVIEW_IN_PROGRESS").count();
    assert_eq!(begun, 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c5_an_execution_that_nobody_answers_is_one() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let (link, through) = emulator.through_a_faulty_link().await;
    let settings = AwsSettings { attempt: IMPATIENT, ..through.settings(&number) };
    let stacks = service(&Account::open(&settings).await, &number);
    let direct = service(&Account::open(&emulator.settings(&number)).await, &number);
    let set = direct.prepare(&request(&slow_queue(0))).await.unwrap();
    link.plan("Action=ExecuteChangeSet", Fault::SilentAfter);
    let error = stacks.execute(&set.arn, "t0").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "nobody knows yet: {error}");
    execute_once(&stacks, &set.arn, "t0").await.unwrap();
    assert!(settled(&direct, "DevLake").await.status.is_complete());

    let request = ChangeSetRequest { token: "two".to_owned(), ..request(&slow_queue(1)) };
    let set = direct.prepare(&request).await.unwrap();
    link.plan("Action=ExecuteChangeSet", Fault::SilentAfter);
    execute_once(&stacks, &set.arn, "t1").await.unwrap();
    assert!(settled(&direct, "DevLake").await.status.is_complete());
    assert_eq!(statuses(&direct).await, [&CREATION[..], &UPDATE].concat());
    let calls = link.seen().into_iter().filter(|(call, _)| call == "ExecuteChangeSet");
    assert_eq!(calls.count(), 2, "each change set is executed by one call");
}

/// Calls until an error is not one that passes.
async fn insist<T>(call: impl AsyncFn() -> domain::Result<T>) -> T {
    for _ in 0..30 {
        match call().await {
            Err(error) if error.kind().is_transient() => {}
            done => return done.unwrap(),
        }
    }
    panic!("it does not pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c5_under_faults_by_chance_every_change_set_is_executed_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let mut broken_calls = 0;
    for seed in [3, 5, 8, 13] {
        let number = fresh_account();
        let (link, through) = emulator.through_a_faulty_link().await;
        let broken = service(&Account::open(&through.settings(&number)).await, &number);
        let direct = service(&Account::open(&emulator.settings(&number)).await, &number);
        link.by_chance(seed, 350, &Fault::ALL);
        for delay in 0..3 {
            let token = format!("t{delay}");
            let request = ChangeSetRequest { token: token.clone(), ..request(&slow_queue(delay)) };
            let set = insist(async || broken.prepare(&request).await).await;
            assert_eq!(set.status, ChangeSetStatus::Prepared, "{set:?}");
            insist(async || execute_once(&broken, &set.arn, &token).await).await;
            assert!(settled(&direct, "DevLake").await.status.is_complete());
        }
        let once_each = [&CREATION[..], &UPDATE, &UPDATE].concat();
        assert_eq!(statuses(&direct).await, once_each, "seed {seed}");
        broken_calls += link.seen().iter().filter(|(_, fault)| fault.is_some()).count();
    }
    assert!(broken_calls > 40, "{broken_calls} calls were broken");
}

#[tokio::test]
async fn a_change_set_that_somebody_made_by_hand_can_be_read() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let number = fresh_account();
    let account = Account::open(&emulator.settings(&number)).await;
    let by_hand = aws_sdk_cloudformation::Client::new(account.sdk()).create_change_set();
    let by_hand = by_hand.stack_name("DevLake").change_set_name("by-hand");
    let by_hand = by_hand.change_set_type(ChangeSetType::Create).template_body(QUEUE);
    let arn = by_hand.send().await.unwrap().id.unwrap();
    let found = service(&account, &number).change_set(&arn).await.unwrap();
    assert_eq!((found.kind, found.status), (ChangeSetKind::Create, ChangeSetStatus::Prepared));
    assert_eq!(found.template, infra::release::digest(QUEUE.as_bytes()));
}
