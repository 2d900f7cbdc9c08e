//! Quality rules in runs: what blocks keeps readers on the data from before, what warns goes on.

use std::collections::BTreeMap;

use domain::quality::{Check, Effect, Judgement, QualityRules, Rule, Verdict};
use domain::run::{Run, RunId, RunStatus, StepStatus};
use domain::table::TableName;
use domain::zone::Hop;
use etl_engine::run::RunCommand;
use jiff::Timestamp;

use crate::support::lake::{ORDERS, ORDERS_SQL, TestLake, file, files_below, orders_by_date};
use crate::support::sluice::WorkerProcess;

const KEY: &str = "shop/orders/a.csv";

fn conformed() -> TableName {
    TableName::new(orders_by_date().conformed_database(), "orders")
}

fn built() -> TableName {
    TableName::new(orders_by_date().purpose_built_database(), "orders")
}

fn at_most(column: &str, most: &str) -> Check {
    Check::Range { column: column.into(), min: None, max: Some(most.into()) }
}

fn rule(name: &str, check: Check, effect: Effect) -> Rule {
    Rule { name: name.into(), check, effect, effect_in: BTreeMap::new() }
}

async fn set_rules(lake: &TestLake, table: &TableName, rules: Vec<Rule>) {
    let store = &lake.embedded.lake.quality;
    let base = store.current(table).await.unwrap().map_or(0, |old| old.version);
    let rules = QualityRules { keys: vec!["id".into()], rules };
    store.save(table, &rules, "test", "", base).await.unwrap();
}

async fn judged(lake: &TestLake, run: RunId) -> Vec<Judgement> {
    lake.embedded.lake.quality.of_run(run).await.unwrap()
}

async fn retried(lake: &TestLake, run: &Run) -> Run {
    let ledger = &lake.embedded.lake.ledger;
    ledger.command(run.id, RunCommand::Retry, Timestamp::now()).await.unwrap();
    lake.carry_out_all().await;
    lake.run(run.id).await
}

/// Orders by date with one good file; the same file comes again with an order that is too large.
async fn lake() -> TestLake {
    let lake = TestLake::new().await;
    lake.register(&orders_by_date()).await;
    lake.transform(ORDERS, ORDERS_SQL).await;
    assert_eq!(lake.ingest(KEY, good()).await.status, RunStatus::Succeeded);
    lake
}

fn good() -> String {
    file([(1, 1), (2, 1), (3, 2)])
}

