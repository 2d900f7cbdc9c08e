//! Properties of decoding CSV: written and read back is equal, nothing is lost, nothing panics, and
//! the size of blocks does not matter.

use domain::column::{Column, ColumnType};
use domain::source::{CsvDialect, Encoding, Format, LineEnding};
use proptest::prelude::*;

use super::{Decoded, chunks, decode, options};

fn dialects() -> impl Strategy<Value = CsvDialect> {
    let delimiters = prop::sample::select(vec![',', ';', '\t', '|']);
    let quotes = prop::sample::select(vec!['"', '\'']);
    let ends = prop::sample::select(vec![LineEnding::Lf, LineEnding::Cr]);
    (delimiters, quotes, any::<bool>(), ends).prop_map(|(delimiter, quote, escape, line_ending)| {
        CsvDialect {
            delimiter,
            quote: Some(quote),
            escape: escape.then_some('\\'),
            line_ending,
            header_rows: 0,
            ..CsvDialect::default()
        }
    })
}

/// Values of a text column: anything, with many of the characters that matter.
fn texts() -> impl Strategy<Value = Option<String>> {
    let plain = "[a-z0-9 ,;|'\"\t\r\n\\\\#é😀\u{0}-]{0,12}";
    prop::option::weighted(0.9, plain.prop_map(|text: String| text))
}

type Row = (Option<i64>, Option<f64>, Option<String>, Option<String>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let double = prop::option::of(prop_oneof![
        any::<f64>().prop_filter("finite", |value| value.is_finite()),
        (-100_000_i32..100_000).prop_map(|cents| f64::from(cents) / 100.0),
    ]);
    prop::collection::vec((prop::option::of(any::<i64>()), double, texts(), texts()), 0..40)
}

fn write(dialect: &CsvDialect, rows: &[Row], crlf: bool) -> String {
    let end = match dialect.line_ending {
        LineEnding::Cr => "\r",
        LineEnding::Lf if crlf => "\r\n",
        LineEnding::Lf => "\n",
    };
    let mut file = String::new();
    for (integer, double, first, second) in rows {
        let fields = [
            integer.map(|value| value.to_string()).unwrap_or_default(),
            double.map(|value| format!("{value:?}")).unwrap_or_default(),
            first.as_deref().map(|text| quoted(dialect, text)).unwrap_or_default(),
            second.as_deref().map(|text| quoted(dialect, text)).unwrap_or_default(),
        ];
        file += &fields.join(&dialect.delimiter.to_string());
        file += end;
    }
    file
}

/// Quoted when it must be, and now and then when it need not.
fn quoted(dialect: &CsvDialect, text: &str) -> String {
    let quote = dialect.quote.unwrap();
    let must = text.is_empty() || text.contains([quote, dialect.delimiter, '\r', '\n']);
    if !must && text.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let mut inner = text.to_owned();
    if let Some(escape) = dialect.escape {
        inner = inner.replace(escape, &format!("{escape}{escape}"));
    }
    let inner = inner.replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{inner}{quote}")
}

fn columns() -> Vec<Column> {
    super::columns("a:bigint b:double c:string d:string")
}

fn expected(rows: &[Row]) -> Vec<Vec<String>> {
    let null = || "~".to_owned();
    let row = |(integer, double, first, second): &Row| {
        vec![
            integer.map_or_else(null, |value| value.to_string()),
            double.map_or_else(null, |value| format!("{value:?}")),
            first.clone().unwrap_or_else(null),
            second.clone().unwrap_or_else(null),
        ]
    };
    rows.iter().map(row).collect()
}

/// Decodes in a runtime of its own.
fn run(text: &[u8], dialect: &CsvDialect, columns: &[Column], block_bytes: usize) -> Decoded {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let format = Format::Csv(dialect.clone());
    let bytes = chunks(text, block_bytes.clamp(1, 100));
    runtime.block_on(decode(bytes, &format, columns, options(block_bytes))).unwrap()
}

