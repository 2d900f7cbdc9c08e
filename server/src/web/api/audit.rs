//! `/audit`: who changed what.

use std::sync::Arc;

use app::api::Page;
use app::api::audit::{AuditChoices, AuditEntry, AuditQuery};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::audit::{self, AuditFilter, ExportFormat, export};
use crate::console::Console;
use crate::web::{Answer, Json, Refusal};

/// Entries on a page.
const PAGE: u32 = 50;

/// Changes, newest first.
#[utoipa::path(get, path = "/audit", params(AuditQuery),
    responses((status = 200, body = Page<AuditEntry>)), tag = "audit")]
pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Query(query): Query<AuditQuery>,
) -> Answer<Page<AuditEntry>> {
    let filter = AuditFilter { limit: PAGE + 1, ..filter(query)? };
    let mut entries = console.audit.list(&filter).await?;
    // One more than shown tells whether there is a next page.
    let more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    let next = entries.last().filter(|_| more).map(|entry| entry.id.clone());
    Ok(Json(Page { items: entries.into_iter().map(entry).collect(), next }))
}

/// The logins and actions that occur in the log.
#[utoipa::path(get, path = "/audit/choices", responses((status = 200, body = AuditChoices)), tag = "audit")]
pub(crate) async fn choices(State(console): State<Arc<Console>>) -> Answer<AuditChoices> {
    let (actors, actions) = console.audit.choices().await?;
    Ok(Json(AuditChoices { actors, actions }))
}

/// All changes that match, as a file.
#[utoipa::path(get, path = "/audit/export", params(AuditQuery),
    responses((status = 200, content_type = "text/csv", body = String)), tag = "audit")]
pub(crate) async fn download(
    State(console): State<Arc<Console>>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Refusal> {
    let (format, media_type, name) = match query.format.as_deref() {
        None | Some("" | "csv") => {
            (ExportFormat::Csv, "text/csv; charset=utf-8", "attachment; filename=\"audit.csv\"")
        }
        Some("json") => {
            (ExportFormat::Json, "application/json", "attachment; filename=\"audit.json\"")
        }
        Some(_) => return Err(wrong("format", "use csv or json")),
    };
    let chunks = export(console.audit.clone(), filter(query)?, format);
    let headers = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn filter(query: AuditQuery) -> Result<AuditFilter, Refusal> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let environment = given(query.environment).map(|name| name.parse());
    Ok(AuditFilter {
        actor: given(query.actor),
        action: given(query.action),
        object: given(query.object),
        environment: environment.transpose().map_err(|_| wrong("environment", "is no name"))?,
        from: given(query.from).map(|text| time("from", &text, false)).transpose()?,
        to: given(query.to).map(|text| time("to", &text, true)).transpose()?,
        older_than: given(query.after),
        limit: PAGE,
    })
}

/// A time, or the begin of a day in UTC; with `whole_day`, its end.
fn time(field: &str, text: &str, whole_day: bool) -> Result<Timestamp, Refusal> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day = text.parse::<Date>().ok();
    let day = day.and_then(|day| day.checked_add(i64::from(whole_day).days()).ok());
    let begin = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    begin
        .map(|begin| begin.timestamp())
        .ok_or_else(|| wrong(field, "write a day as 2026-08-05 or a time as 2026-08-05T14:00:00Z"))
}

fn wrong(field: &str, message: &str) -> Refusal {
    Refusal::unprocessable(format!("{field}: {message}")).with_field(field, message)
}

fn entry(entry: audit::AuditEntry) -> AuditEntry {
    AuditEntry {
        id: entry.id,
        at: entry.at,
        actor: entry.actor,
        via: entry.via,
        action: entry.action,
        environment: entry.environment,
        object: entry.object,
        before: entry.before,
        after: entry.after,
        request_id: entry.request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_taken_whole() {
        let at = |text, whole| time("to", text, whole).unwrap().to_string();
        assert_eq!(at("2026-08-05", false), "2026-08-05T00:00:00Z");
        assert_eq!(at("2026-08-05", true), "2026-08-06T00:00:00Z");
        assert_eq!(at("2026-08-05T14:00:00Z", true), "2026-08-05T14:00:00Z");
        assert!(time("to", "yesterday", true).is_err());
    }
}
