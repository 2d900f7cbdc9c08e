//! Calls that are lost, delayed, doubled or broken on their way.

use std::sync::Arc;

use aws::testing::{Emulator, Fault, FaultyLink, IMPATIENT, LATE};
use aws::{Account, AwsSettings};
use domain::ErrorKind;
use domain::notification::Notification;
use domain::partition::Partition;
use domain::run::{CommittedFile, CommittedObject, Run, RunStatus, StepStatus};
use domain::run_log::{LogLevel, LogLine};
use domain::zone::Hop;
use etl_aws::{DynamoDbOutbox, DynamoDbRunLedger};
use etl_engine::notify::Outbox;
use etl_engine::run::{
    CommittedObjects, Recorded, RunCommand, RunFilter, RunLedger, RunLog, RunReports,
};
use etl_engine::testing::sample::{at, dataset, new_run, request, step};

use super::{account, ledger, settings};

/// As often as the SDK asks.
const ATTEMPTS: usize = 4;
const WRITE: &str = "TransactWriteItems";

/// An account behind a link, and the same one without.
async fn linked(emulator: &Emulator) -> (FaultyLink, Account, Account) {
    let direct = account(emulator).await;
    let (link, through) = emulator.through_a_faulty_link().await;
    let settings = AwsSettings { endpoint: Some(through.endpoint), ..direct.settings().clone() };
    (link, Account::open(&settings).await, direct)
}

/// A ledger that does not wait long for answers, and asks so often.
async fn impatient(account: &Account, attempts: u32) -> DynamoDbRunLedger {
    let reached = AwsSettings { attempt: IMPATIENT, attempts, ..account.settings().clone() };
    DynamoDbRunLedger::new(&Account::open(&reached).await, settings())
}

/// Takes a run from its arrival to its end, with all that a worker stores on the way; `before` each call
/// something may happen.
async fn go_through(
    ledger: &DynamoDbRunLedger,
    outbox: &DynamoDbOutbox,
    file: &str,
    before: impl Fn(),
) -> Run {
    before();
    let recorded = ledger.record(&new_run("yellow", file), at(0)).await.unwrap();
    assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
    before();
    let claim = ledger.claim(&request("one"), at(0)).await.unwrap().unwrap();
    assert_eq!((claim.fence, claim.run.attempt), (1, 1));
    before();
    ledger.heartbeat(&claim, at(90), None).await.unwrap();
    let line = LogLine::new(at(1), LogLevel::Info, 1, None, file);
    before();
    ledger.append(claim.run.id, &[line]).await.unwrap();
    let steps = vec![step(Hop::RawToConformed, StepStatus::Succeeded)];
    let mut run = Run { steps, ..claim.run.clone() };
    before();
    ledger.checkpoint(&claim, &run, Some(&committed(&run))).await.unwrap();
    run.status = RunStatus::Succeeded;
    run.finished_at = Some(at(9));
    let told = Notification::of_run(&run, at(9));
    before();
    ledger.finish(&claim, &run, &told).await.unwrap();
    before();
    let taken = outbox.take_due(at(10), at(20), 9).await.unwrap();
    assert_eq!(taken.iter().map(|taken| &taken.notification).collect::<Vec<_>>(), [&told]);
    before();
    outbox.failed(&told.id, "refused", Some(at(30))).await.unwrap();
    before();
    let again = outbox.take_due(at(30), at(40), 9).await.unwrap();
    assert_eq!(again.iter().map(|again| again.attempts).collect::<Vec<_>>(), [1]);
    before();
    outbox.delivered(&told.id, at(31)).await.unwrap();
    run
}

fn committed(run: &Run) -> CommittedObject {
    let partition = Partition::from_values("2020", "08", "05").unwrap();
    let path = format!("tlc/yellow/{}/a.parquet", partition.path());
    CommittedObject {
        key: run.arrival.key.clone(),
        version: run.arrival.version.clone(),
        sequencer: run.arrival.sequencer.clone(),
        ingest_date: None,
        files: vec![CommittedFile { path, partition, rows: 7, bytes: 70 }],
        run: run.id,
    }
}

