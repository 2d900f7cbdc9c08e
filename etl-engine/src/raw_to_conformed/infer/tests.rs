//! Tests of proposals: formats, names, types and the reasons given.

use std::io::Write;

use domain::column::ColumnType;
use domain::source::{CsvDialect, Encoding, Format, LineEnding};

use super::*;

fn stream(bytes: &[u8]) -> RawBytes {
    let chunks: Vec<_> =
        bytes.chunks(1000).map(|chunk| Ok(bytes::Bytes::copy_from_slice(chunk))).collect();
    RawBytes::Stream(Box::pin(futures::stream::iter(chunks)))
}

async fn proposal(bytes: &[u8]) -> Proposal {
    propose(stream(bytes), "file.csv", &ProposeOptions::default()).await.unwrap()
}

fn dialect(proposal: &Proposal) -> &CsvDialect {
    match &proposal.format {
        Format::Csv(dialect) => dialect,
        other => panic!("{other:?} is not CSV"),
    }
}

/// `name:type` of all columns.
fn columns(proposal: &Proposal) -> String {
    let column = |proposed: &ProposedColumn| {
        format!("{}:{}", proposed.column.name, proposed.column.column_type)
    };
    proposal.columns.iter().map(column).collect::<Vec<_>>().join(" ")
}

/// Compares the type and the reason proposed for the values of one column.
async fn check(values: &[&str], column_type: &str, why: &str) {
    let rows: String = values.iter().map(|value| format!("x,{value}\n")).collect();
    let found = proposal(format!("key,value\n{rows}").as_bytes()).await;
    let column = &found.columns[1];
    assert_eq!(column.column.column_type.to_string(), column_type, "{values:?}");
    assert!(column.why.contains(why), "{values:?}: {}", column.why);
}

#[tokio::test]
async fn b3_the_narrowest_type_that_fits_every_value() {
    check(&["1", "265", "", "7"], "bigint", "all 3 values are whole numbers from 1 to 265").await;
    check(&["1", "2", "2.0"], "double", "for example \"2.0\"").await;
    check(&["1", "1e3"], "double", "\"1e3\"").await;
    check(&["true", "FALSE"], "boolean", "all 2 values are true or false").await;
    check(&["0", "1"], "bigint", "from 0 to 1").await;
    check(&["2020-08-01", "2020-08-02"], "date", "all 2 values are dates").await;
    check(&["2020-08-01", "2020-08-02 10:00:00"], "timestamp", "with a time").await;
    check(&["2020-08-01 10:00:00"], "timestamp", "the only value").await;
    check(&["", ""], "string", "no row has a value").await;
    check(&["1", "x"], "string", "text, for example \"x\"").await;
    check(&["1", "true"], "string", "several kinds").await;
    check(&["01/02/2020"], "string", "do not tell the day from the month").await;
    check(&["01/02/2020", "31/01/2020"], "date", "all 2 values are dates written %d/%m/%Y").await;
    check(&["01/02/2020", "3"], "string", "text, for example \"01/02/2020\"").await;
    check(&["-5000000", "3"], "bigint", "from -5,000,000 to 3").await;
}

#[tokio::test]
async fn b3_what_a_number_would_lose_stays_text() {
    let why = "leading zeros, for example \"007\", would be lost as a number";
    check(&["12", "007"], "string", why).await;
    check(&["0", "0.5", "-0.5"], "double", "").await;
    check(&["+49123"], "string", "a plus").await;
    check(&["1", "9223372036854775808"], "string", "beyond 64 bits").await;
    check(&["9223372036854775807"], "bigint", "").await;
}

#[tokio::test]
async fn b3_a_late_value_counts_like_an_early_one() {
    let rows = "1,2\n".repeat(600_000);
    let found = proposal(format!("a,b\n{rows}1,2.5\n").as_bytes()).await;
    assert_eq!(columns(&found), "a:bigint b:double");
    assert_eq!(found.rows, 600_001);
    let why = &found.columns[1].why;
    assert!(why.contains("all 600,001 values"), "{why}");
    let rows = "1,abc\n".repeat(300_000);
    let mut text = format!("a,b\n{rows}").into_bytes();
    text.extend_from_slice(b"1,caf\xe9\n");
    let found = proposal(&text).await;
    assert_eq!(dialect(&found).encoding, Encoding::Windows1252);
    assert_eq!(found.rows_rejected, 0);
}

