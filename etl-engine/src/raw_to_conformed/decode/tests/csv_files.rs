//! How CSV files are cut into records, and what becomes of those that do not fit.

use std::io::Write;

use domain::ErrorKind;
use domain::source::{CsvDialect, Encoding, Format, LineEnding};

use super::{chunks, columns, csv, decode, decode_with, file, options};
use crate::raw_to_conformed::decode::{DecodeOptions, Layout, open};

fn default() -> CsvDialect {
    CsvDialect { header_rows: 0, ..CsvDialect::default() }
}

/// Decodes `text` as `a:string b:string` (or other columns) and compares rows (fields joined by `|`)
/// and faults.
async fn check_columns(
    dialect: &CsvDialect,
    kinds: &str,
    text: &[u8],
    rows: &[&str],
    faults: &[&str],
) {
    let decoded = csv(text, dialect, &columns(kinds)).await;
    let found: Vec<_> = decoded.rows().iter().map(|row| row.join("|")).collect();
    let shown = String::from_utf8_lossy(text);
    assert_eq!(found, rows, "rows of {shown:?}");
    assert_eq!(decoded.faults(), faults, "faults of {shown:?}");
    assert_eq!(decoded.rows_read, (rows.len() + faults.len()) as u64);
}

async fn check(dialect: &CsvDialect, text: &str, rows: &[&str], faults: &[&str]) {
    check_columns(dialect, "a:string b:string", text.as_bytes(), rows, faults).await;
}

#[tokio::test]
async fn a18_line_ends_of_all_kinds() {
    check(&default(), "1,2\n3,4\n", &["1|2", "3|4"], &[]).await;
    check(&default(), "1,2\r\n3,4\r\n", &["1|2", "3|4"], &[]).await;
    check(&default(), "1,2\r\n3,4", &["1|2", "3|4"], &[]).await;
    check(&default(), "1,2\n3,\r\n", &["1|2", "3|~"], &[]).await;
    check(&default(), "1,\"2\"\r\n3,\"4\"", &["1|2", "3|4"], &[]).await;
    check(&default(), "1,\"2\"\r\n3,\"4\"\r", &["1|2", "3|4"], &[]).await;
    check(&default(), "\n\n1,2\n\r\n\n3,4\n\n", &["1|2", "3|4"], &[]).await;
    check(&default(), "1,a\rb\n", &["1|a\rb"], &[]).await;
    check(&default(), "", &[], &[]).await;
    check(&default(), "\n\r\n", &[], &[]).await;
    check(&default(), ",\n,", &["~|~", "~|~"], &[]).await;
    let cr = CsvDialect { line_ending: LineEnding::Cr, ..default() };
    check(&cr, "1,2\r3,4\r", &["1|2", "3|4"], &[]).await;
    check(&cr, "1,2\r\r3,x\ny\r5\r", &["1|2", "3|x\ny"], &["4 too_few_fields 5"]).await;
    check(&cr, "1,\"2\r3\"\r4\r", &["1|2\r3"], &["3 too_few_fields 4"]).await;
}

#[tokio::test]
async fn a18_quoted_fields() {
    check(&default(), "\"1\",\"2,3\"\n", &["1|2,3"], &[]).await;
    check(&default(), "\"1\",\"2\n3\"\n4,5\n", &["1|2\n3", "4|5"], &[]).await;
    check(&default(), "1,\"say \"\"hi\"\"\"\n", &["1|say \"hi\""], &[]).await;
    check(&default(), "1,\"\"\"\"\n2,\"\"\n", &["1|\"", "2|"], &[]).await;
    check(&default(), "1,a\"b\"c\n", &["1|a\"b\"c"], &[]).await;
    check(&default(), "1, \"b\"\n", &["1| \"b\""], &[]).await;
    let escape = CsvDialect { escape: Some('\\'), ..default() };
    check(&escape, "1,\"a\\\"b\\\\\"\n", &["1|a\"b\\"], &[]).await;
    check(&escape, "1,a\\b\n", &["1|a\\b"], &[]).await;
    let none = CsvDialect { quote: None, ..default() };
    check(&none, "1,\"a\n2,b\"\n", &["1|\"a", "2|b\""], &[]).await;
    let single = CsvDialect { quote: Some('\''), delimiter: '|', ..default() };
    check(&single, "'x|y'|\"b\"\n", &["x|y|\"b\""], &[]).await;
}

