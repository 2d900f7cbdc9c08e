//! Parquet files: types brought to the pinned ones, rows that do not fit.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float64Array, Int32Array, Int64Array, ListArray, MapBuilder, StringArray, StringBuilder,
    StructArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use arrow::record_batch::RecordBatch;
use domain::ErrorKind;
use domain::source::Format;
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::{Decoded, chunks, columns, decode, decode_with, file, options};
use crate::raw_to_conformed::decode::{Layout, open};

fn written(arrays: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        arrays.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

async fn read(array: ArrayRef, kind: &str) -> Decoded {
    let bytes = written(vec![("a", array)]);
    let columns = columns(&format!("a:{kind}"));
    decode(chunks(&bytes, 1000), &Format::Parquet, &columns, options(1 << 20)).await.unwrap()
}

/// Compares the values that fit, and the row numbers of those that do not.
async fn check(array: ArrayRef, kind: &str, values: &[&str], bad: &[u64]) {
    let shown = format!("{:?} as {kind}", array.data_type());
    let decoded = read(array, kind).await;
    let found: Vec<_> = decoded.rows().into_iter().flatten().collect();
    assert_eq!(found, values, "{shown}");
    let lines: Vec<_> = decoded.rejected.iter().map(|row| row.line).collect();
    assert_eq!(lines, bad, "{shown}");
    assert_eq!(decoded.rows_read, (values.len() + bad.len()) as u64);
}

#[tokio::test]
async fn numbers_fit_without_loss_or_not_at_all() {
    let doubles = || {
        let values = [Some(2.0), Some(2.5), None, Some(-0.0), Some(f64::NAN), Some(1e300)];
        Arc::new(Float64Array::from(values.to_vec())) as ArrayRef
    };
    check(doubles(), "bigint", &["2", "~", "0"], &[2, 5, 6]).await;
    check(doubles(), "decimal(5,1)", &["2.0", "2.5", "~", "0.0"], &[5, 6]).await;
    check(doubles(), "double", &["2.0", "2.5", "~", "-0.0", "NaN", "1e300"], &[]).await;
    let longs = || Arc::new(Int64Array::from(vec![1, i64::MAX, -5])) as ArrayRef;
    check(longs(), "int", &["1", "-5"], &[2]).await;
    check(longs(), "double", &["1.0", "-5.0"], &[2]).await;
    check(longs(), "boolean", &["true"], &[2, 3]).await;
    check(longs(), "timestamp", &[], &[1, 2, 3]).await;
    let unsigned = Arc::new(UInt64Array::from(vec![7, u64::MAX]));
    check(unsigned, "bigint", &["7"], &[2]).await;
    let decimals = Decimal128Array::from(vec![100, 150]).with_precision_and_scale(5, 2).unwrap();
    check(Arc::new(decimals.clone()), "bigint", &["1"], &[2]).await;
    check(Arc::new(decimals), "double", &["1.0", "1.5"], &[]).await;
    let flags = Arc::new(BooleanArray::from(vec![true]));
    check(flags.clone(), "bigint", &[], &[1]).await;
    check(flags, "string", &["true"], &[]).await;
}

#[tokio::test]
async fn times_are_in_microseconds() {
    let nanos = Arc::new(TimestampNanosecondArray::from(vec![Some(1_000), Some(1_001), None]));
    check(nanos, "timestamp", &["1970-01-01T00:00:00.000001", "~"], &[2]).await;
    let zoned = TimestampMillisecondArray::from(vec![1_598_893_500_000]).with_timezone("+02:00");
    check(Arc::new(zoned), "timestamp", &["2020-08-31T17:05:00"], &[]).await;
    let days = Arc::new(Date32Array::from(vec![1]));
    check(days, "timestamp", &["1970-01-02T00:00:00"], &[]).await;
    let times = Arc::new(TimestampMillisecondArray::from(vec![86_400_000, 1]));
    check(times, "date", &["1970-01-02"], &[2]).await;
}

#[tokio::test]
async fn texts_are_read_as_in_other_formats() {
    let texts =
        || Arc::new(StringArray::from(vec![Some("7"), Some("x"), None, Some("")])) as ArrayRef;
    check(texts(), "bigint", &["7", "~"], &[2, 4]).await;
    check(texts(), "string", &["7", "x", "~", ""], &[]).await;
    let bytes = Arc::new(BinaryArray::from(vec![b"ok".as_slice(), b"\xff"]));
    check(bytes, "string", &["ok"], &[2]).await;
    let words: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("a")].into_iter().collect();
    check(Arc::new(words), "string", &["a", "~", "a"], &[]).await;
}

