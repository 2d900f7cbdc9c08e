//! Words for states and prices.

use domain::query::QueryState;

use crate::api::queries::QueryInfo;
use crate::format;

/// Tone and word of a state.
pub(super) fn state_word(state: QueryState) -> (&'static str, &'static str) {
    match state {
        QueryState::Queued => ("wait", "Queued"),
        QueryState::Running => ("busy", "Running"),
        QueryState::Succeeded => ("good", "Succeeded"),
        QueryState::Failed => ("bad", "Failed"),
        QueryState::Cancelled => ("calm", "Cancelled"),
    }
}

/// A price as people read it: never rounded to nothing.
pub(super) fn usd(price: f64) -> String {
    match price {
        0.0 => "$0".to_owned(),
        price if price < 0.01 => format!("${price:.5}"),
        price => format!("${price:.2}"),
    }
}

/// How many rows there are: `1,234 rows`, or `first 100,000 rows, there are more`.
pub(super) fn rows(info: &QueryInfo) -> String {
    let count = format::count(info.rows);
    match (info.has_more, info.rows) {
        (true, _) => format!("first {count} rows, there are more"),
        (false, 1) => "1 row".to_owned(),
        (false, _) if !info.state.is_terminal() => format!("{count} rows so far"),
        (false, _) => format!("{count} rows"),
    }
}

/// A text in one line, shortened.
pub(super) fn one_line(sql: &str, most: usize) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_price_is_not_nothing() {
        assert_eq!([0.0, 0.000_05, 1.5].map(usd), ["$0", "$0.00005", "$1.50"]);
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        assert_eq!(one_line(" select\n  'ä' ", 9), "select 'ä…");
    }
}