/// The records of a file that has neither blank lines nor comments, from what was read of it: raw
/// texts of rejected rows at their lines, and written rows in between.
fn accounted(decoded: &Decoded) -> u64 {
    assert!(
        decoded.rejected.is_sorted_by(|a, b| a.line < b.line),
        "one rejection a line, in order"
    );
    decoded.rows_read
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a18_what_is_written_reads_back_equal(
        dialect in dialects(), rows in rows(), crlf: bool, block_bytes in 16_usize..300,
    ) {
        let text = write(&dialect, &rows, crlf);
        let decoded = run(text.as_bytes(), &dialect, &columns(), block_bytes);
        prop_assert_eq!(decoded.faults(), Vec::<String>::new());
        let read: Vec<_> = decoded.rows();
        prop_assert_eq!(numbers_as_text(read), numbers_as_text(expected(&rows)));
    }

    /// Without quotes every line is a row: read back as text, lines that fit and lines that do not
    /// make up the file, byte for byte.
    #[test]
    fn a18_rows_and_rejected_rows_make_up_the_file(
        lines in prop::collection::vec("[0-9a-z,.-]{1,12}", 0..40),
        block_bytes in 16_usize..100,
    ) {
        let dialect = CsvDialect { quote: None, header_rows: 0, ..CsvDialect::default() };
        let columns = super::columns("a:string b:bigint");
        let text = lines.join("\n");
        let decoded = run(text.as_bytes(), &dialect, &columns, block_bytes);
        let numbers: Vec<_> = lines.iter().filter(|line| line.matches(',').count() == 1).collect();
        let mut written = decoded.rows().into_iter();
        let mut rejected = decoded.rejected.iter().peekable();
        for (index, line) in lines.iter().enumerate() {
            match rejected.next_if(|row| row.line == index as u64 + 1) {
                Some(row) => prop_assert_eq!(&row.raw, line.as_bytes()),
                None => {
                    let row = written.next().unwrap();
                    let (first, second) = line.split_once(',').unwrap();
                    prop_assert_eq!(row[0].replace('~', ""), first);
                    let number = second.parse::<f64>().map_or(String::new(), |value| format!("{:.0}", value + 0.0));
                    prop_assert_eq!(row[1].replace('~', ""), number);
                }
            }
        }
        prop_assert!(written.next().is_none() && rejected.next().is_none());
        prop_assert_eq!(decoded.rows_read, lines.len() as u64);
        prop_assert!(decoded.batch.num_rows() <= numbers.len());
    }

    /// With some bytes changed, the size of blocks does not change what is read, and the rest of the
    /// file is where it was: lines and raw texts of rejected rows are those of the file.
    #[test]
    fn a18_corruption_is_accounted_for_whatever_the_block_size(
        dialect in dialects(),
        rows in rows(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        block_bytes in 16_usize..200,
        max_record_bytes in 16_u32..200,
        windows: bool,
    ) {
        let encoding = if windows { Encoding::Windows1252 } else { Encoding::Utf8 };
        let dialect = CsvDialect { max_record_bytes, encoding, comment: Some('#'), ..dialect };
        let mut text = write(&dialect, &rows, false).into_bytes();
        for (place, byte) in changes {
            if !text.is_empty() {
                let place = place.index(text.len());
                text[place] = byte;
            }
        }
        prop_assume!(!text.starts_with(&[0xff, 0xfe]) && !text.starts_with(&[0xfe, 0xff]));
        let whole = run(&text, &dialect, &columns(), 1 << 22);
        let parts = run(&text, &dialect, &columns(), block_bytes);
        prop_assert_eq!(parts.rows(), whole.rows());
        prop_assert_eq!(&parts.rejected, &whole.rejected);
        prop_assert_eq!(accounted(&parts), accounted(&whole));
        if !windows {
            let newline = if dialect.line_ending == LineEnding::Lf { b'\n' } else { b'\r' };
            let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
            for row in &whole.rejected {
                let mut lines = text.split(|byte| *byte == newline).skip(row.line as usize - 1);
                let rest = lines.by_ref().collect::<Vec<_>>().join(&newline);
                prop_assert!(rest.starts_with(&row.raw), "raw text of line {}", row.line);
            }
        }
    }

    #[test]
    fn e10_random_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![
            4 => prop::sample::select(b",\"\n\r1.-e\\#\xff".to_vec()), 1 => any::<u8>(),
        ], 0..300),
        block_bytes in 16_usize..100,
        header_rows in 0_u32..2,
    ) {
        let dialect = CsvDialect { header_rows, max_record_bytes: 64, ..CsvDialect::default() };
        let format = Format::Csv(dialect);
        let kinds = [ColumnType::Int, ColumnType::Double, ColumnType::Timestamp, ColumnType::String];
        for kind in kinds {
            let columns = [Column::new("a", kind), Column::new("b", ColumnType::Boolean)];
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let result =
                runtime.block_on(decode(chunks(&bytes, 50), &format, &columns, options(block_bytes)));
            if let Err(error) = result {
                prop_assert_eq!(error.kind(), domain::ErrorKind::Invalid);
                prop_assert!(!error.message().contains("panicked"), "{}", error);
            }
        }
    }
}

/// Doubles as the shortest text that reads back equal, so that notations do not matter.
fn numbers_as_text(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for row in &mut rows {
        if let Ok(value) = row[1].parse::<f64>() {
            row[1] = format!("{value:?}");
        }
    }
    rows
}