/// Everything happened once.
async fn check(ledger: &DynamoDbRunLedger, runs: &[Run]) {
    let count = runs.len() as u64;
    let all = RunFilter { limit: 100, ..RunFilter::default() };
    let mut listed = ledger.list(&all).await.unwrap();
    listed.reverse();
    assert_eq!(listed, runs);
    assert_eq!(ledger.by_status().await.unwrap(), [(RunStatus::Succeeded, count)]);
    assert_eq!(ledger.arrivals().await.unwrap().files, count);
    let day = Partition::from_values("2020", "08", "05").unwrap();
    let totals = ledger.totals(&dataset("yellow"), &[day]).await.unwrap();
    assert_eq!((totals[0].rows, totals[0].files), (7 * count, count));
    for run in runs {
        assert_eq!(ledger.lines(run.id, 0, 10).await.unwrap().len(), 1);
    }
    assert_eq!(ledger.claim(&request("last"), at(99)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_what_is_lost_or_doubled_on_its_way_happens_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, account, direct) = linked(&emulator).await;
    let ledger = Arc::new(DynamoDbRunLedger::new(&account, settings()));
    let outbox = DynamoDbOutbox::new(&account, &settings().state_table);
    let mut runs = Vec::new();
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let before = || {
            link.heal();
            link.plan(WRITE, fault);
            link.plan("BatchWriteItem", fault);
        };
        runs.push(go_through(&ledger, &outbox, &format!("{number}.csv"), before).await);
        link.heal();
    }
    let broken = link.seen().into_iter().filter(|(_, fault)| fault.is_some()).count();
    // Ten calls, one of which writes a batch too.
    assert_eq!(broken, Fault::ALL.len() * 11);
    check(&super::ledger(&direct), &runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_an_answer_that_never_comes_is_read_back() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, account, direct) = linked(&emulator).await;
    let lossy = DynamoDbRunLedger::new(&account, settings());
    let never = |fault| (0..ATTEMPTS).for_each(|_| link.plan(WRITE, fault));

    never(Fault::ResetAfter);
    let recorded = lossy.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap();
    assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
    never(Fault::ErrorAfter);
    let claim = lossy.claim(&request("one"), at(0)).await.unwrap().unwrap();
    assert_eq!((claim.fence, claim.run.id), (1, recorded.run().id));
    never(Fault::ResetAfter);
    let run = Run { status: RunStatus::Failed, finished_at: Some(at(7)), ..claim.run.clone() };
    lossy.finish(&claim, &run, &Notification::of_run(&run, at(7))).await.unwrap();
    assert!(link.is_done());

    let ledger = ledger(&direct);
    assert_eq!(ledger.run(run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(super::outbox(&direct).recent(9).await.unwrap().len(), 1);
    never(Fault::Refuse);
    let error = lossy.command(run.id, RunCommand::Retry, at(8)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("carry out a command"), "{error}");
    assert_eq!(ledger.run(run.id).await.unwrap(), Some(run));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_change_that_nobody_answers_is_made_once() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, account, direct) = linked(&emulator).await;
    let ledger = ledger(&direct);
    // Asked again with the same token, and not asked again but read back.
    for (file, attempts) in [("a.csv", 2), ("b.csv", 1)] {
        let lossy = impatient(&account, attempts).await;
        link.plan(WRITE, Fault::SilentAfter);
        let recorded = lossy.record(&new_run("yellow", file), at(0)).await.unwrap();
        assert!(matches!(recorded, Recorded::New(_)), "{attempts} attempts: {recorded:?}");
        assert!(link.is_done());
        assert_eq!(ledger.run(recorded.run().id).await.unwrap(), Some(recorded.run().clone()));
    }
    assert_eq!(ledger.by_status().await.unwrap(), [(RunStatus::Queued, 2)]);
    assert_eq!(ledger.arrivals().await.unwrap().files, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a3_a_change_that_arrives_after_its_caller_gave_up_does_no_harm() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, account, direct) = linked(&emulator).await;
    let lossy = impatient(&account, 1).await;
    link.plan(WRITE, Fault::Delay(LATE));
    let error = lossy.record(&new_run("yellow", "a.csv"), at(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let ledger = ledger(&direct);
    let recorded = ledger.record(&new_run("yellow", "a.csv"), at(1)).await.unwrap();
    assert!(matches!(recorded, Recorded::New(_)), "{recorded:?}");
    link.until_quiet().await;
    let listed = ledger.list(&RunFilter { limit: 9, ..RunFilter::default() }).await.unwrap();
    assert_eq!(listed, [recorded.run().clone()]);
    assert_eq!(ledger.by_status().await.unwrap(), [(RunStatus::Queued, 1)]);
    assert_eq!(ledger.arrivals().await.unwrap().files, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b7_a_bad_network_loses_and_doubles_nothing() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (link, account, direct) = linked(&emulator).await;
    let ledger = DynamoDbRunLedger::new(&account, settings());
    let outbox = DynamoDbOutbox::new(&account, &settings().state_table);
    link.by_chance(7, 100, &Fault::ALL);
    let mut runs = Vec::new();
    for number in 0..8 {
        runs.push(go_through(&ledger, &outbox, &format!("{number}.csv"), || ()).await);
    }
    check(&super::ledger(&direct), &runs).await;
}
