//! What the engine knows, in the types of the API.

use app::api::transformations::{
    Finding, OutputColumn, SavedTransformation, Severity, Standing, VersionSummary,
};
use domain::transformation::Transformation;
use etl_engine::conformed_to_purpose_built::locality::Locality;
use etl_engine::transformation::check::{self, Checked, OutputField};

pub(crate) fn saved(version: Transformation) -> SavedTransformation {
    SavedTransformation {
        version: version.version,
        author: version.author,
        message: version.message,
        saved_at: version.saved_at,
        sql: version.sql,
    }
}

pub(crate) fn summary(version: &Transformation) -> VersionSummary {
    VersionSummary {
        version: version.version,
        author: version.author.clone(),
        message: version.message.clone(),
        saved_at: version.saved_at,
    }
}

pub(crate) fn standing(checked: &Checked) -> Standing {
    let error = checked.findings.iter().find(|found| found.severity == check::Severity::Error);
    Standing {
        reads: reads(checked),
        whole_table_because: whole_table_because(checked),
        problem: error.map(|found| format!("line {}: {}", found.place.line, found.message)),
    }
}

pub(super) fn reads(checked: &Checked) -> Vec<String> {
    checked.inputs.iter().map(ToString::to_string).collect()
}

pub(super) fn whole_table_because(checked: &Checked) -> Option<String> {
    match &checked.locality {
        Some(Locality::WholeTable { why }) => Some(why.clone()),
        _ => None,
    }
}

pub(super) fn finding(finding: check::Finding) -> Finding {
    Finding {
        severity: match finding.severity {
            check::Severity::Error => Severity::Error,
            check::Severity::Warning => Severity::Warning,
        },
        message: finding.message,
        line: finding.place.line,
        column: finding.place.column,
        end_line: finding.place.end_line,
        end_column: finding.place.end_column,
        suggestion: finding.suggestion,
    }
}

pub(super) fn column(field: OutputField) -> OutputColumn {
    OutputColumn {
        partition_key: field.is_partition_key(),
        name: field.name,
        column_type: field.column_type,
        nullable: field.nullable,
    }
}