#[tokio::test]
async fn nested_columns_become_json_text() {
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    check(Arc::new(lists.clone()), "string", &["[1,null]", "~"], &[]).await;
    let text = Arc::new(StringArray::from(vec!["q\"", "y"])) as ArrayRef;
    let structs = StructArray::from(vec![
        (Arc::new(Field::new("x", DataType::Utf8, true)), text),
        (Arc::new(Field::new("l", lists.data_type().clone(), true)), Arc::new(lists) as ArrayRef),
    ]);
    let expected = ["{\"x\":\"q\\\"\",\"l\":[1,null]}", "{\"x\":\"y\",\"l\":null}"];
    check(Arc::new(structs), "string", &expected, &[]).await;
    let mut maps = MapBuilder::new(None, StringBuilder::new(), arrow::array::Int32Builder::new());
    maps.keys().append_value("k");
    maps.values().append_value(5);
    maps.append(true).unwrap();
    check(Arc::new(maps.finish()), "string", &["{\"k\":5}"], &[]).await;
}

#[tokio::test]
async fn a18_rejected_rows_name_row_and_column() {
    let numbers = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])) as ArrayRef;
    let texts = Arc::new(StringArray::from(vec!["1", "2", "x"])) as ArrayRef;
    let bytes = written(vec![("unread", texts.clone()), ("b", texts), ("a", numbers)]);
    let columns = columns("a:bigint! b:double");
    let layout = Layout(vec![None, Some(1), Some(0)]);
    let opened = open(file(&bytes), &Format::Parquet, options(100)).await.unwrap();
    assert_eq!(opened.names().unwrap(), ["unread", "b", "a"]);
    let decoded =
        decode_with(file(&bytes), &Format::Parquet, &columns, layout, options(100)).await.unwrap();
    assert_eq!(decoded.rows(), [["1", "1.0"]]);
    let faults =
        ["2 missing_value {\"b\":\"2\",\"a\":null}", "3 type_mismatch {\"b\":\"x\",\"a\":3}"];
    assert_eq!(decoded.faults(), faults);
    assert_eq!(decoded.rejected[1].detail, "column b: \"x\" is not a double");
}

#[tokio::test]
async fn row_numbers_go_on_over_batches() {
    let values: Vec<_> =
        (0..200_000_i64).map(|row| if row == 150_000 { i64::MAX } else { row }).collect();
    let decoded = read(Arc::new(Int64Array::from(values)), "int").await;
    assert!(decoded.blocks > 1);
    assert_eq!(decoded.rejected[0].line, 150_001);
    assert_eq!(decoded.rows()[199_998], ["199999"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn e10_damaged_parquet_is_an_error_or_other_rows(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let numbers = Arc::new(Int64Array::from_iter_values(0..50)) as ArrayRef;
        let texts = Arc::new(StringArray::from_iter_values((0..50).map(|n| n.to_string())));
        let mut bytes = written(vec![("a", numbers), ("b", texts)]);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let columns = columns("a:bigint b:string");
        let result =
            runtime.block_on(decode(file(&bytes), &Format::Parquet, &columns, options(1000)));
        if let Err(error) = result {
            prop_assert_eq!(error.kind(), ErrorKind::Invalid, "{}", error);
        }
    }
}