#[tokio::test]
async fn examples_and_nulls_are_shown() {
    let found = proposal(b"a,b\n3,\n1,\n3,x\n,y\n5,\n6,\n7,\n8,\n").await;
    assert_eq!(found.columns[0].examples, ["3", "1", "5", "6", "7"]);
    assert_eq!((found.columns[0].nulls, found.columns[1].nulls), (1, 6));
    assert_eq!((found.rows, found.rows_rejected), (8, 0));
}

#[tokio::test]
async fn b13_dialects_are_recognised() {
    for (delimiter, text) in [
        (',', "a,b\n1,x\n2,y\n"),
        (';', "a;b\n1;x, y, z\n2;y, z\n"),
        ('\t', "a\tb\n1\tx y\n2\ty\n"),
        ('|', "a|b\n1|x\n2|\"y|z\"\n"),
    ] {
        let found = proposal(text.as_bytes()).await;
        assert_eq!(dialect(&found).delimiter, delimiter, "{text:?}");
        assert_eq!(columns(&found), "a:bigint b:string", "{text:?}");
        assert_eq!(found.rows, 2);
    }
    let found = proposal(b"a\rb\rc\r").await;
    assert_eq!(dialect(&found).line_ending, LineEnding::Cr);
    assert_eq!((columns(&found), found.rows), ("a:string".to_owned(), 2));
    let found = proposal(b"a,b\n'x, y',1\n'z',2\n").await;
    assert_eq!(dialect(&found).quote, Some('\''));
    let found = proposal(b"a,b\n\"x\\\", y\",1\n\"z\",2\n").await;
    assert_eq!(dialect(&found).escape, Some('\\'));
    assert_eq!(columns(&found), "a:string b:bigint");
    let found = proposal(b"# made by hand\na,b\n1,2\n").await;
    assert_eq!(dialect(&found).comment, Some('#'));
    assert_eq!(columns(&found), "a:bigint b:bigint");
    let found = proposal(b"a,b\ncaf\xe9,1\n").await;
    assert_eq!(dialect(&found).encoding, Encoding::Windows1252);
    assert_eq!(found.columns[0].examples, ["café"]);
}

#[tokio::test]
async fn b13_headers_are_recognised() {
    let found = proposal(b"1,x\n2,y\n").await;
    assert_eq!(dialect(&found).header_rows, 0);
    assert_eq!(columns(&found), "column_1:bigint column_2:string");
    assert_eq!(found.rows, 2);
    let found = proposal("\u{feff}name,,b,b\nx,1,2,3\n".as_bytes()).await;
    assert_eq!(columns(&found), "name:string column_2:bigint b:bigint b_2:bigint");
    assert_eq!(found.columns[3].column.source_name, "b_2");
}

#[tokio::test]
async fn b6_names_never_collide_with_partition_keys() {
    let found = proposal(b"Year,month,Day,Trip  Distance,trip_distance\n2020,8,1,5,6\n").await;
    let names: Vec<_> = found.columns.iter().map(|proposed| &proposed.column.name).collect();
    let expected =
        ["source_year", "source_month", "source_day", "trip_distance", "trip_distance_2"];
    assert_eq!(names, expected);
    assert_eq!(found.columns[0].column.source_name, "Year");
}

#[tokio::test]
async fn decimal_commas_are_recognised() {
    let found = proposal(b"a;b;c\n1,5;1.234,50;x\n2;3;y\n").await;
    assert!(dialect(&found).decimal_comma);
    assert_eq!(columns(&found), "a:double b:double c:string");
    let found = proposal(b"a;b\n1.5;x, y\n2;y\n").await;
    assert!(!dialect(&found).decimal_comma);
    assert_eq!(columns(&found), "a:double b:string");
}

