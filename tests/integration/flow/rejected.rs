//! Every row is accounted for: what does not fit is kept, and what is incompatible fails before any
//! write.

use std::io::Write;

use domain::column::{Column, ColumnType};
use domain::rejected::RejectedRow;
use domain::run::{Run, RunStatus};
use domain::source::{CsvDialect, DriftPolicy, Encoding, Format, MalformedPolicy, Source};
use etl_engine::raw_to_conformed::quarantine::{self, RowFilter};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::lake::{TestLake, file, files_below, orders};
use crate::support::sluice::sluice;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn notes(encoding: Encoding) -> Source {
    let format = Format::Csv(CsvDialect { encoding, ..CsvDialect::default() });
    let columns =
        vec![Column::new("id", ColumnType::BigInt), Column::new("note", ColumnType::String)];
    Source { format, columns, dataset: "shop/notes".parse().unwrap(), ..orders() }
}

/// The rejected rows that a run kept.
async fn kept(lake: &TestLake, run: &Run) -> Vec<RejectedRow> {
    let (store, all) = (&lake.embedded.lake.conformed, RowFilter::default());
    quarantine::page(store, &run.dataset, run.id, &all, 0, 10_000).await.unwrap().rows
}

/// Ingests a file of notes and returns rows read, written, rejected.
async fn counts(lake: &TestLake, key: &str, bytes: &[u8]) -> (u64, u64, u64) {
    let run = lake.ingest(key, bytes).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{key}: {:?}", run.failure);
    let counts = run.steps[0].counts;
    let kept = kept(lake, &run).await;
    assert_eq!(kept.len() as u64, counts.rows_rejected, "{key}");
    (counts.rows_read, counts.rows_written, counts.rows_rejected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_b3_every_row_is_written_or_rejected() {
    let lake = TestLake::new().await;
    lake.register(&notes(Encoding::Utf8)).await;
    type Case = (&'static str, &'static [u8], (u64, u64, u64));
    let cases: [Case; 7] = [
        ("ragged.csv", b"id,note\n1,a\n2\n3,c,d\n4,e\n", (4, 2, 2)),
        ("quoted.csv", b"id,note\n1,\"two\nlines\"\n2,\"a,b\"\n", (2, 2, 0)),
        ("bom.csv", b"\xef\xbb\xbfid,note\n1,a\n", (1, 1, 0)),
        ("nul.csv", b"id,note\n1,a\0b\nx\0y,c\n", (2, 1, 1)),
        ("crlf.csv", b"id,note\r\n1,a\r\n2,b", (2, 2, 0)),
        ("bytes.csv", b"id,note\n1,caf\xe9\n2,ok\n", (2, 1, 1)),
        ("empty.csv", b"id,note\n", (0, 0, 0)),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(counts(&lake, &format!("shop/notes/{name}"), bytes).await, expected, "{name}");
        let zipped = format!("shop/notes/{name}.gz");
        assert_eq!(counts(&lake, &zipped, &gzip(bytes)).await, expected, "{zipped}");
    }
    let sql = "SELECT note FROM shop.notes WHERE note LIKE 'two%' GROUP BY note";
    assert_eq!(lake.query(sql).await, [["two\nlines"]]);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_windows_1252_is_read_as_it_is_meant() {
    let lake = TestLake::new().await;
    lake.register(&notes(Encoding::Windows1252)).await;
    let bytes = b"id,note\n1,caf\xe9 \x80\n";
    assert_eq!(counts(&lake, "shop/notes/a.csv", bytes).await, (1, 1, 0));
    assert_eq!(lake.query("SELECT note FROM shop.notes").await, [["caf\u{e9} \u{20ac}"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a18_e10_a_damaged_file_fails_its_run_and_changes_nothing() {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv.gz", gzip(file([(1, 1)]).as_bytes())).await;
    let before = (lake.table_files(), lake.catalog().await);
    let whole = gzip(file((0..5_000).map(|id| (id, 1))).as_bytes());
    for cut in [whole.len() / 2, whole.len() - 4, 20, 5] {
        let run = lake.ingest("shop/orders/a.csv.gz", &whole[..cut]).await;
        assert_eq!(run.status, RunStatus::Failed, "cut after {cut} bytes");
        let message = run.failure.unwrap().message;
        assert!(message.contains("shop/orders/a.csv.gz"), "{message}");
        assert!((lake.table_files(), lake.catalog().await) == before, "cut after {cut} bytes");
    }
    let run = lake.ingest("shop/orders/a.csv.gz", &whole).await;
    assert_eq!(run.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_limits_of_the_quarantine_fail_before_any_write_and_rows_can_be_browsed() {
    let lake = TestLake::new().await;
    let limits = [
        MalformedPolicy::Fail,
        MalformedPolicy::Quarantine { max_rows: 1, max_rate: 1.0 },
        MalformedPolicy::Quarantine { max_rows: 100, max_rate: 0.1 },
    ];
    for malformed in limits {
        lake.register(&Source { malformed, ..orders() }).await;
        let text = "id,on_date,amount\n1,2020-08-01,1\nx,2020-08-01,1\ny,2020-08-01,1\n";
        let run = lake.ingest("shop/orders/a.csv", text).await;
        assert_eq!(run.status, RunStatus::Failed, "{malformed:?}");
        assert!(lake.table_files().is_empty() && lake.catalog().await.is_empty());
        if malformed != MalformedPolicy::Fail {
            let kept = kept(&lake, &run).await;
            assert_eq!(kept[0].line, 3);
            assert_eq!(kept[0].column.as_deref(), Some("id"));
            assert_eq!(kept[0].raw, b"x,2020-08-01,1");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_c9_a_renamed_column_fails_before_any_write_and_is_named() {
    let lake = TestLake::with_orders().await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let before = (lake.table_files(), lake.catalog().await);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "id,on_date,total\n1,2020-08-01,1.5\n").unwrap();
    let path = path.to_str().unwrap();
    let args = ["ingest", path, "--dataset", "shop/orders", "--output", "json"];
    let outcome = sluice(lake.path(), &args);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    let run = outcome.json()["runs"][0].clone();
    assert_eq!(run["status"], "FAILED");
    let message = run["message"].as_str().unwrap();
    assert!(message.contains("\"amount\"") && message.contains("\"total\""), "{message}");
    assert!(message.contains("shop/orders/a.csv"), "{message}");
    assert!((lake.table_files(), lake.catalog().await) == before);
    // The cause reaches whoever is notified (C9).
    let log = std::fs::read_to_string(lake.path().join("notifications-dev.jsonl")).unwrap();
    let told: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(told["body"]["failure"]["message"], message);
    assert!(told["subject"].as_str().unwrap().contains("FAILED"), "C8: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_an_extra_column_is_handled_by_the_drift_policy() {
    let lake = TestLake::with_orders().await;
    let text = "id,airport,on_date,amount\n1,JFK,2020-08-01,1.5\n";
    let run = lake.ingest("shop/orders/a.csv", text).await;
    assert_eq!(run.status, RunStatus::Failed);
    let message = run.failure.unwrap().message;
    assert!(message.contains("\"airport\"") && message.contains("ignore_extra"), "{message}");
    assert!(files_below(&lake.zone("conformed")).is_empty(), "nothing was written at all");

    lake.register(&Source { drift: DriftPolicy::IgnoreExtra, ..orders() }).await;
    let run = lake.ingest("shop/orders/a.csv", text).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    assert_eq!(lake.query("SELECT id, amount FROM shop.orders").await, [["1", "1.5"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a19_columns_are_added_and_types_widened_only_where_the_policy_says_so() {
    let lake = TestLake::new().await;
    let mut source = Source { drift: DriftPolicy::AddColumns, ..orders() };
    source.columns[0].column_type = ColumnType::Int;
    lake.register(&source).await;
    lake.ingest("shop/orders/a.csv", file([(1, 1)])).await;
    let text = "id,on_date,amount,airport\n2,2020-08-01,1.5,JFK\n5000000000,2020-08-01,1,LGA\n";
    let run = lake.ingest("shop/orders/b.csv", text).await;
    assert_eq!(run.status, RunStatus::Succeeded, "{:?}", run.failure);
    let step = &run.steps[0];
    assert_eq!((step.counts.rows_written, step.counts.rows_rejected), (1, 1), "not widened");
    let note = step.note.as_deref().unwrap_or_default();
    assert!(note.contains("added airport string"), "{note}");
    let sql = "SELECT id, airport FROM shop.orders ORDER BY id";
    assert_eq!(lake.query(sql).await, [["1", ""], ["2", "JFK"]]);

    let dataset = orders().dataset;
    let sources = &lake.embedded.lake.sources;
    let current = sources.current(&dataset).await.unwrap().unwrap().source;
    lake.register(&Source { drift: DriftPolicy::Widen, ..current }).await;
    let run = lake.ingest("shop/orders/b.csv", text).await;
    assert_eq!(run.steps[0].counts.rows_written, 2, "{run:?}");
    let expected = [["1", ""], ["2", "JFK"], ["5000000000", "LGA"]];
    assert_eq!(lake.query(sql).await, expected);
    lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_each_source_is_read_by_its_own_dialect() {
    let lake = TestLake::new().await;
    let dialect = CsvDialect {
        delimiter: ';',
        decimal_comma: true,
        quote: Some('\''),
        skip_lines: 1,
        comment: Some('#'),
        null_strings: vec!["n/a".into()],
        ..CsvDialect::default()
    };
    let mut columns = orders().columns;
    columns[1].format = Some("%d.%m.%Y".into());
    columns.push(Column::new("Code No", ColumnType::String));
    lake.register(&Source { format: Format::Csv(dialect), columns, ..orders() }).await;
    let text = "exported today\nid;on_date;amount;Code No\n# a remark\n1;31.08.2020;1.234,5;'0;7'\n\
                2;01.09.2020;n/a;007\n";
    let run = lake.ingest("shop/orders/a.csv", text).await;
    assert_eq!(run.steps[0].counts.rows_written, 2, "{run:?}");
    let sql = "SELECT id, on_date, amount, code_no FROM shop.orders ORDER BY id";
    let expected = [["1", "2020-08-31", "1234.5", "0;7"], ["2", "2020-09-01", "", "007"]];
    assert_eq!(lake.query(sql).await, expected);
}
