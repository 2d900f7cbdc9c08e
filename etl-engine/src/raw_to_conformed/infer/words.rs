//! Numbers and values as people read them.

/// Most characters of a value that an explanation quotes.
const QUOTED_CHARACTERS: usize = 40;

/// A count with commas between groups of three digits.
pub(crate) fn counted(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value in quotes, cut when it is long.
pub(super) fn shown(value: &str) -> String {
    let mut short: String = value.chars().take(QUOTED_CHARACTERS).collect();
    if short.len() < value.len() {
        short.push('…');
    }
    format!("{short:?}")
}