#[tokio::test]
async fn words_for_no_value_are_recognised_where_they_hide_a_type() {
    let found = proposal(b"a,b,c\n1,NULL,x\nNULL,NULL,NULL\n3,2020-08-01,\\N\n").await;
    assert_eq!(dialect(&found).null_strings, ["\\N", "NULL"]);
    assert_eq!(columns(&found), "a:bigint b:date c:string");
    assert_eq!(found.columns.iter().map(|c| c.nulls).collect::<Vec<_>>(), [1, 2, 2]);
    assert!(found.columns[1].why.contains("2 say NULL, which means empty"), "{found:?}");
    // Namibia, and words in a column of words, are values.
    let found = proposal(b"country,n\nDE,1\nNA,2\nNone,3\n").await;
    assert!(dialect(&found).null_strings.is_empty());
    assert_eq!((found.columns[0].nulls, columns(&found).as_str()), (0, "country:string n:bigint"));
}

#[tokio::test]
async fn titles_before_the_header_are_skipped() {
    for text in [
        "Trips of August\n\nid,name,n\n1,x,2\n2,y,3\n",
        "Trips of August,,\n,,\nid,name,n\n1,x,2\n2,y,3\n",
    ] {
        let found = proposal(text.as_bytes()).await;
        assert_eq!(dialect(&found).skip_lines, 2, "{text:?}");
        assert_eq!(columns(&found), "id:bigint name:string n:bigint");
        assert_eq!((found.rows, found.rows_rejected), (2, 0));
    }
    // Rows wider than the header, a ragged first row: nothing is skipped.
    for text in ["a,b\nw,x,y\n1,2,3\n3,4,5\n", "id,name\n1,x\n2,y\n", "1\n1,2\n3,4\n"] {
        assert_eq!(dialect(&proposal(text.as_bytes()).await).skip_lines, 0, "{text:?}");
    }
}

#[tokio::test]
async fn distinct_values_are_counted_up_to_a_bound() {
    let rows: String = (0..1500).map(|n| format!("{n},{}\n", n % 7)).collect();
    let found = proposal(format!("a,b\n{rows}").as_bytes()).await;
    let distinct: Vec<_> = found.columns.iter().map(|column| column.distinct).collect();
    assert_eq!(distinct, [Some(1000), Some(7)]);
}

#[tokio::test]
async fn d18_a_sample_is_read_within_bounds_and_says_so() {
    let text = format!("a,b\n{}", "1,2\n".repeat(100_000));
    let bounds = SampleBounds { max_rows: 1000, ..SampleBounds::default() };
    let decode = DecodeOptions { block_bytes: 8192, ..DecodeOptions::default() };
    let options = ProposeOptions { bounds, decode, ..ProposeOptions::default() };
    let found = propose(stream(text.as_bytes()), "x.csv", &options).await.unwrap();
    assert!(!found.is_whole && (1000..10_000).contains(&found.rows), "{} rows", found.rows);
    assert!(proposal(b"a,b\n1,2\n").await.is_whole);
}

#[tokio::test]
async fn the_head_of_a_compressed_file_is_a_sample() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for row in 0..400_000 {
        writeln!(encoder, "{row},x{}", row * 7919_u64).unwrap();
    }
    let bytes = encoder.finish().unwrap();
    let head = &bytes[..bytes.len() / 2];
    let whole = propose(stream(head), "x.csv.gz", &ProposeOptions::default()).await;
    assert_eq!(whole.unwrap_err().kind(), domain::ErrorKind::Invalid);
    let bounds = SampleBounds { is_cut: true, ..SampleBounds::default() };
    let decode = DecodeOptions { block_bytes: 65_536, ..DecodeOptions::default() };
    let options = ProposeOptions { bounds, decode, ..ProposeOptions::default() };
    let found = propose(stream(head), "x.csv.gz", &options).await.unwrap();
    assert!(!found.is_whole && found.rows > 10_000);
    assert_eq!(columns(&found), "column_1:bigint column_2:string");
}

#[tokio::test]
async fn malformed_rows_are_shown() {
    let found = proposal(b"a,b\n1,2\n3\n4,5\n\"6,7\n8,9\n").await;
    assert_eq!((found.rows, found.rows_rejected), (5, 2));
    let lines: Vec<_> = found.rejected.iter().map(|row| row.line).collect();
    assert_eq!(lines, [3, 5]);
}

