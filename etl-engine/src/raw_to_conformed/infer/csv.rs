//! A proposal for a CSV file.

use domain::Result;
use domain::rejected::RejectReason;
use domain::source::{CsvDialect, Encoding, Format};

use super::super::decode::{Spooled, distinct_names, head, open, sample};
use super::evidence::Habits;
use super::{Observed, Proposal, ProposeOptions, blocking, observe, sniff};

/// Reads the file under `dialect`. When the dialect is not `sure` and bytes far behind the
/// beginning are no UTF-8, it is read again as Windows-1252.
pub(super) async fn propose(
    spooled: &Spooled,
    mut dialect: CsvDialect,
    sure: bool,
    options: &ProposeOptions,
) -> Result<Proposal> {
    let (mut observed, mut names) = pass(spooled, &dialect, sure, options).await?;
    let undecodable = |row: &domain::rejected::RejectedRow| row.reason == RejectReason::BadEncoding;
    if !sure && dialect.encoding == Encoding::Utf8 && observed.rejected.iter().any(undecodable) {
        dialect.encoding = Encoding::Windows1252;
        (observed, names) = pass(spooled, &dialect, sure, options).await?;
    }
    Ok(observed.into_proposal(Format::Csv(dialect), &names))
}

async fn pass(
    spooled: &Spooled,
    dialect: &CsvDialect,
    sure: bool,
    options: &ProposeOptions,
) -> Result<(Observed, Vec<String>)> {
    let format = Format::Csv(dialect.clone());
    let unnamed = match dialect.header_rows {
        0 => Some(numbered_names(spooled, dialect).await?),
        _ => None,
    };
    let opened = open(spooled.rewound()?, &format, options.decode).await?;
    let names = unnamed.or_else(|| opened.names().map(<[String]>::to_vec)).unwrap_or_default();
    let habits = Habits { decimal_comma: dialect.decimal_comma, null_words: !sure };
    let observed = observe(opened, &names, habits, options.bounds).await?;
    Ok((observed, names))
}

/// `column_1` and so on, as many as the most usual record has fields.
async fn numbered_names(spooled: &Spooled, dialect: &CsvDialect) -> Result<Vec<String>> {
    let bytes = spooled.rewound()?;
    let text = blocking(move || head(bytes, sniff::HEAD_BYTES)).await?;
    let whole = text.len() < sniff::HEAD_BYTES;
    let records = sample(&text, whole, dialect, sniff::SAMPLE_RECORDS).records;
    let fields = sniff::usual_fields(&records).map_or(0, |(fields, _)| fields);
    Ok(distinct_names(vec![String::new(); fields]))
}
