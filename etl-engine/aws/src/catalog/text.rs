//! What people wrote, in the form that Glue takes: shorter, and of columns in one line.
//!
//! Where Glue's form says less, the whole text stands in a parameter beside it. Somebody who edits
//! the text in Glue wins: then the parameter does not fit any more.

use std::collections::HashMap;

/// Most bytes of a column's comment in Glue.
const MOST_OF_COMMENT: usize = 255;
/// Most bytes of a table's description in Glue.
const MOST_OF_DESCRIPTION: usize = 2048;

/// Where a text belongs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// It describes the table.
    Table,
    /// It describes this column.
    Column(&'a str),
}

impl Place<'_> {
    /// The parameter for the whole text.
    fn parameter(self) -> String {
        match self {
            Self::Table => "sluice:description".to_owned(),
            Self::Column(name) => format!("sluice:comment:{name}"),
        }
    }

    /// What Glue takes of a text.
    fn shortened(self, text: &str) -> String {
        let (most, keeps_lines) = match self {
            Self::Table => (MOST_OF_DESCRIPTION, true),
            Self::Column(_) => (MOST_OF_COMMENT, false),
        };
        let fits = |ch: char| ch == '\t' || keeps_lines && "\r\n".contains(ch) || !ch.is_control();
        let text: String = text.chars().map(|ch| if fits(ch) { ch } else { ' ' }).collect();
        text[..text.floor_char_boundary(most)].to_owned()
    }
}

/// What Glue is given for a text; the whole text goes into `parameters` where Glue's says less.
pub(super) fn written(
    place: Place<'_>,
    text: Option<&str>,
    parameters: &mut HashMap<String, String>,
) -> Option<String> {
    let text = text?;
    let shown = place.shortened(text);
    // Glue does not tell an empty text from none, and people who took a text away left an empty one.
    if shown.is_empty() || shown != text {
        parameters.insert(place.parameter(), serde_json::Value::from(text).to_string());
    }
    Some(shown)
}

/// The text of which Glue shows `shown`.
pub(super) fn read(
    place: Place<'_>,
    shown: Option<&str>,
    parameters: &HashMap<String, String>,
) -> Option<String> {
    let shown = shown.unwrap_or_default();
    let whole = parameters.get(&place.parameter());
    let whole = whole.and_then(|json| serde_json::from_str::<String>(json).ok());
    match whole.filter(|whole| place.shortened(whole) == shown) {
        Some(whole) => Some(whole),
        None => (!shown.is_empty()).then(|| shown.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(place: Place<'_>, text: Option<&str>) -> (Option<String>, Option<String>) {
        let mut parameters = HashMap::new();
        let shown = written(place, text, &mut parameters);
        (read(place, shown.as_deref(), &parameters), shown)
    }

    #[test]
    fn b12_texts_survive_what_glue_cannot_hold() {
        let long = "ä".repeat(3000);
        for place in [Place::Table, Place::Column("tip")] {
            for text in [None, Some(""), Some("in dollars"), Some("two\nlines\u{7}"), Some(&*long)]
            {
                let (read, shown) = there_and_back(place, text);
                assert_eq!(read.as_deref(), text);
                let shown = shown.unwrap_or_default();
                assert!(shown.len() <= 2048 && !shown.contains('\u{7}'), "{shown}");
            }
        }
    }

    #[test]
    fn b12_an_edit_in_glue_wins() {
        let mut parameters = HashMap::new();
        written(Place::Column("tip"), Some("two\nlines"), &mut parameters);
        let read = |shown| read(Place::Column("tip"), shown, &parameters);
        assert_eq!(read(Some("edited")).as_deref(), Some("edited"));
        assert_eq!(read(None), None);
    }
}