#[tokio::test]
async fn json_lines_are_recognised() {
    let text = b"{\"b\":1,\"a\":\"x\",\"day\":\"2020-08-01\"}\n{\"b\":2.5,\"late\":{\"n\":[1]}}\n";
    let found = proposal(text).await;
    assert_eq!(found.format, Format::JsonLines);
    assert_eq!(columns(&found), "b:double a:string source_day:date late:string");
    assert_eq!(found.columns[3].examples, ["{\"n\":[1]}"]);
    assert_eq!(found.columns[3].nulls, 1);
}

#[tokio::test]
async fn parquet_is_recognised() {
    use arrow::array::{ArrayRef, Int32Array, StringArray};
    let numbers = Arc::new(Int32Array::from(vec![Some(1), None, Some(1)])) as ArrayRef;
    let texts = Arc::new(StringArray::from(vec!["x", "y", "z"])) as ArrayRef;
    let batch =
        arrow::record_batch::RecordBatch::try_from_iter([("Number", numbers), ("text", texts)]);
    let batch = batch.unwrap();
    let mut bytes = Vec::new();
    let mut writer =
        ::parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let found = proposal(&bytes).await;
    assert_eq!(found.format, Format::Parquet);
    assert_eq!(columns(&found), "number:bigint text:string");
    assert_eq!(found.columns[0].examples, ["1"]);
    assert_eq!((found.columns[0].nulls, found.rows), (1, 3));
    assert!(found.columns[0].why.contains("Int32"), "{}", found.columns[0].why);
}

#[tokio::test]
async fn a_given_format_is_kept_and_compression_recognised() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"1;2\n3;4\n").unwrap();
    let format = Format::Csv(CsvDialect { header_rows: 0, ..CsvDialect::default() });
    let options = ProposeOptions { format: Some(format.clone()), ..ProposeOptions::default() };
    let bytes = encoder.finish().unwrap();
    let found = propose(stream(&bytes), "x.csv.gz", &options).await.unwrap();
    assert_eq!(found.format, format);
    assert_eq!(columns(&found), "column_1:string");
    let found = proposal(&bytes).await;
    assert_eq!(columns(&found), "column_1:bigint column_2:bigint");
}

#[tokio::test]
async fn e10_files_that_say_nothing_are_invalid() {
    for bytes in [b"".as_slice(), b"\n\n", &[0x1f, 0x8b, 0x08], b"PAR1 and no more"] {
        let result = propose(stream(bytes), "x", &ProposeOptions::default()).await;
        assert_eq!(result.unwrap_err().kind(), domain::ErrorKind::Invalid, "{bytes:?}");
    }
}

#[tokio::test]
async fn b3_real_trip_records_are_proposed_as_they_are() {
    let folders = [
        std::env::var("SLUICE_TEST_DATA").unwrap_or_default(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned(),
    ];
    let open = |folder: &String| {
        std::fs::File::open(format!("{folder}/green_tripdata_2020-08.csv.gz")).ok()
    };
    let Some(file) = folders.iter().find_map(open) else {
        println!("SKIPPED green_tripdata_2020-08.csv.gz: not present");
        return;
    };
    let options = ProposeOptions::default();
    let found = propose(RawBytes::File(file), "green.csv.gz", &options).await.unwrap();
    assert_eq!((found.rows, found.rows_rejected), (81_063, 0));
    let kind = |name: &str| {
        let column = found.columns.iter().find(|proposed| proposed.column.name == name).unwrap();
        (column.column.column_type, column.why.clone())
    };
    assert_eq!(kind("lpep_pickup_datetime").0, ColumnType::Timestamp);
    assert_eq!(kind("ehail_fee").0, ColumnType::String);
    assert_eq!(kind("fare_amount").0, ColumnType::Double);
    assert_eq!(kind("store_and_fwd_flag").0, ColumnType::String);
    let (column_type, why) = kind("pulocationid");
    assert_eq!(column_type, ColumnType::BigInt);
    assert!(why.starts_with("all 81,063 values are whole numbers from "), "{why}");
}