#[tokio::test]
async fn a18_a_stray_quote_costs_one_row() {
    let bad = "1 bad_quoting 1,\"abc";
    check(&default(), "1,\"abc\n2,x\n3,y\n", &["2|x", "3|y"], &[bad]).await;
    check(&default(), "1,\"abc", &[], &[bad]).await;
    check(&default(), "1,\"abc\r\n2,x", &["2|x"], &[bad]).await;
    // The next quote opens a field of its own; it does not close this one.
    check(&default(), "1,\"abc\n2,\"def\"\n", &["2|def"], &[bad]).await;
    check(&default(), "1,\"ab\"c\n2,x\n", &["2|x"], &["1 bad_quoting 1,\"ab\"c"]).await;
    check(&default(), "1,\"ab\" \n2,x\n", &["2|x"], &["1 bad_quoting 1,\"ab\" "]).await;
    let text = "1,x\n2,\"\n3,\"a\"\n4,\"\n";
    check(&default(), text, &["1|x", "3|a"], &["2 bad_quoting 2,\"", "4 bad_quoting 4,\""]).await;
    let short = CsvDialect { max_record_bytes: 16, ..default() };
    let text = "1,\"abc\n22,xxxxxxxx\n3,\"yy\"\n";
    check(&short, text, &["22|xxxxxxxx", "3|yy"], &[bad]).await;
}

#[tokio::test]
async fn a18_ragged_rows_are_rejected_with_their_line() {
    let text = "1,2\n3\n4,5,6\n\n\"x\ny\",7\n8\n";
    let faults = ["2 too_few_fields 3", "3 too_many_fields 4,5,6", "7 too_few_fields 8"];
    check(&default(), text, &["1|2", "x\ny|7"], &faults).await;
    let decoded = csv(b"1\n", &default(), &columns("a:string b:string")).await;
    assert_eq!(decoded.rejected[0].detail, "1 fields where 2 are expected");
}

#[tokio::test]
async fn a18_overlong_records_are_rejected() {
    let short = CsvDialect { max_record_bytes: 16, ..default() };
    let fits = "12345678,1234567";
    let long = format!("{fits}8");
    let text = format!("{fits}\n{long}\n1,2\r\n{fits}\r\n{long}\r\n{long}");
    let faults = [2, 5, 6].map(|line| format!("{line} too_long {long}"));
    let faults: Vec<_> = faults.iter().map(String::as_str).collect();
    check(&short, &text, &["12345678|1234567", "1|2", "12345678|1234567"], &faults).await;
    let quoted = "\"12345678901234\"";
    check_columns(&short, "a:string", quoted.as_bytes(), &["12345678901234"], &[]).await;
    let quoted = "\"123456789012345\"\n1\n";
    let fault = "1 too_long \"123456789012345\"";
    check_columns(&short, "a:string", quoted.as_bytes(), &["1"], &[fault]).await;
}

#[tokio::test]
async fn a18_a_line_of_any_length_takes_bounded_memory() {
    let dialect = CsvDialect { max_record_bytes: 1000, ..default() };
    for (head, tail) in [("x", "\n1,2\n"), ("\"x", "\r\n1,2\n"), ("x", "")] {
        let text = format!("0,0\n{head}{}{tail}", "y".repeat(3_000_000));
        let format = Format::Csv(dialect.clone());
        let columns = columns("a:string b:string");
        let decoded =
            decode(chunks(text.as_bytes(), 10_000), &format, &columns, options(100)).await.unwrap();
        let long = &decoded.rejected[0];
        assert_eq!((long.line, long.reason.as_str()), (2, "too_long"));
        assert_eq!(long.raw.len(), domain::rejected::RejectedRow::MAX_RAW);
        assert_eq!(decoded.batch.num_rows(), if tail.is_empty() { 1 } else { 2 });
        assert_eq!(decoded.bytes, text.len() as u64);
        let whole =
            decode(file(text.as_bytes()), &format, &columns, options(1 << 24)).await.unwrap();
        assert_eq!(whole.rejected, decoded.rejected);
    }
}

#[tokio::test]
async fn comments_are_no_rows() {
    let dialect = CsvDialect { comment: Some('#'), ..default() };
    check(&dialect, "# a,b\n1,2\n#\"\n3,#4\n#end", &["1|2", "3|#4"], &[]).await;
    check(&dialect, "\"#1\",2\n#\n", &["#1|2"], &[]).await;
}

