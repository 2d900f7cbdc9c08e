//! JSON lines: values by key, rows that do not fit, keys that nobody reads.

use domain::column::Column;
use domain::source::Format;
use proptest::prelude::*;

use super::{Decoded, chunks, columns, decode, file, options};

async fn json(text: &[u8], columns: &[Column]) -> Decoded {
    let whole = decode(file(text), &Format::JsonLines, columns, options(1 << 20)).await.unwrap();
    for block_bytes in [16, 50] {
        let parts = decode(chunks(text, 11), &Format::JsonLines, columns, options(block_bytes))
            .await
            .unwrap();
        assert_eq!(parts.rows(), whole.rows());
        assert_eq!(parts.rejected, whole.rejected);
        assert_eq!(parts.unknown_keys, whole.unknown_keys);
        assert_eq!(parts.bytes, whole.bytes);
    }
    whole
}

async fn check(kinds: &str, text: &str, rows: &[&str], faults: &[&str]) {
    let decoded = json(text.as_bytes(), &columns(kinds)).await;
    let found: Vec<_> = decoded.rows().iter().map(|row| row.join("|")).collect();
    assert_eq!(found, rows, "{text}");
    assert_eq!(decoded.faults(), faults, "{text}");
    assert_eq!(decoded.rows_read, (rows.len() + faults.len()) as u64);
}

#[tokio::test]
async fn values_are_found_by_key() {
    let text = "{\"a\":1,\"b\":\"x\"}\r\n\n{\"b\":null,\"a\":2.0}\n  \n{\"b\":\"\\u00e9\\n\"}";
    check("a:bigint b:string", text, &["1|x", "2|~", "~|é\n"], &[]).await;
    check("a:bigint", "{\"a\":1,\"a\":2}\n{\"\\u0061\":3}\n", &["2", "3"], &[]).await;
    check("a:string", "{\"a\":\"\"}\n{\"a\":\" x \"}\n", &["", " x "], &[]).await;
}

#[tokio::test]
async fn literals_and_nested_values_keep_their_text_in_text_columns() {
    let text =
        "{\"a\":1.50}\n{\"a\":true}\n{\"a\":{\"x\": [1, null]}}\n{\"a\":[]}\n{\"a\":1e400}\n";
    check("a:string", text, &["1.50", "true", "{\"x\": [1, null]}", "[]", "1e400"], &[]).await;
}

#[tokio::test]
async fn texts_fit_the_types_that_they_write() {
    let text = "{\"a\":\"7\",\"b\":\"2020-08-01T10:00:00Z\",\"c\":\"1.5\",\"d\":true}\n";
    check(
        "a:bigint b:timestamp c:double d:boolean",
        text,
        &["7|2020-08-01T10:00:00|1.5|true"],
        &[],
    )
    .await;
}

#[tokio::test]
async fn a18_lines_that_do_not_fit_are_rejected() {
    let faults = [
        "1 bad_json {\"a\":1",
        "2 bad_json [1]",
        "3 bad_json {\"a\":1}}",
        "4 type_mismatch {\"a\":1.5}",
        "5 type_mismatch {\"a\":{}}",
        "6 type_mismatch {\"a\":true}",
        "8 missing_value {}",
        "9 bad_encoding {\"a\":3,\"b\":\"\\ud800\"}",
        "10 bad_json 5",
    ];
    let text = "{\"a\":1\n[1]\n{\"a\":1}}\n{\"a\":1.5}\n{\"a\":{}}\n{\"a\":true}\n{\"a\":2}\n{}\n\
                {\"a\":3,\"b\":\"\\ud800\"}\n5\n{\"a\":4,\"b\":\"y\"}\n";
    check("a:bigint! b:string", text, &["2|~", "4|y"], &faults).await;
    let decoded = json(b"{\"a\":\"\xff\"}\n{\"a\":\"x\"}\n", &columns("a:string")).await;
    assert_eq!(decoded.rejected[0].reason.as_str(), "bad_encoding");
    assert_eq!(decoded.rows(), [["x"]]);
}

#[tokio::test]
async fn keys_that_no_column_reads_are_reported() {
    let decoded = json(b"{\"a\":1,\"x\":{\"y\":1}}\n{\"z\":1}\n", &columns("a:bigint")).await;
    assert_eq!(decoded.unknown_keys.into_iter().collect::<Vec<_>>(), ["x", "z"]);
}

#[tokio::test]
async fn e10_deeply_nested_json_does_not_overflow_the_stack() {
    let deep = format!("{{\"a\":{}}}\n{{\"b\":{0}}}\n{{\"a\":\"x\"}}", "[".repeat(200_000));
    let decoded = json(deep.as_bytes(), &columns("a:string")).await;
    assert_eq!(decoded.rows(), [["x"]]);
    assert_eq!(decoded.rejected.len(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn a18_objects_read_back_equal(
        rows in prop::collection::vec((any::<i64>(), prop::option::of(any::<String>())), 0..20),
        block_bytes in 16_usize..200,
    ) {
        let line = |(number, text): &(i64, Option<String>)| {
            serde_json::json!({ "a": number, "b": text }).to_string() + "\n"
        };
        let file: String = rows.iter().map(line).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let columns = columns("a:bigint b:string");
        let source = chunks(file.as_bytes(), 100);
        let decoded = runtime
            .block_on(decode(source, &Format::JsonLines, &columns, options(block_bytes)))
            .unwrap();
        let null = || "~".to_owned();
        let expected: Vec<_> = rows
            .into_iter()
            .map(|(number, text)| vec![number.to_string(), text.unwrap_or_else(null)])
            .collect();
        prop_assert_eq!(decoded.rows(), expected);
    }
}
