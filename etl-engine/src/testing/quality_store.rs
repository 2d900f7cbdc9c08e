//! The contract of the store of quality rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ErrorKind;
use domain::quality::{Check, Effect, Judgement, QualityRules, Rule, RuleOutcome, Verdict};
use domain::run::RunId;
use domain::table::TableName;
use domain::zone::Hop;
use futures::future::join_all;

use super::cases;
use super::sample::at;
use crate::quality::QualityStore;

/// Runs the contract over the stores that `make` makes, each empty.
pub async fn quality_store<A: QualityStore + 'static>(make: impl AsyncFn() -> Arc<A>) {
    cases!(
        "quality store",
        async || make().await as Arc<dyn QualityStore>,
        [
            nothing_is_there_at_first,
            versions_are_added_and_read_back_as_they_were,
            the_list_holds_the_newest_rules_of_each_table_in_order,
            d20_a_save_over_another_version_is_a_conflict,
            d20_of_racing_saves_one_wins,
            a_judgement_is_found_by_its_run_and_by_its_table,
            a15_an_earlier_attempt_does_not_replace_a_later_one,
            the_latest_judgement_of_each_table_is_told,
        ]
    );
}

fn table(name: &str) -> TableName {
    TableName::new("tlc", name)
}

/// Quotes, dollar signs, question marks and newlines are text like any other.
fn rules(sql: &str) -> QualityRules {
    let effect_in = BTreeMap::from([("dev".parse().unwrap(), Effect::Warn)]);
    let by_sql = Check::Sql { sql: format!("SELECT 'it''s $1 or ?' AS \"a\"\n-- {sql} ünïcode") };
    let counted = Check::RowCount { days: 7, min_percent: Some(50), max_percent: None };
    let rule = |name: &str, check, effect_in| Rule {
        name: name.to_owned(),
        check,
        effect: Effect::Block,
        effect_in,
    };
    QualityRules {
        keys: vec!["vendorid".into()],
        rules: vec![rule("by sql", by_sql, effect_in), rule("rows", counted, BTreeMap::new())],
    }
}

fn judgement(run: RunId, name: &str, seconds: i64, verdict: Verdict) -> Judgement {
    let outcome = RuleOutcome {
        rule: rules("x").rules.remove(0),
        effect: Effect::Warn,
        verdict,
        checked: 100,
        failing: 2,
        detail: None,
        columns: vec!["a".into(), "b".into()],
        examples: vec![vec![Some("1".into()), None]],
    };
    Judgement {
        run,
        hop: Hop::RawToConformed,
        table: table(name),
        rules_version: 3,
        outcomes: vec![outcome],
        seconds: 0.25,
        judged_at: at(seconds),
    }
}

async fn nothing_is_there_at_first(store: Arc<dyn QualityStore>) {
    assert_eq!(store.current(&table("yellow")).await.unwrap(), None);
    assert_eq!(store.history(&table("yellow")).await.unwrap(), []);
    assert_eq!(store.list().await.unwrap(), []);
    assert_eq!(store.of_run(RunId::generate()).await.unwrap(), []);
    assert_eq!(store.of_table(&table("yellow"), 10).await.unwrap(), []);
    assert_eq!(store.latest().await.unwrap(), []);
}

async fn versions_are_added_and_read_back_as_they_were(store: Arc<dyn QualityStore>) {
    let yellow = table("yellow");
    let first = store.save(&yellow, &rules("one"), "ada", "begin", 0).await.unwrap();
    let none = QualityRules::default();
    let second = store.save(&yellow, &none, "grace", "it's off", 1).await.unwrap();
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!((&*second.author, &*second.message), ("grace", "it's off"));
    assert_eq!(first.rules, rules("one"));
    assert_eq!(store.current(&yellow).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.history(&yellow).await.unwrap(), [second, first]);
    assert_eq!(store.current(&table("green")).await.unwrap(), None);
}