#[tokio::test]
async fn b13_headers_and_skipped_lines() {
    let check = |dialect: CsvDialect, text: &'static str, names: &'static [&'static str]| async move {
        let opened = open(file(text.as_bytes()), &Format::Csv(dialect.clone()), options(16)).await;
        assert_eq!(opened.unwrap().names().unwrap(), names);
        let decoded = csv(text.as_bytes(), &dialect, &columns("a:bigint b:bigint")).await;
        assert_eq!(decoded.rows(), [["1", "2"]], "{text:?}");
        let last = text.lines().count() as u64;
        assert_eq!(decoded.faults(), [format!("{last} type_mismatch x,y")]);
    };
    let one = CsvDialect::default();
    check(one.clone(), "a,b\n1,2\nx,y\n", &["a", "b"]).await;
    check(one.clone(), "\u{feff}a,b\r\n\r\n1,2\r\nx,y", &["a", "b"]).await;
    check(one.clone(), "\n\n\"a \"\"q\"\"\n\", b\n1,2\nx,y\n", &["a \"q\"\n", " b"]).await;
    check(one.clone(), "\u{feff}\"a\",b\n1,2\nx,y\n", &["a", "b"]).await;
    let two = CsvDialect { header_rows: 2, comment: Some('#'), ..one.clone() };
    check(two, "#c\na,b\n#d\nunit,unit\n1,2\nx,y\n", &["a", "b"]).await;
    let skip = CsvDialect { skip_lines: 2, ..one };
    check(skip, "Report \"of\n\na,b\n1,2\nx,y\n", &["a", "b"]).await;
}

#[tokio::test]
async fn e10_files_without_a_readable_header_are_invalid() {
    for text in ["", "\n\n", "\u{feff}", "\"a,b\n1,2\n", "a,\"b\"c\n"] {
        let format = Format::Csv(CsvDialect::default());
        let error = open(file(text.as_bytes()), &format, options(16)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text:?}");
        assert!(error.message().contains("header"), "{error}");
    }
    let utf16: Vec<u8> = "\u{feff}a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = open(file(&utf16), &Format::Csv(default()), options(16)).await.unwrap_err();
    assert!(error.message().contains("UTF-16"), "{error}");
}

#[tokio::test]
async fn a18_encodings() {
    let cp1252 = CsvDialect { encoding: Encoding::Windows1252, ..default() };
    let text = b"caf\xe9,\x80\nna\xefve,\"\x93x\x94\"\n\xe9\n";
    let rows = ["café|€", "naïve|“x”"];
    check_columns(&cp1252, "a:string b:string", text, &rows, &["3 too_few_fields é"]).await;
    // In UTF-8 only the rows that hold such bytes in text columns are lost.
    let text = b"\xe9,1\nok,2\n3,\xe9\nno,\"\xff\"\n";
    let faults = [
        "1 bad_encoding \u{fffd},1",
        "3 type_mismatch 3,\u{fffd}",
        "4 type_mismatch no,\"\u{fffd}\"",
    ];
    check_columns(&default(), "a:string b:bigint", text, &["ok|2"], &faults).await;
    let text = "\u{feff}é,😀\n";
    check(&default(), text, &["é|😀"], &[]).await;
}

#[tokio::test]
async fn a18_nul_bytes_are_text() {
    check(&default(), "a\0b,\0\n1,2\n", &["a\0b|\0", "1|2"], &[]).await;
    check_columns(&default(), "a:bigint", b"\0\n1\n", &["1"], &["1 type_mismatch \0"]).await;
}

#[tokio::test]
async fn a18_ten_thousand_columns() {
    let kinds: Vec<_> = (0..10_000).map(|index| format!("c{index}:bigint")).collect();
    let row: Vec<_> = (0..10_000).map(|index| index.to_string()).collect();
    let (kinds, row) = (kinds.join(" "), row.join(","));
    let text = format!("{row}\n{row},1\n{row}");
    let format = Format::Csv(default());
    let columns = columns(&kinds);
    let decoded = decode(file(text.as_bytes()), &format, &columns, options(1000)).await.unwrap();
    assert_eq!(decoded.batch.num_columns(), 10_000);
    assert_eq!(decoded.batch.num_rows(), 2);
    assert_eq!(decoded.rejected[0].detail, "10001 fields where 10000 are expected");
    assert_eq!(decoded.rows()[1][9_999], "9999");
}

