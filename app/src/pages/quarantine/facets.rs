//! How many rows of which kind: links that narrow what is shown.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use super::words::reason_words;
use crate::api::quarantine::Kind;
use crate::format::count;

/// Columns shown before the rest is summed up.
const COLUMNS: usize = 30;

/// The filter in the address: reason and column, as they stand there.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Chosen {
    pub(super) reason: Option<String>,
    /// Empty: rows in which no column can be named.
    pub(super) column: Option<String>,
}

impl Chosen {
    pub(super) fn of(query: &ParamsMap) -> Self {
        Self {
            reason: query.get("reason").filter(|text| !text.is_empty()),
            column: query.get("column"),
        }
    }

    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// As a query string with its question mark; empty when all is shown.
    pub(super) fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in [("reason", &self.reason), ("column", &self.column)] {
            if let Some(value) = value {
                let sign = if query.is_empty() { '?' } else { '&' };
                query.push_str(&format!("{sign}{name}={}", Url::escape(value).replace("%5F", "_")));
            }
        }
        query
    }

    fn allows(&self, kind: &Kind) -> bool {
        self.allows_reason(kind) && self.allows_column(kind)
    }

    fn allows_reason(&self, kind: &Kind) -> bool {
        self.reason.as_deref().is_none_or(|reason| reason == kind.reason.as_str())
    }

    fn allows_column(&self, kind: &Kind) -> bool {
        let column = kind.column.as_deref().unwrap_or_default();
        self.column.as_deref().is_none_or(|wanted| wanted == column)
    }

    /// Rows of the kinds that are chosen.
    pub(super) fn rows(&self, kinds: &[Kind]) -> u64 {
        kinds.iter().filter(|kind| self.allows(kind)).map(|kind| kind.rows).sum()
    }
}

/// Both lists of links. Each counts within what the other one has chosen.
pub(super) fn facets(kinds: &[Kind], chosen: &Chosen, base: &str) -> AnyView {
    let (mut reasons, mut columns) = (BTreeMap::new(), BTreeMap::new());
    for kind in kinds {
        if chosen.allows_column(kind) {
            *reasons.entry(kind.reason.as_str()).or_insert(0) += kind.rows;
        }
        if chosen.allows_reason(kind) {
            *columns.entry(kind.column.clone().unwrap_or_default()).or_insert(0) += kind.rows;
        }
    }
    let words = |name: &str| {
        let kind = kinds.iter().find(|kind| kind.reason.as_str() == name);
        kind.map_or("", |kind| reason_words(kind.reason)).to_owned()
    };
    let reason_links = largest_first(reasons).into_iter().map(|(name, rows)| {
        let on = chosen.reason.as_deref() == Some(name);
        let reason = (!on).then(|| name.to_owned());
        let target = Chosen { reason, ..chosen.clone() };
        link(words(name), rows, on, format!("{base}{}", target.query()))
    });
    let all_columns = columns.len();
    let column_links = largest_first(columns).into_iter().take(COLUMNS).map(|(name, rows)| {
        let on = chosen.column.as_deref() == Some(name.as_str());
        let column = (!on).then(|| name.clone());
        let text = if name.is_empty() { "no single column".to_owned() } else { name };
        let target = Chosen { column, ..chosen.clone() };
        link(text, rows, on, format!("{base}{}", target.query()))
    });
    let more = all_columns.saturating_sub(COLUMNS);
    let more = (more > 0).then(|| view! { <li class="muted">{format!("and {more} more")}</li> });
    let clear = (!chosen.is_all())
        .then(|| view! { <a class="button button-small" href=base.to_owned()>"Show all rows"</a> });
    view! {
        <h3>"Reason"</h3>
        <ul>{reason_links.collect_view()}</ul>
        <h3>"Column"</h3>
        <ul>{column_links.collect_view()}{more}</ul>
        {clear}
    }
    .into_any()
}

fn link(text: String, rows: u64, on: bool, path: String) -> AnyView {
    view! {
        <li><a class="facet" href=path aria-current=on.then_some("true")>
            <span class="facet-name">{text}</span>
            <span class="facet-count">{count(rows)}</span>
        </a></li>
    }
    .into_any()
}

fn largest_first<K: Ord>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts
}

#[cfg(test)]
mod tests {
    use domain::rejected::RejectReason;

    use super::*;

    #[test]
    fn a_choice_reads_back_from_its_query() {
        let chosen = Chosen { reason: Some("type_mismatch".into()), column: Some(String::new()) };
        assert_eq!(chosen.query(), "?reason=type_mismatch&column=");
        assert_eq!(Chosen::default().query(), "");
    }

    #[test]
    fn rows_are_counted_within_the_choice() {
        let kind = |reason, column: Option<&str>, rows| Kind {
            reason,
            column: column.map(Into::into),
            rows,
        };
        let kinds = [
            kind(RejectReason::TypeMismatch, Some("fare"), 5),
            kind(RejectReason::TypeMismatch, Some("tip"), 3),
            kind(RejectReason::TooFewFields, None, 2),
        ];
        let rows = |reason: Option<&str>, column: Option<&str>| {
            Chosen { reason: reason.map(Into::into), column: column.map(Into::into) }.rows(&kinds)
        };
        assert_eq!(rows(None, None), 10);
        assert_eq!(rows(Some("type_mismatch"), None), 8);
        assert_eq!(rows(Some("type_mismatch"), Some("tip")), 3);
        assert_eq!(rows(None, Some("")), 2);
    }
}
