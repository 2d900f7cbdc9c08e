//! Trials: an edited source says of rejected rows what a replay then does.

use std::time::Duration;

use domain::column::ColumnType;
use domain::rejected::RejectReason;
use domain::run::{Run, RunStatus};
use domain::source::{CsvDialect, Encoding, Format, MalformedPolicy, Source};
use etl_engine::raw_to_conformed::quarantine::RowFilter;
use etl_engine::raw_to_conformed::trial::{Limits, Outcome, trial};

use crate::support::lake::{ORDERS, TestLake, files_below, orders};

async fn tried(lake: &TestLake, run: &Run, source: &Source) -> Outcome {
    let all = RowFilter::default();
    let lake = &lake.embedded.lake;
    trial(lake, std::slice::from_ref(run), source, &all, Limits::default()).await.unwrap()
}

/// Runs the file again by `source` and returns the rows it rejects.
async fn replayed(lake: &TestLake, run: &Run, source: &Source) -> u64 {
    lake.register(source).await;
    let again = etl_engine::run::replay(&lake.embedded.lake, run.id, "test").await.unwrap();
    lake.carry_out_all().await;
    let again = lake.run(again.id).await;
    assert_eq!(again.status, RunStatus::Succeeded, "{:?}", again.failure);
    again.steps[0].counts.rows_rejected
}

fn with_dialect(edit: impl FnOnce(&mut CsvDialect)) -> Source {
    let mut source = orders();
    if let Format::Csv(dialect) = &mut source.format {
        edit(dialect);
    }
    source
}

fn with_type(column: &str, column_type: ColumnType) -> Source {
    let mut source = orders();
    source.columns.iter_mut().find(|found| found.name == column).unwrap().column_type = column_type;
    source
}