async fn the_list_holds_the_newest_rules_of_each_table_in_order(store: Arc<dyn QualityStore>) {
    for name in ["yellow", "green", "a_b", "ab", "a1"] {
        store.save(&table(name), &rules("one"), "ada", "begin", 0).await.unwrap();
    }
    store.save(&table("green"), &rules("two"), "ada", "again", 1).await.unwrap();
    let list = store.list().await.unwrap();
    let listed: Vec<_> = list.iter().map(|saved| (&*saved.table.table, saved.version)).collect();
    assert_eq!(listed, [("a1", 1), ("a_b", 1), ("ab", 1), ("green", 2), ("yellow", 1)]);
}

async fn d20_a_save_over_another_version_is_a_conflict(store: Arc<dyn QualityStore>) {
    let yellow = table("yellow");
    store.save(&yellow, &rules("one"), "ada", "begin", 0).await.unwrap();
    for base in [0, 2, 7] {
        let saved = store.save(&yellow, &rules("two"), "grace", "late", base).await;
        let error = saved.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.message().contains("version 1"), "{error}");
    }
    assert_eq!(store.current(&yellow).await.unwrap().unwrap().rules, rules("one"));
}

async fn d20_of_racing_saves_one_wins(store: Arc<dyn QualityStore>) {
    let saves = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(
            async move { store.save(&table("yellow"), &rules("race"), "ada", "race", 0).await },
        )
    });
    let outcomes = join_all(saves).await.into_iter().map(Result::unwrap);
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for error in lost.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
}

async fn a_judgement_is_found_by_its_run_and_by_its_table(store: Arc<dyn QualityStore>) {
    let (one, two) = (RunId::generate(), RunId::generate());
    let first = judgement(one, "yellow", 1, Verdict::Warned);
    let mut built = judgement(one, "yellow_built", 2, Verdict::Passed);
    built.hop = Hop::ConformedToPurposeBuilt;
    let later = judgement(two, "yellow", 3, Verdict::Failed);
    for kept in [&built, &first, &later] {
        store.record(kept, 1).await.unwrap();
    }
    assert_eq!(store.of_run(one).await.unwrap(), [first.clone(), built]);
    let (later, first) = (later.summary(), first.summary());
    assert_eq!((later.verdict, later.broken.len()), (Verdict::Failed, 1));
    assert_eq!(store.of_table(&table("yellow"), 10).await.unwrap(), [later.clone(), first]);
    assert_eq!(store.of_table(&table("yellow"), 1).await.unwrap(), [later]);
}

async fn a15_an_earlier_attempt_does_not_replace_a_later_one(store: Arc<dyn QualityStore>) {
    let run = RunId::generate();
    let of = |verdict| judgement(run, "yellow", 1, verdict);
    store.record(&of(Verdict::Failed), 1).await.unwrap();
    store.record(&of(Verdict::Passed), 2).await.unwrap();
    store.record(&of(Verdict::Failed), 1).await.unwrap();
    assert_eq!(store.of_run(run).await.unwrap(), [of(Verdict::Passed)]);
    store.record(&of(Verdict::Warned), 2).await.unwrap();
    assert_eq!(store.of_run(run).await.unwrap(), [of(Verdict::Warned)], "a repeat within it");
}

async fn the_latest_judgement_of_each_table_is_told(store: Arc<dyn QualityStore>) {
    let runs = [RunId::generate(), RunId::generate(), RunId::generate()];
    let old = judgement(runs[0], "yellow", 1, Verdict::Failed);
    let new = judgement(runs[1], "yellow", 2, Verdict::Passed);
    let green = judgement(runs[2], "green", 1, Verdict::Warned);
    for kept in [&new, &green, &old] {
        store.record(kept, 1).await.unwrap();
    }
    assert_eq!(store.latest().await.unwrap(), [], "no table has rules");
    for name in ["yellow", "green", "blue"] {
        store.save(&table(name), &rules("one"), "ada", "begin", 0).await.unwrap();
        store.save(&table(name), &rules("two"), "ada", "again", 1).await.unwrap();
    }
    assert_eq!(store.latest().await.unwrap(), [green.summary(), new.summary()]);
}
