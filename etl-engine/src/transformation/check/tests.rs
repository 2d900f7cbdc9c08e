//! Findings over wrong SQL: each says what, and stands under the right words.

use super::{Checked, Severity, check};
use crate::query::fixture::{REFERENCE_SQL, lake, yellow, zones};

const T: &str = "datalake_raw_source.yellow_taxi_trip_record";

async fn checked(sql: &str) -> Checked {
    let lake = lake(&[yellow(), zones()]).await;
    check(sql, lake.catalog.as_ref(), &[], &yellow().name).await.unwrap()
}

/// The text with the places of the findings in `«»`, and what they say.
async fn marked(sql: &str) -> (String, Vec<String>, Vec<Option<String>>) {
    let sql = sql.replace("T!", T);
    let checked = checked(&sql).await;
    let mut lines: Vec<Vec<char>> = sql.lines().map(|line| line.chars().collect()).collect();
    for finding in checked.findings.iter().rev() {
        let place = finding.place;
        let end = place.end_column as usize - 1;
        lines[place.end_line as usize - 1].insert(end, '»');
        lines[place.line as usize - 1].insert(place.column as usize - 1, '«');
    }
    let lines: Vec<String> = lines.into_iter().map(|line| line.into_iter().collect()).collect();
    let messages = checked.findings.iter().map(|finding| finding.message.clone()).collect();
    let suggestions = checked.findings.iter().map(|finding| finding.suggestion.clone()).collect();
    (lines.join("\n").replace(T, "T!"), messages, suggestions)
}

async fn expect(sql: &str, place: &str, word: &str, suggestion: Option<&str>) {
    let (marked, messages, suggestions) = marked(sql).await;
    assert_eq!(marked, place, "{messages:?}");
    assert!(messages.iter().any(|message| message.contains(word)), "{word} in {messages:?}");
    if suggestion.is_some() {
        assert_eq!(suggestions[0].as_deref(), suggestion, "{messages:?}");
    }
}

#[tokio::test]
async fn sound_sql_has_no_findings_and_an_output() {
    let checked = checked(REFERENCE_SQL).await;
    assert_eq!(checked.findings, []);
    assert!(checked.is_sound());
    assert_eq!(checked.output.len(), 15);
    let count = &checked.output[0];
    assert_eq!((count.name.as_str(), count.column_type.as_str()), ("count", "bigint"));
    assert!(!count.nullable && checked.output[2].is_partition_key());
    assert_eq!(checked.inputs, [yellow().name]);
}

#[tokio::test]
async fn an_error_stands_under_its_words() {
    for (sql, place, word, suggestion) in [
        ("select from T!", "«select» from T!", "year, month, day", None),
        ("select 1 +", "select 1 «+»", "Expected", None),
        ("selct 1", "«selct» 1", "not allowed", None),
        ("values (1)", "«values» (1)", "exactly one SELECT", None),
        (
            "select fare_amout, year, month, day from T!",
            "select «fare_amout», year, month, day from T!",
            "did you mean \"fare_amount\"",
            Some("fare_amount"),
        ),
        (
            "select t.extr + 1 as x, year, month, day from T! t",
            "select «t.extr» + 1 as x, year, month, day from T! t",
            "\"extr\"",
            Some("t.extra"),
        ),
        (
            "select extra, year, month, day\nfrom datalake_raw_source.yelow_taxi_trip_record",
            "select extra, year, month, day\nfrom «datalake_raw_source.yelow_taxi_trip_record»",
            "no table",
            Some(T),
        ),
        (
            "select extra, year, month, day from datalake_raw_sauce.yellow_taxi_trip_record",
            "select extra, year, month, day from «datalake_raw_sauce.yellow_taxi_trip_record»",
            "no database",
            Some(T),
        ),
        (
            "select summ(extra) e, year, month, day from T! group by year, month, day",
            "select «summ»(extra) e, year, month, day from T! group by year, month, day",
            "no function \"summ\"",
            Some("sum"),
        ),
        (
            "select extra, sum(tip_amount) t, year, month, day from T! group by year, month, day",
            "select «extra», sum(tip_amount) t, year, month, day from T! group by year, month, day",
            "GROUP BY",
            None,
        ),
        (
            "select store_and_fwd_flag and extra > 1 as b, year, month, day from T!",
            "select «store_and_fwd_flag and extra > 1» as b, year, month, day from T!",
            "",
            None,
        ),
        (
            "select sum(extra) a, sum(tip_amount) b, sum(upper(store_and_fwd_flag)) c, sum(fare_amount) d, year, month, day from T! group by year, month, day",
            "select sum(extra) a, sum(tip_amount) b, sum(upper(«store_and_fwd_flag»)) c, sum(fare_amount) d, year, month, day from T! group by year, month, day",
            "sum does not take string",
            None,
        ),
        (
            "select upper(sqrt(store_and_fwd_flag)) u, year, month, day from T!",
            "select upper(sqrt(«store_and_fwd_flag»)) u, year, month, day from T!",
            "sqrt",
            None,
        ),
    ] {
        expect(sql, place, word, suggestion).await;
    }
}