#[tokio::test]
async fn one_rejection_a_row_by_the_first_column() {
    let text = "x,y\n1,y\n1,\n2,2\n";
    let faults = ["1 type_mismatch x,y", "2 type_mismatch 1,y", "3 missing_value 1,"];
    check_columns(&default(), "a:bigint b:double!", text.as_bytes(), &["2|2.0"], &faults).await;
    let decoded = csv(text.as_bytes(), &default(), &columns("fare_amount:bigint b:double!")).await;
    let details: Vec<_> = decoded.rejected.iter().map(|row| row.detail.as_str()).collect();
    let expected = [
        "column fare_amount: \"x\" is not a bigint",
        "column b: \"y\" is not a double",
        "column b: no value, and it may not be empty",
    ];
    assert_eq!(details, expected);
    let names: Vec<_> = decoded.rejected.iter().map(|row| row.column.as_deref()).collect();
    assert_eq!(names, [Some("fare_amount"), Some("b"), Some("b")]);
}

#[tokio::test]
async fn the_layout_reorders_skips_and_misses_columns() {
    let format = Format::Csv(default());
    let columns = columns("a:bigint b:string c:string");
    let layout = Layout(vec![Some(1), None, Some(0)]);
    let source = || file(b"x,bad\xff,1\ny,z,2\n");
    let decoded =
        decode_with(source(), &format, &columns, layout.clone(), options(100)).await.unwrap();
    assert_eq!(decoded.rows(), [["1", "x", "~"], ["2", "y", "~"]]);
    let required: Vec<_> = columns
        .iter()
        .map(|column| domain::column::Column { nullable: false, ..column.clone() })
        .collect();
    let decoded = decode_with(source(), &format, &required, layout, options(100)).await.unwrap();
    assert_eq!(decoded.faults().len(), 2);
    assert!(decoded.rejected[0].detail.contains("column c"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn compressed_files_are_recognised_by_their_bytes() {
    let text = "1,2\n".repeat(5000);
    let halves = [&gzip(&text.as_bytes()[..9999]), &gzip(&text.as_bytes()[9999..])];
    let members = [halves[0].as_slice(), halves[1].as_slice()].concat();
    let frames = zstd::encode_all(text.as_bytes(), 1).unwrap();
    for bytes in [gzip(text.as_bytes()), members, frames] {
        let format = Format::Csv(default());
        let columns = columns("a:bigint b:bigint");
        let decoded = decode(chunks(&bytes, 7), &format, &columns, options(1000)).await.unwrap();
        assert_eq!(decoded.batch.num_rows(), 5000);
        assert_eq!(decoded.bytes, 20_000);
    }
}

#[tokio::test]
async fn a18_a_compressed_file_cut_short_or_damaged_fails() {
    let text: String = (0..20_000).map(|row| format!("{row},{}\n", row * 7919 % 10_007)).collect();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    for whole in [gzip(text.as_bytes()), encoder.finish().unwrap()] {
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].fill(0x55);
        let cuts = [5, 12, whole.len() / 2, whole.len() - 1].map(|cut| whole[..cut].to_vec());
        for bytes in cuts.into_iter().chain([damaged]) {
            let format = Format::Csv(default());
            let columns = columns("a:bigint b:bigint");
            let error = decode(file(&bytes), &format, &columns, options(1000)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
            assert!(error.message().contains("damaged or cut short"), "{error}");
        }
    }
}

#[tokio::test]
async fn d18_decompression_is_bounded() {
    let bomb = gzip(&b"1,2\n".repeat(8_000_000));
    let limits = [
        DecodeOptions { max_compression_ratio: 20, ..options(1 << 20) },
        DecodeOptions { max_decompressed_bytes: 1_000_000, ..options(1 << 20) },
    ];
    for limit in limits {
        let format = Format::Csv(default());
        let columns = columns("a:bigint b:bigint");
        let error = decode(file(&bomb), &format, &columns, limit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.message().contains("decompress") || error.message().contains("compressed"));
    }
}

#[tokio::test]
async fn errors_of_the_store_keep_their_kind() {
    use futures::StreamExt;
    let failing = || {
        let chunks = [
            Ok(bytes::Bytes::from_static(b"1,2\n3,4\n")),
            Err(domain::Error::new(ErrorKind::Throttled, "slow down")),
        ];
        super::RawBytes::Stream(futures::stream::iter(chunks).boxed())
    };
    let columns = columns("a:bigint b:bigint");
    let error =
        decode(failing(), &Format::Csv(default()), &columns, options(16)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.message(), "slow down");
}
