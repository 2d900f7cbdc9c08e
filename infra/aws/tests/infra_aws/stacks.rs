//! Stacks in CloudFormation: the contract, and what CloudFormation alone does.

use std::sync::Arc;
use std::time::Duration;

use aws::Account;
use aws::testing::{Emulator, Fault, FaultyLink, fresh_account};
use infra::stacks::{Stack, StackService};
use infra::testing::{self, Ability, BoxFuture, Disturbance, StacksUnderTest};
use infra_aws::{CloudFormationSettings, CloudFormationStackService};

/// How CloudFormation asks to slow down.
const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>\
     <Message>Rate exceeded</Message></Error></ErrorResponse>";
const EXECUTES: &str = "Action=ExecuteChangeSet";

/// What the emulator does not do, and CloudFormation does, but for tokens of protection.
const LACKS: &[Ability] = &[
    Ability::FailOnDemand,
    Ability::ChangeOutputsAlone,
    Ability::GuardExports,
    Ability::TellOfCleanUp,
    Ability::RememberTokens,
];

pub(crate) fn service(account: &Account, number: &str) -> CloudFormationStackService {
    let settings = CloudFormationSettings {
        look_every: Duration::from_millis(50),
        ..CloudFormationSettings::of(number)
    };
    CloudFormationStackService::new(account, settings)
}

/// The link of a case. A case may ask for a lost call and then hold that no call is made at all.
struct Disturbed(FaultyLink);

impl Drop for Disturbed {
    fn drop(&mut self) {
        self.0.heal();
    }
}

async fn stacks_under_test(emulator: &Emulator) -> StacksUnderTest {
    let (link, through) = emulator.through_a_faulty_link().await;
    let link = Arc::new(Disturbed(link));
    let number = fresh_account();
    let account = Account::open(&emulator.settings(&number)).await;
    let through = Account::open(&through.settings(&number)).await;
    let disturbed = account.clone();
    StacksUnderTest {
        service: Arc::new(service(&through, &number)),
        second: Arc::new(service(&account, &number)),
        disturb: Arc::new(move |disturbance| -> BoxFuture {
            let (link, account) = (link.clone(), disturbed.clone());
            let stacks = service(&account, &number);
            Box::pin(async move { disturb(&link.0, &account, &stacks, disturbance).await })
        }),
        lacks: LACKS,
    }
}

async fn disturb(
    link: &FaultyLink,
    account: &Account,
    stacks: &CloudFormationStackService,
    disturbance: Disturbance,
) {
    let physical_id = async |stack: &str, id: &str| -> String {
        let held = stacks.resources(stack).await.unwrap();
        held.into_iter().find(|held| held.logical_id == id).unwrap().physical_id.unwrap()
    };
    match disturbance {
        Disturbance::LoseRequest => link.plan(EXECUTES, Fault::Drop),
        Disturbance::LoseAnswer => link.plan(EXECUTES, Fault::ResetAfter),
        Disturbance::Throttle => {
            link.plan(EXECUTES, Fault::Answer(400, THROTTLED));
        }
        Disturbance::Heal => link.heal(),
        Disturbance::Set { stack, logical_id, pointer, value } => {
            let url = physical_id(&stack, &logical_id).await;
            let name =
                aws_sdk_sqs::types::QueueAttributeName::from(pointer.trim_start_matches('/'));
            let queues = aws_sdk_sqs::Client::new(account.sdk());
            let set = queues.set_queue_attributes().queue_url(url).attributes(name, value);
            set.send().await.unwrap();
        }
        Disturbance::Delete { stack, logical_id } => {
            let bucket = physical_id(&stack, &logical_id).await;
            buckets(account).delete_bucket().bucket(bucket).send().await.unwrap();
        }
        Disturbance::Fail { .. } => panic!("the emulator cannot make a resource fail"),
    }
}

/// The stack once nothing is under way.
pub(crate) async fn settled(service: &dyn StackService, stack: &str) -> Stack {
    for _ in 0..1200 {
        let found = service.describe(stack).await.unwrap().unwrap();
        if !found.status.is_in_progress() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("stack {stack} does not come to an end");
}

pub(crate) fn buckets(account: &Account) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(account.sdk()).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

pub(crate) async fn make_bucket(account: &Account, name: &str) {
    let region = aws_sdk_s3::types::BucketLocationConstraint::from(account.region());
    let here = aws_sdk_s3::types::CreateBucketConfiguration::builder();
    let here = here.location_constraint(region).build();
    let make = buckets(account).create_bucket().bucket(name).create_bucket_configuration(here);
    make.send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stacks_in_cloudformation() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::stack_service(async || stacks_under_test(&emulator).await).await;
}