fn bad() -> String {
    file([(1, 1), (2, 1), (3, 2), (4000, 2), (8000, 3)])
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_rule_that_blocks_keeps_table_and_catalog_as_they_were() {
    let lake = lake().await;
    set_rules(
        &lake,
        &conformed(),
        vec![
            rule("amounts", at_most("amount", "100"), Effect::Block),
            rule("ids", Check::NotNull { column: "id".into() }, Effect::Block),
        ],
    )
    .await;
    let (files, catalog) = (lake.table_files(), lake.catalog().await);
    let failed = lake.ingest(KEY, bad()).await;
    assert_eq!(failed.status, RunStatus::Failed);
    let failure = failed.failure.clone().unwrap();
    assert_eq!(failure.hop, Some(Hop::RawToConformed));
    assert!(failure.message.contains("amounts (2 of 5 rows fail)"), "{}", failure.message);
    assert!(!failure.message.contains("ids"), "{}", failure.message);
    assert_eq!(failed.steps[0].counts.rows_read, 5);
    assert!(lake.table_files() == files, "a table was changed");
    assert_eq!(lake.catalog().await, catalog);
    lake.check_catalog().await;
    assert_eq!(
        files_below(&lake.zone("conformed").join("_staging")),
        [] as [std::path::PathBuf; 0]
    );
    let judgement = judged(&lake, failed.id).await.remove(0);
    assert_eq!((judgement.verdict(), judgement.rules_version), (Verdict::Failed, 1));
    let outcome = &judgement.outcomes[0];
    assert_eq!(outcome.columns, ["amount", "id", "partition"]);
    let keys: Vec<_> = outcome.examples.iter().map(|row| row[1].as_deref().unwrap()).collect();
    assert_eq!(keys, ["4000", "8000"]);

    set_rules(
        &lake,
        &conformed(),
        vec![
            rule("amounts", at_most("amount", "100"), Effect::Warn),
            rule("ids", Check::NotNull { column: "id".into() }, Effect::Block),
        ],
    )
    .await;
    let passed = retried(&lake, &failed).await;
    assert_eq!(passed.status, RunStatus::Succeeded, "{:?}", passed.failure);
    let note = passed.steps[0].note.clone().unwrap();
    assert!(note.contains("quality rules warn: amounts (2 of 5 rows fail)"), "{note}");
    let judgement = judged(&lake, failed.id).await.remove(0);
    assert_eq!((judgement.verdict(), judgement.rules_version), (Verdict::Warned, 2));
    assert_eq!(lake.query("SELECT count(*) FROM shop.orders").await, [["5"]]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a13_a_rule_of_the_purpose_built_table_blocks_that_table_alone() {
    let lake = lake().await;
    set_rules(&lake, &built(), vec![rule("small", at_most("amount", "100"), Effect::Block)]).await;
    let sql = format!("SELECT orders FROM {} ORDER BY year, month, day", built());
    let before = lake.query(&sql).await;
    let failed = lake.ingest(KEY, bad()).await;
    assert_eq!(failed.status, RunStatus::Failed);
    assert_eq!(failed.failure.as_ref().unwrap().hop, Some(Hop::ConformedToPurposeBuilt));
    assert_eq!(lake.query(&sql).await, before, "readers keep the data from before");
    assert_eq!(lake.query("SELECT count(*) FROM shop.orders").await, [["5"]]);
    lake.check_catalog().await;

    set_rules(&lake, &built(), Vec::new()).await;
    let passed = retried(&lake, &failed).await;
    assert_eq!(passed.status, RunStatus::Succeeded, "{:?}", passed.failure);
    assert_eq!(lake.query(&sql).await, [["2"], ["2"], ["1"]]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_holds_in_its_environment() {
    let lake = lake().await;
    let mut warned = rule("amounts", at_most("amount", "100"), Effect::Block);
    warned.effect_in.insert("dev".parse().unwrap(), Effect::Warn);
    set_rules(&lake, &conformed(), vec![warned]).await;
    let run = lake.ingest(KEY, bad()).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    assert_eq!(judged(&lake, run.id).await[0].verdict(), Verdict::Warned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_a_column_that_is_gone_fails_the_run_clearly() {
    let lake = lake().await;
    let check = Check::NotNull { column: "ids".into() };
    set_rules(&lake, &built(), vec![rule("ids", check, Effect::Block)]).await;
    lake.transform(ORDERS, &ORDERS_SQL.replace("sum(id) AS ids, ", "")).await;
    let failed = lake.ingest(KEY, bad()).await;
    assert_eq!(failed.status, RunStatus::Failed);
    let message = failed.failure.unwrap().message;
    let told = format!("{} has no column \"ids\" any more", built());
    assert!(message.contains(&told), "{message}");
}

/// Unique over the whole of the days that a run touches: two files bring the same order.
#[tokio::test(flavor = "multi_thread")]
async fn a7_rules_see_the_other_files_of_the_days_too() {
    let lake = lake().await;
    let unique = Check::Unique { columns: vec!["id".into()] };
    set_rules(&lake, &conformed(), vec![rule("once", unique, Effect::Block)]).await;
    let again = lake.ingest("shop/orders/b.csv", file([(3, 2), (30, 2)])).await;
    assert_eq!(again.status, RunStatus::Failed);
    assert_eq!(judged(&lake, again.id).await[0].outcomes[0].failing, 1);
    let same_file = lake.ingest(KEY, file([(1, 1), (2, 1), (3, 2), (5, 2)])).await;
    assert_eq!(same_file.status, RunStatus::Succeeded, "{:?}", same_file.failure);
}

/// Killed after the rules were checked and before anything is committed: the next attempt checks
/// them again, and one outcome is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a1_kill_between_checking_and_committing() {
    for (place, hop) in [("raw_to_conformed.judged", 0), ("conformed_to_purpose_built.judged", 1)] {
        let lake = lake().await;
        let warn = || vec![rule("amounts", at_most("amount", "100"), Effect::Warn)];
        set_rules(&lake, &conformed(), warn()).await;
        set_rules(&lake, &built(), warn()).await;
        let arrival = lake.land(KEY, bad()).await;
        let run = lake.record(&arrival).await;
        let files = lake.table_files();
        WorkerProcess::start(lake.path(), Some(&format!("{place}:kill"))).wait_killed(place);
        assert_eq!(judged(&lake, run.id).await.len(), hop + 1, "{place}");
        if hop == 0 {
            assert!(lake.table_files() == files, "{place}: a table was changed");
        }
        lake.carry_out_all().await;
        let run = lake.run(run.id).await;
        assert_eq!(run.status, RunStatus::Succeeded, "{place}: {:?}", run.failure);
        assert_eq!(run.steps[1].status, StepStatus::Succeeded);
        let kept = judged(&lake, run.id).await;
        assert_eq!(kept.iter().map(Judgement::verdict).collect::<Vec<_>>(), [Verdict::Warned; 2]);
        lake.check_catalog().await;
        assert_eq!(lake.query("SELECT count(*) FROM shop.orders").await, [["5"]]);
    }
}
