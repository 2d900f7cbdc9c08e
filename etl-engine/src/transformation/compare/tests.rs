//! Comparisons of small results whose differences are known.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};

use super::{Comparison, DEFAULT_TOLERANCE, RowChange, RowCounts, Rule, compare};

fn rows(ids: &[Option<i64>], names: &[&str], amounts: &[Option<f64>]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
    let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
    let amounts: ArrayRef = Arc::new(Float64Array::from(amounts.to_vec()));
    let columns = [("id", ids, true), ("name", names, true), ("amount", amounts, true)];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn by(keys: &[&str]) -> Rule {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Rule { keys, tolerance: DEFAULT_TOLERANCE }
}

fn check(old: &RecordBatch, new: &RecordBatch, keys: &[&str]) -> Comparison {
    let comparison = compare(old, new, &by(keys)).unwrap();
    let RowCounts { old, new, added, removed, changed, unchanged } = comparison.rows;
    assert_eq!(old, removed + changed + unchanged, "every old row is counted once");
    assert_eq!(new, added + changed + unchanged, "every new row is counted once");
    comparison
}

#[test]
fn rows_are_added_removed_changed_and_unchanged_by_key() {
    let old = rows(
        &[Some(1), Some(2), Some(3), None],
        &["a", "b", "c", "n"],
        &[Some(1.0), None, Some(3.0), Some(9.0)],
    );
    let new = rows(
        &[None, Some(4), Some(3), Some(2)],
        &["n", "d", "x", "b"],
        &[Some(9.0), Some(4.0), Some(3.0), Some(2.0)],
    );
    let found = check(&old, &new, &["id"]);
    let RowCounts { added, removed, changed, unchanged, .. } = found.rows;
    assert_eq!((added, removed, changed, unchanged), (1, 1, 2, 1));
    let differing: Vec<_> =
        found.columns.iter().map(|c| (c.name.as_str(), c.compared, c.differing)).collect();
    assert_eq!(differing, [("id", 3, 0), ("name", 3, 1), ("amount", 3, 1)]);
    let changed: Vec<_> =
        found.examples.iter().filter(|example| example.change == RowChange::Changed).collect();
    assert_eq!(changed[0].key, [Some("2".to_owned())]);
    assert_eq!(changed[0].cells.len(), 1);
    assert_eq!(changed[0].cells[0].column, "amount");
    assert_eq!(
        (&changed[0].cells[0].old, changed[0].cells[0].new.as_deref()),
        (&None, Some("2.0"))
    );
    assert!(!found.is_same());
}

#[test]
fn order_and_tiny_differences_of_doubles_do_not_count() {
    let old = rows(&[Some(1), Some(2)], &["a", "b"], &[Some(0.3), Some(1e9)]);
    let new = rows(&[Some(2), Some(1)], &["b", "a"], &[Some(1e9 + 1e-4), Some(0.1 + 0.2)]);
    for keys in [&["id"][..], &[]] {
        let found = check(&old, &new, keys);
        assert!(found.is_same(), "{keys:?}: {found:?}");
        assert_eq!(found.examples, []);
    }
    let exact = Rule { tolerance: 0.0, ..by(&["id"]) };
    assert_eq!(compare(&old, &new, &exact).unwrap().rows.changed, 2);
}

#[test]
fn whole_rows_are_added_and_removed_never_changed() {
    let old =
        rows(&[Some(1), Some(1), Some(2)], &["a", "a", "b"], &[Some(1.0), Some(1.0), Some(2.0)]);
    let new =
        rows(&[Some(1), Some(2), Some(2)], &["a", "b", "b"], &[Some(1.0), Some(2.0), Some(5.0)]);
    let found = check(&old, &new, &[]);
    let RowCounts { added, removed, changed, unchanged, .. } = found.rows;
    assert_eq!((added, removed, changed, unchanged), (1, 1, 0, 2));
    assert_eq!((found.duplicates_old, found.duplicates_new), (0, 0));
}

#[test]
fn repeated_keys_are_told_and_equal_rows_paired_first() {
    let old = rows(&[Some(1), Some(1), Some(1)], &["a", "b", "c"], &[None, None, None]);
    let new = rows(&[Some(1), Some(1), Some(2)], &["c", "z", "d"], &[None, None, None]);
    let found = check(&old, &new, &["id"]);
    assert_eq!((found.duplicates_old, found.duplicates_new), (1, 1));
    let RowCounts { added, removed, changed, unchanged, .. } = found.rows;
    assert_eq!((added, removed, changed, unchanged), (1, 1, 1, 1));
}

#[test]
fn columns_that_only_one_has_or_that_changed_their_type_are_told() {
    let old = rows(&[Some(1)], &["a"], &[Some(1.0)]);
    let ids: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let extra: ArrayRef = Arc::new(StringArray::from(vec!["new"]));
    let amounts: ArrayRef = Arc::new(StringArray::from(vec!["1.0"]));
    let columns = [("id", ids, true), ("extra", extra, true), ("amount", amounts, true)];
    let new = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let found = check(&old, &new, &["id"]);
    assert_eq!(found.rows.unchanged, 1, "values are alike although their types are not");
    let types: Vec<_> = found
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.old_type.as_deref(), c.new_type.as_deref()))
        .collect();
    assert_eq!(
        types,
        [
            ("id", Some("bigint"), Some("double")),
            ("extra", None, Some("string")),
            ("amount", Some("double"), Some("string")),
            ("name", Some("string"), None),
        ]
    );
    assert!(!found.is_same());
}

#[test]
fn examples_are_twenty_of_each_kind() {
    let ids: Vec<_> = (0..100).map(Some).collect();
    let names = vec!["a"; 100];
    let old = rows(&ids, &names, &vec![Some(1.0); 100]);
    let later: Vec<_> = (50..150).map(Some).collect();
    let new = rows(&later, &names, &vec![Some(2.0); 100]);
    let found = check(&old, &new, &["id"]);
    let of = |change| found.examples.iter().filter(|example| example.change == change).count();
    let kinds = [RowChange::Added, RowChange::Removed, RowChange::Changed];
    assert_eq!(kinds.map(of), [20, 20, 20]);
    assert_eq!((found.rows.added, found.rows.removed, found.rows.changed), (50, 50, 50));
}

#[test]
fn a_key_that_is_no_column_is_refused_by_name() {
    let some = rows(&[Some(1)], &["a"], &[None]);
    let error = compare(&some, &some, &by(&["nope"])).unwrap_err();
    assert!(error.message().contains("\"nope\""), "{error}");
    let none = rows(&[], &[], &[]);
    assert_eq!(check(&none, &some, &["id"]).rows.added, 1);
    assert!(check(&none, &none, &["id", "name", "amount"]).is_same());
}
