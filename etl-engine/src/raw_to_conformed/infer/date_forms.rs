//! Dates that are not written as ISO 8601 does, and the formats that read all of a column's.

use domain::column::ColumnType;

use super::super::decode::reads_as;

/// The formats that read every date of a column seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct DateForms {
    seen: u64,
    formats: Vec<String>,
    timed: bool,
}

/// What the dates of a column are.
#[derive(Debug, PartialEq)]
pub(super) enum Dates {
    /// Something that no format reads.
    None,
    /// One format reads all of them.
    One(ColumnType, String),
    /// Both formats read all of them: day and month cannot be told apart.
    Either(String, String),
}

impl DateForms {
    /// Takes a value into account.
    pub(super) fn add(&mut self, text: &str) {
        self.seen += 1;
        if self.seen == 1 {
            (self.formats, self.timed) = candidates(text);
        }
        let column_type = self.column_type();
        self.formats.retain(|format| reads_as(column_type, format, text));
    }

    /// The verdict, if all `texts` values of the column were dates.
    pub(super) fn verdict(&self, texts: u64) -> Dates {
        match self.formats.as_slice() {
            _ if self.seen != texts => Dates::None,
            [format] => Dates::One(self.column_type(), format.clone()),
            [one, other] => Dates::Either(one.clone(), other.clone()),
            _ => Dates::None,
        }
    }

    fn column_type(&self) -> ColumnType {
        if self.timed { ColumnType::Timestamp } else { ColumnType::Date }
    }
}

/// The formats that a text could be written in, and whether they have a time.
fn candidates(text: &str) -> (Vec<String>, bool) {
    let text = text.trim();
    let (date, time) = text.split_once(' ').map_or((text, None), |(date, time)| (date, Some(time)));
    let Some(time_format) = time.map_or(Some(""), time_format) else { return Default::default() };
    let orders: &[&str] = match separated(date) {
        Some((4, '/' | '.', 1..=2)) => &["%Y/%m/%d"],
        Some((1..=2, _, 4)) => &["%d/%m/%Y", "%m/%d/%Y"],
        _ => &[],
    };
    let separator = separated(date).map_or('/', |(_, separator, _)| separator);
    let format = |order: &&str| {
        let date = order.replace('/', separator.encode_utf8(&mut [0; 4]));
        if time_format.is_empty() { date } else { format!("{date} {time_format}") }
    };
    (orders.iter().map(format).collect(), time.is_some())
}

/// Digits of the first number, the separator, digits of the last of three numbers.
fn separated(date: &str) -> Option<(usize, char, usize)> {
    let separator = date.chars().find(|ch| matches!(ch, '/' | '-' | '.'))?;
    let numbers: Vec<&str> = date.split(separator).collect();
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match numbers.as_slice() {
        [first, _, last] if numbers.iter().all(digits) => {
            Some((first.len(), separator, last.len()))
        }
        _ => None,
    }
}

fn time_format(time: &str) -> Option<&'static str> {
    let colons = time.bytes().filter(|byte| *byte == b':').count();
    let half_day = time.to_ascii_uppercase().ends_with('M');
    match (colons, half_day) {
        (1, false) => Some("%H:%M"),
        (2, false) => Some("%H:%M:%S"),
        (1, true) => Some("%I:%M %p"),
        (2, true) => Some("%I:%M:%S %p"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(texts: &[&str]) -> Dates {
        let mut forms = DateForms::default();
        for text in texts {
            forms.add(text);
        }
        forms.verdict(texts.len() as u64)
    }

    #[test]
    fn one_value_above_twelve_tells_day_from_month() {
        let date = |format: &str| Dates::One(ColumnType::Date, format.to_owned());
        assert_eq!(verdict(&["01/02/2020", "13/02/2020"]), date("%d/%m/%Y"));
        assert_eq!(verdict(&["1/2/2020", "1/31/2020"]), date("%m/%d/%Y"));
        assert_eq!(verdict(&["31.12.2020"]), date("%d.%m.%Y"));
        assert_eq!(verdict(&["2020/12/31"]), date("%Y/%m/%d"));
        let either = Dates::Either("%d/%m/%Y".into(), "%m/%d/%Y".into());
        assert_eq!(verdict(&["01/02/2020", "11/12/2020"]), either);
    }

    #[test]
    fn times_make_timestamps() {
        let at = |format: &str| Dates::One(ColumnType::Timestamp, format.to_owned());
        assert_eq!(verdict(&["31/01/2020 10:20"]), at("%d/%m/%Y %H:%M"));
        assert_eq!(verdict(&["01/31/2020 01:20:30 PM"]), at("%m/%d/%Y %I:%M:%S %p"));
    }

    #[test]
    fn what_one_format_does_not_read_is_no_date() {
        for texts in
            [&["31/02/2020"][..], &["1/2/20"], &["1/2/2020", "x"], &["13/02/2020", "02/13/2020"]]
        {
            assert_eq!(verdict(texts), Dates::None, "{texts:?}");
        }
    }
}
