//! Which texts fit which types.

use domain::column::Column;
use domain::source::CsvDialect;

use super::csv;

/// Reads `text` as the only value of a column beside a number; `None` when its row is rejected.
async fn read_in(dialect: &CsvDialect, column: Column, text: &str) -> Option<String> {
    let mut columns = super::columns("row:bigint");
    columns.push(column);
    let delimiter = dialect.delimiter;
    let file = format!("row{delimiter}value\n1{delimiter}{text}\n");
    let decoded = csv(file.as_bytes(), dialect, &columns).await;
    decoded.rows().pop().map(|row| row[1].clone())
}

async fn read(kind: &str, text: &str) -> Option<String> {
    let column = Column::new("value", kind.parse().unwrap());
    read_in(&CsvDialect::default(), column, text).await
}

async fn check(kind: &str, fits: &[(&str, &str)], does_not: &[&str]) {
    for (text, value) in fits {
        assert_eq!(read(kind, text).await.as_deref(), Some(*value), "{kind} {text:?}");
    }
    for text in does_not {
        assert_eq!(read(kind, text).await, None, "{kind} {text:?}");
    }
}

#[tokio::test]
async fn b3_integers_fit_without_loss_or_not_at_all() {
    let fits = [
        ("1", "1"),
        ("2.0", "2"),
        ("2.", "2"),
        (" 7 ", "7"),
        ("+5", "5"),
        ("-12", "-12"),
        ("007", "7"),
        ("\"8\"", "8"),
        ("\" 8 \"", "8"),
        ("12345678", "12345678"),
        ("123456789", "123456789"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("", "~"),
        ("\"\"", "~"),
        ("  ", "~"),
    ];
    let does_not = [
        "1e3",
        "2.5",
        "abc",
        "1 2",
        ".",
        "-",
        "+",
        "--1",
        "1.2.3",
        "9223372036854775808",
        "0x1",
        "1_000",
        "NaN",
        "12a",
        "a",
        "1.0.0",
        "１",
    ];
    check("bigint", &fits, &does_not).await;
    let fits =
        [("2147483647", "2147483647"), ("-2147483648", "-2147483648"), ("99999999", "99999999")];
    check("int", &fits, &["2147483648", "-2147483649", "99999999999"]).await;
}

#[tokio::test]
async fn b3_doubles_are_the_nearest_to_the_text() {
    let fits = [
        ("12.8", "12.8"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("-0.5", "-0.5"),
        ("+0.5", "0.5"),
        ("1e3", "1000.0"),
        ("1E-3", "0.001"),
        ("0.1234567", "0.1234567"),
        ("12345678", "12345678.0"),
        ("3.141592653589793", "3.141592653589793"),
        ("179769313486231570000e288", "1.7976931348623157e308"),
        ("NaN", "NaN"),
        ("Infinity", "inf"),
        ("-Infinity", "-inf"),
        ("", "~"),
    ];
    let does_not = [
        "1e999", "-1e999", "inf", "nan", "infinity", ".", "1..2", "1.2.3", "1,5", "e5", "0x10",
        "1e", "++1", "+-1", "1 000", "abc", "..", ".5.", "-", "-.",
    ];
    let quoted: Vec<String> = does_not.iter().map(|text| format!("\"{text}\"")).collect();
    let does_not: Vec<&str> = quoted.iter().map(String::as_str).collect();
    check("double", &fits, &does_not).await;
}

#[tokio::test]
async fn short_doubles_equal_the_library_for_all_forms() {
    use super::super::values::ValueType;
    use super::super::values::double::Double;
    let double = Double::new(false);
    for number in 0..200_000_u32 {
        for text in [
            format!("{}", f64::from(number) / 100.0),
            format!("{}.{:03}", number / 1000, number % 1000),
            format!(".{number}"),
            format!("{number}."),
        ] {
            let padded = format!("{text},{}", "9".repeat(16));
            let quick = double.quick(padded.as_bytes(), 0, text.len());
            assert_eq!(quick, Some(text.parse().unwrap()), "{text}");
        }
    }
}

#[tokio::test]
async fn b5_decimals_keep_every_digit() {
    let fits = [
        ("12.34", "12.34"),
        ("12.340000", "12.34"),
        ("-0.5", "-0.50"),
        ("12345678.90", "12345678.90"),
        ("0000000000001.10", "1.10"),
        ("99999999.99", "99999999.99"),
        ("7", "7.00"),
        ("", "~"),
    ];
    let does_not = ["12.345", "100000000", "1e3", "abc", ".", "NaN", "1.2.3"];
    check("decimal(10,2)", &fits, &does_not).await;
    let long = "12345678901234567890123456789012345678";
    check("decimal(38,0)", &[(long, long)], &["123456789012345678901234567890123456789"]).await;
    check("decimal(3,2)", &[("9.99", "9.99")], &["10", "10.00", "99999999"]).await;
}

#[tokio::test]
async fn booleans_in_any_case() {
    let fits = [
        ("true", "true"),
        ("T", "true"),
        ("Yes", "true"),
        ("y", "true"),
        ("1", "true"),
        ("FALSE", "false"),
        ("f", "false"),
        ("no", "false"),
        ("N", "false"),
        ("0", "false"),
        ("", "~"),
    ];
    check("boolean", &fits, &["2", "on", "tru", "1.0", "-1"]).await;
}

#[tokio::test]
async fn dates_are_real_days() {
    let fits = [
        ("2020-08-01", "2020-08-01"),
        ("2020-02-29", "2020-02-29"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("1969-12-31", "1969-12-31"),
        ("2020-08-01 00:00:00", "2020-08-01"),
        ("2020-08-01T00:00:00Z", "2020-08-01"),
    ];
    let does_not = [
        "2021-02-29",
        "1900-02-29",
        "2020-13-01",
        "2020-00-10",
        "2020-01-00",
        "2020-01-32",
        "0000-01-01",
        "2020-8-1",
        "01/08/2020",
        "2020-08-01 10:00:00",
        "2020-08-01x",
        "20200801",
        "2020-04-31",
        "2020-08-01T00:00:00+02:00",
        "2020-08",
        "202a-08-01",
    ];
    check("date", &fits, &does_not).await;
}

#[tokio::test]
async fn timestamps_are_converted_to_utc() {
    let fits = [
        ("2020-08-01 00:09:14", "2020-08-01T00:09:14"),
        ("2020-08-01T00:09:14", "2020-08-01T00:09:14"),
        ("2020-08-01", "2020-08-01T00:00:00"),
        ("2020-08-01 10:20", "2020-08-01T10:20:00"),
        ("2020-08-01 10:20:30.5", "2020-08-01T10:20:30.500"),
        ("2020-08-01 10:20:30.123456", "2020-08-01T10:20:30.123456"),
        ("2020-08-01 10:20:30.123456000", "2020-08-01T10:20:30.123456"),
        ("2020-08-01T10:20:30Z", "2020-08-01T10:20:30"),
        ("2020-08-01T10:20:30+02:00", "2020-08-01T08:20:30"),
        ("2020-08-01T00:20:30+0100", "2020-07-31T23:20:30"),
        ("2020-08-01 10:20:30 -05", "2020-08-01T15:20:30"),
        ("1960-01-01 00:00:00", "1960-01-01T00:00:00"),
    ];
    let does_not = [
        "2020-08-01 24:00:00",
        "2020-08-01 10:60:00",
        "2020-08-01 10:00:60",
        "2020-08-01_10:00:00",
        "2020-08-01 10:20:30.1234567",
        "2020-08-01 10:20:30.",
        "2020-08-01 10:20:30+2",
        "2020-08-01 10",
        "2020-08-32 10:00:00",
        "2020-08-01 10:20:30 ",
        "yesterday",
        "2020-08-01 1:20:30",
        "2020-08-01 10:20:30+25:00",
    ];
    // Spaces around a value do not count, those inside do.
    let does_not: Vec<_> = does_not.into_iter().filter(|text| !text.ends_with(' ')).collect();
    check("timestamp", &fits, &does_not).await;
}

#[tokio::test]
async fn every_day_of_the_calendar_equals_the_library() {
    let mut day = jiff::civil::date(1, 1, 1);
    let epoch = jiff::civil::date(1970, 1, 1);
    for _ in 0..9999 * 12 {
        let text = day.to_string();
        let mut bytes = [0; 10];
        bytes.copy_from_slice(text.as_bytes());
        let days = super::super::values::civil::iso_date(&bytes);
        assert_eq!(days, Some((day - epoch).get_days()), "{text}");
        let Ok(next) = day.checked_add(jiff::Span::new().days(30)) else { break };
        day = next;
    }
}

#[tokio::test]
async fn formats_override_iso() {
    let dialect = CsvDialect { delimiter: ';', ..CsvDialect::default() };
    let cases = [
        ("date", "%m/%d/%Y", "08/31/2020", Some("2020-08-31")),
        ("date", "%m/%d/%Y", "2020-08-31", None),
        ("date", "%m/%d/%Y", "13/31/2020", None),
        ("timestamp", "%d.%m.%Y %H:%M", "31.08.2020 17:05", Some("2020-08-31T17:05:00")),
        ("timestamp", "%d.%m.%Y", "31.08.2020", Some("2020-08-31T00:00:00")),
        ("timestamp", "%Y%m%d%H%M%S%z", "20200831170500+0200", Some("2020-08-31T15:05:00")),
        ("timestamp", "%s", "1598893500", Some("2020-08-31T17:05:00")),
    ];
    for (kind, format, text, value) in cases {
        let format = Some(format.to_owned());
        let column = Column { format, ..Column::new("value", kind.parse().unwrap()) };
        assert_eq!(read_in(&dialect, column, text).await.as_deref(), value, "{text}");
    }
}

#[tokio::test]
async fn numbers_with_a_decimal_comma() {
    let dialect = CsvDialect { delimiter: ';', decimal_comma: true, ..CsvDialect::default() };
    let cases = [
        ("double", "1,5", Some("1.5")),
        ("double", "1.234,5", Some("1234.5")),
        ("double", "-1.234.567,25", Some("-1234567.25")),
        ("double", "1234", Some("1234.0")),
        ("double", "1.234", Some("1234.0")),
        ("double", "1.5", None),
        ("double", "1234.567,5", None),
        ("double", "1,2,3", None),
        ("double", "1,234.5", None),
        ("bigint", "1.234", Some("1234")),
        ("bigint", "1.234,0", Some("1234")),
        ("bigint", "1,5", None),
        ("decimal(10,2)", "1.234,50", Some("1234.50")),
        ("decimal(10,2)", "12,345", None),
    ];
    for (kind, text, value) in cases {
        let column = Column::new("value", kind.parse().unwrap());
        assert_eq!(read_in(&dialect, column, text).await.as_deref(), value, "{kind} {text}");
    }
}

#[tokio::test]
async fn nulls_and_empty_texts_are_told_apart() {
    let dialect = CsvDialect {
        null_strings: vec!["NULL".into(), "-1".into(), "9999-12-31".into(), "999".into()],
        ..CsvDialect::default()
    };
    let cases = [
        ("string", "", Some("~")),
        ("string", "\"\"", Some("")),
        ("string", "NULL", Some("~")),
        ("string", "\"NULL\"", Some("NULL")),
        ("string", " x ", Some(" x ")),
        ("string", "007", Some("007")),
        ("bigint", "NULL", Some("~")),
        ("bigint", "-1", Some("~")),
        ("bigint", "999", Some("~")),
        ("bigint", "\"999\"", Some("999")),
        ("bigint", "998", Some("998")),
        ("date", "9999-12-31", Some("~")),
        ("double", "NULL", Some("~")),
        ("bigint", "\"NULL\"", None),
    ];
    for (kind, text, value) in cases {
        let column = Column::new("value", kind.parse().unwrap());
        assert_eq!(read_in(&dialect, column, text).await.as_deref(), value, "{kind} {text}");
    }
}