#[tokio::test]
async fn empty_sql_has_one_finding_at_its_beginning() {
    for sql in ["", "  \n -- nothing"] {
        let checked = checked(sql).await;
        assert!(checked.findings[0].message.contains("empty"), "{checked:?}");
        assert_eq!((checked.findings[0].place.line, checked.findings.len()), (1, 1));
    }
}

#[tokio::test]
async fn all_errors_are_found_at_once() {
    let sql = "select a1, extra, b2 + 1 as b, year, month, day from T! where c3 > 1";
    let (marked, messages, _) = marked(sql).await;
    let wanted = "select «a1», extra, «b2» + 1 as b, year, month, day from T! where «c3» > 1";
    assert_eq!(marked, wanted, "{messages:?}");
    let sql = "select sum(tip_amuont) t, year, month, day from T! group by year, month, day";
    let (marked, messages, _) = super::tests::marked(sql).await;
    assert_eq!(messages, ["there is no column \"tip_amuont\", did you mean \"tip_amount\"?"]);
    assert!(marked.contains("sum(«tip_amuont»)"), "{marked}");
}

#[tokio::test]
async fn what_follows_from_an_error_is_not_told() {
    for sql in [
        "select sum (tip_amuont) t, year, month, day from T! group by year, month, day",
        "select round(sum(tip_amuont), 2) t, year, month, day from T! group by year, month, day",
        "select sum(distinct tip_amuont) over (partition by day) t, year, month, day from T!",
        "with c as (select tip_amuont t, year, month, day from T!) \
         select sum(t) t, year, month, day from c group by year, month, day",
        "select avg(c.t) t, year, month, day from \
         (select tip_amuont + 1 as t, year, month, day from T!) c group by year, month, day",
        "select sum(tip_amount) t, sum(tip_amuont) u, sum(tip_amuont) v, year, month, day from T! \
         group by year, month, day",
    ] {
        let (marked, messages, _) = marked(sql).await;
        let wanted = "there is no column \"tip_amuont\", did you mean \"tip_amount\"?";
        assert!(messages.iter().all(|message| message == wanted), "{marked}: {messages:?}");
        assert_eq!(messages.len(), sql.matches("tip_amuont").count(), "{marked}: {messages:?}");
    }
}

#[tokio::test]
async fn calls_of_functions_that_do_not_exist_are_all_found() {
    let sql = "select summ(extra) e, coalesce(1, summ(2)) f, year, month, day from T! \
               group by year, month, day";
    let (marked, messages, _) = marked(sql).await;
    let wanted = "select «summ»(extra) e, coalesce(1, «summ»(2)) f, year, month, day from T! \
                  group by year, month, day";
    assert_eq!(marked, wanted, "{messages:?}");
}

#[tokio::test]
async fn what_no_table_can_have_is_found_in_the_output() {
    expect("select extra, year, month from T!", "«select» extra, year, month from T!", "day", None)
        .await;
    expect(
        "select extra, 2020 as year, month, day from T!",
        "select extra, «2020 as year», month, day from T!",
        "text with 4 digits",
        Some("lpad(cast(2020 AS varchar), 4, '0') AS year"),
    )
    .await;
    expect(
        "select count(*), year, month, day from T! group by year, month, day",
        "select «count(*)», year, month, day from T! group by year, month, day",
        "no name",
        Some("count(*) AS count"),
    )
    .await;
    expect(
        "select extra, extra, year, month, day from T!",
        "select extra, «extra», year, month, day from T!",
        "two columns",
        None,
    )
    .await;
}

#[tokio::test]
async fn a_date_that_no_partition_has_is_a_warning() {
    let sql = "select extra, year, month, day from T! t where t.month = '8' and day in ('01', '2') and 2020 = year and year > '2019'";
    let place = "select extra, year, month, day from T! t where t.month = «'8'» and day in ('01', «'2'») and «2020» = year and year > '2019'";
    expect(sql, place, "is text with 2 digits", Some("'08'")).await;
    let checked = checked(&sql.replace("T!", T)).await;
    assert!(checked.is_sound() && !checked.output.is_empty());
    assert!(checked.findings.iter().all(|found| found.severity == Severity::Warning));
}

#[tokio::test]
async fn e3_deep_nesting_is_a_finding_not_a_crash() {
    let sql = format!("select {}1{} as x", "(".repeat(5_000), ")".repeat(5_000));
    let deep = checked(&sql).await;
    assert_eq!(deep.findings.len(), 1);
    assert_eq!(deep.findings[0].severity, Severity::Error);
    assert!(deep.findings[0].message.contains("nested deeper"), "{deep:?}");
    assert_eq!(deep.findings[0].place.column, 57);
    let long = format!("select '{}' as x", "x".repeat(300_000));
    assert!(checked(&long).await.findings[0].message.contains("bytes"));
}
