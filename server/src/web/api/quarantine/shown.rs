//! Rejected rows as the API shows them: bounded, and with nothing in them that a terminal or a
//! browser would take for more than text.

use std::ops::Range;

use app::api::quarantine::{Kind, MarkedText, RejectedText};
use domain::rejected::RejectedRow;
use etl_engine::raw_to_conformed::quarantine::{Facet, Marker};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// Most characters of each part of a raw text.
const SHOWN: usize = 1_500;

/// A kind of rejected rows.
pub(super) fn kind(facet: Facet) -> Kind {
    Kind { reason: facet.reason, column: facet.column, rows: facet.rows }
}

/// A row, its raw text marked where the value stands that did not fit.
pub(super) fn rejected_text(marker: &Marker, row: RejectedRow) -> RejectedText {
    let place = marker.place(&row);
    unmarked(marked(&row.raw, place), row)
}

/// A row with its text as given.
pub(super) fn unmarked(raw: MarkedText, row: RejectedRow) -> RejectedText {
    RejectedText {
        line: row.line,
        column: row.column,
        reason: row.reason,
        detail: visible(&row.detail),
        raw,
    }
}

/// Raw text in three parts.
pub(super) fn marked(raw: &[u8], place: Option<Range<usize>>) -> MarkedText {
    let kept_whole = raw.len() < RejectedRow::MAX_RAW;
    let place = place.filter(|place| place.start <= place.end && place.end <= raw.len());
    let Some(place) = place else {
        let (before, cut) = head(&String::from_utf8_lossy(raw));
        return MarkedText { before, value: None, after: String::new(), cut: cut || !kept_whole };
    };
    let (before, cut_before) = tail(&String::from_utf8_lossy(&raw[..place.start]));
    let (value, cut_value) = head(&String::from_utf8_lossy(&raw[place.clone()]));
    let (after, cut_after) = head(&String::from_utf8_lossy(&raw[place.end..]));
    let cut = cut_before || cut_value || cut_after || !kept_whole;
    MarkedText { before, value: Some(value), after, cut }
}

/// Text without characters that cannot be seen: controls become their pictures.
pub(super) fn visible(text: &str) -> String {
    text.chars().map(picture).collect()
}

fn picture(ch: char) -> char {
    match ch {
        '\n' | '\t' => ch,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + ch as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        // They change how the text around them is read.
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => ch,
    }
}

fn head(text: &str) -> (String, bool) {
    let shown: String = text.chars().take(SHOWN).map(picture).collect();
    (shown, text.chars().nth(SHOWN).is_some())
}

fn tail(text: &str) -> (String, bool) {
    let skipped = text.chars().count().saturating_sub(SHOWN);
    (text.chars().skip(skipped).map(picture).collect(), skipped > 0)
}

/// A parameter of a form that was left empty is not there.
pub(super) fn nothing_if_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    let value = text.map(|text| serde_json::from_value(text.into()));
    value.transpose().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_stands_in_the_middle() {
        let text = marked(b"1,x2,3", Some(2..4));
        assert_eq!((text.before.as_str(), text.after.as_str()), ("1,", ",3"));
        assert_eq!((text.value.as_deref(), text.cut), (Some("x2"), false));
        assert_eq!(marked(b"1,,3", Some(2..2)).value.as_deref(), Some(""));
        assert_eq!(marked(b"abc", Some(2..9)).before, "abc");
    }

    #[test]
    fn long_texts_keep_what_stands_beside_the_value() {
        let raw = format!("{}x,{}", "a".repeat(5_000), "b".repeat(5_000));
        let text = marked(raw.as_bytes(), Some(5_000..5_001));
        assert!(text.cut && text.value.as_deref() == Some("x"));
        assert_eq!((text.before.len(), text.after.len()), (SHOWN, SHOWN));
        assert!(marked(&[b'x'; RejectedRow::MAX_RAW], None).cut);
    }

    #[test]
    fn what_cannot_be_seen_becomes_visible() {
        let text = marked(b"a\0b\x1b[31m\xff\r", None);
        assert_eq!(text.before, "a␀b␛[31m\u{fffd}␍");
        assert_eq!(visible("a\u{202e}b"), "a\u{fffd}b");
    }
}