const FILE: &str = "id,on_date,amount\n\
    1,2020-08-01,1.5\n\
    2,2020-08-01,N/A\n\
    3,05.08.2020,2.5\n\
    4,2020-08-01,\"3,5\"\n\
    5,2020-08-01\n\
    x,2020-08-01,N/A\n\
    \"6,2020-08-01,1\n\
    7,2020-08-01,7\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_says_what_a_replay_does() {
    let lake = TestLake::with_orders().await;
    let run = lake.ingest("shop/orders/a.csv", FILE).await;
    assert_eq!(run.steps[0].counts.rows_rejected, 6, "{:?}", run.failure);
    let mut by_format = orders();
    by_format.columns[1].format = Some("%d.%m.%Y".into());
    let edits = [
        (with_dialect(|dialect| dialect.null_strings = vec!["N/A".into()]), 1),
        (with_type("amount", ColumnType::String), 2),
        (with_dialect(|dialect| dialect.quote = None), 0),
        (with_type("id", ColumnType::String), 0),
        (by_format, 1),
    ];
    for (edited, passing) in edits {
        let before = files_below(lake.path()).len();
        let outcome = tried(&lake, &run, &edited).await;
        assert_eq!(files_below(lake.path()).len(), before, "a trial writes nothing");
        assert_eq!((outcome.tried, outcome.passing), (6, passing), "{outcome:?}");
        assert_eq!(outcome.tried, outcome.passing + outcome.no_rows + outcome.failing.rows());
        assert_eq!((outcome.cut, outcome.left_out, outcome.problems.len()), (0, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_a_trial_passes_the_replay() {
    let lake = TestLake::with_orders().await;
    let run = lake.ingest("shop/orders/a.csv", FILE).await;
    let mut edited = with_dialect(|dialect| dialect.null_strings = vec!["N/A".into()]);
    edited.columns[0].column_type = ColumnType::String;
    edited.columns[2].column_type = ColumnType::String;
    edited.columns[1].column_type = ColumnType::String;
    edited.dataset = ORDERS.parse().unwrap();
    let outcome = tried(&lake, &run, &edited).await;
    assert_eq!(outcome.passing, 4, "{outcome:?}");
    let left: Vec<_> =
        outcome.still_rejected.iter().map(|still| (still.row.line, still.row.reason)).collect();
    assert_eq!(left, [(6, RejectReason::TooFewFields), (8, RejectReason::BadQuoting)]);
    let verdict = &outcome.verdicts[0];
    assert_eq!((verdict.rows_read, verdict.rejected, verdict.commits), (8, 2, true));
    let passing = &outcome.now_passing[0];
    assert_eq!((passing.line, passing.run), (3, run.id));
    assert_eq!(passing.values, [Some("2".to_owned()), Some("2020-08-01".into()), None]);
    // A table that holds data takes no other types, so the replay runs in a lake of its own.
    let fresh = TestLake::new().await;
    fresh.register(&orders()).await;
    let run = fresh.ingest("shop/orders/a.csv", "id,on_date,amount\n1,2020-08-01,N/A\n").await;
    let nulls = with_dialect(|dialect| dialect.null_strings = vec!["N/A".into()]);
    assert_eq!(tried(&fresh, &run, &nulls).await.passing, 1);
    assert_eq!(replayed(&fresh, &run, &nulls).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_the_file_are_read_in_the_new_encoding() {
    let lake = TestLake::new().await;
    let utf8 = with_type("amount", ColumnType::String);
    lake.register(&utf8).await;
    let bytes = b"id,on_date,amount\n1,2020-08-01,caf\xe9\n2,2020-08-01,ok\n";
    let run = lake.ingest("shop/orders/a.csv", bytes).await;
    assert_eq!(run.steps[0].counts.rows_rejected, 1);
    let mut edited = utf8.clone();
    edited.format =
        Format::Csv(CsvDialect { encoding: Encoding::Windows1252, ..CsvDialect::default() });
    let outcome = tried(&lake, &run, &edited).await;
    assert_eq!(outcome.now_passing[0].values[2].as_deref(), Some("café"));
    assert_eq!(replayed(&lake, &run, &edited).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_what_is_tried_and_limits_are_said() {
    let lake = TestLake::with_orders().await;
    let run = lake.ingest("shop/orders/a.csv", FILE).await;
    let edited = with_dialect(|dialect| dialect.null_strings = vec!["N/A".into()]);
    let filter = RowFilter { column: Some("amount".into()), ..RowFilter::default() };
    let runs = std::slice::from_ref(&run);
    let engine = &lake.embedded.lake;
    let outcome = trial(engine, runs, &edited, &filter, Limits::default()).await.unwrap();
    assert_eq!((outcome.tried, outcome.passing), (2, 1));
    assert!(outcome.verdicts.is_empty(), "not all rows were tried");
    let two = Limits { max_rows: 2, ..Limits::default() };
    let outcome = trial(engine, runs, &edited, &RowFilter::default(), two).await.unwrap();
    assert_eq!((outcome.tried, outcome.left_out), (2, 4));
    let none = Limits { patience: Duration::ZERO, ..Limits::default() };
    let outcome = trial(engine, runs, &edited, &RowFilter::default(), none).await.unwrap();
    assert_eq!((outcome.tried, outcome.left_out), (0, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_text_and_missing_files_are_counted_not_guessed() {
    let lake = TestLake::with_orders().await;
    let long = "y".repeat(100_000);
    let text = format!("id,on_date,amount\n1,2020-08-01,{long}\n2,2020-08-01,z\n");
    let run = lake.ingest("shop/orders/a.csv", &text).await;
    let edited = with_type("amount", ColumnType::String);
    let outcome = tried(&lake, &run, &edited).await;
    assert_eq!((outcome.tried, outcome.passing, outcome.cut), (1, 1, 1));

    std::fs::remove_file(lake.zone("raw").join("shop/orders/a.csv")).unwrap();
    let outcome = tried(&lake, &run, &edited).await;
    assert_eq!((outcome.tried, outcome.left_out), (0, 2));
    assert!(outcome.problems[0].message.contains("no longer in the raw zone"), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines_are_tried_too() {
    let lake = TestLake::new().await;
    let lines = Source { format: Format::JsonLines, ..orders() };
    lake.register(&lines).await;
    let text = "{\"id\":1,\"on_date\":\"2020-08-01\",\"amount\":\"much\"}\n{\"id\":2}\nno json\n";
    let run = lake.ingest("shop/orders/a.jsonl", text).await;
    assert_eq!(run.steps[0].counts.rows_rejected, 2);
    let mut edited = lines.clone();
    edited.columns[2].column_type = ColumnType::String;
    let outcome = tried(&lake, &run, &edited).await;
    assert_eq!((outcome.passing, outcome.failing.rows()), (1, 1));
    let policy = MalformedPolicy::Fail;
    let strict = Source { malformed: policy, ..edited };
    assert!(!tried(&lake, &run, &strict).await.verdicts[0].commits);
}
