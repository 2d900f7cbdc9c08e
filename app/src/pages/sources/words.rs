//! What the choices of a registration mean, in a line each.

use domain::source::{DriftPolicy, MalformedPolicy, PartitionRule};

pub(super) const DRIFT: [(DriftPolicy, &str); 4] = [
    (DriftPolicy::Fail, "New columns fail the run before anything is written."),
    (DriftPolicy::AddColumns, "New columns are pinned by themselves and added to the table."),
    (
        DriftPolicy::Widen,
        "As before, and whole numbers and decimals grow where files already written still read.",
    ),
    (DriftPolicy::IgnoreExtra, "Columns that are not pinned are not read."),
];

pub(super) fn drift_title(policy: DriftPolicy) -> &'static str {
    match policy {
        DriftPolicy::Fail => "Fail the run",
        DriftPolicy::AddColumns => "Add columns",
        DriftPolicy::Widen => "Add and widen columns",
        DriftPolicy::IgnoreExtra => "Ignore extra columns",
    }
}

/// Name in forms, title, meaning.
pub(super) const MALFORMED: [(&str, &str, &str); 3] = [
    (
        "quarantine",
        "Quarantine",
        "Kept with file, line, column, reason and text, to be browsed and replayed. More than the limits fail the run.",
    ),
    (
        "fail",
        "Fail the run",
        "The first row that does not fit fails the run before anything is written.",
    ),
    ("skip", "Count and drop", "Counted on the run; their text is not kept."),
];

pub(super) fn malformed_name(policy: MalformedPolicy) -> &'static str {
    match policy {
        MalformedPolicy::Fail => "fail",
        MalformedPolicy::Skip => "skip",
        MalformedPolicy::Quarantine { .. } => "quarantine",
    }
}

/// Name in forms, title, meaning.
pub(super) const PARTITION: [(&str, &str, &str); 3] = [
    (
        "ingest_date",
        "Day of arrival",
        "The day on which the file first arrived; a re-delivery keeps it.",
    ),
    (
        "date_column",
        "A date column",
        "The day in a column of each row; rows without one do not fit.",
    ),
    (
        "key_pattern",
        "A date in the key",
        "Literal text with {year}, {month} and perhaps {day} where their digits stand.",
    ),
];

pub(super) fn partition_name(rule: &PartitionRule) -> &'static str {
    match rule {
        PartitionRule::IngestDate { .. } => "ingest_date",
        PartitionRule::DateColumn { .. } => "date_column",
        PartitionRule::KeyPattern { .. } => "key_pattern",
    }
}
