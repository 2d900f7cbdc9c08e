//! Words that files write where they have no value.

use super::evidence::Evidence;

/// The words that are looked for, as they stand in files.
pub(super) const NULL_WORDS: [&str; 9] =
    ["\\N", "NULL", "null", "NA", "N/A", "n/a", "#N/A", "None", "-"];

/// Counts of each of [`NULL_WORDS`].
pub(super) type WordCounts = [u64; NULL_WORDS.len()];

/// Which of [`NULL_WORDS`] a proposal takes for "no value".
pub(super) type AcceptedWords = [bool; NULL_WORDS.len()];

/// The place of a text among [`NULL_WORDS`].
pub(super) fn null_word(text: &str) -> Option<usize> {
    // The longest word has four bytes; most values need no comparison.
    (text.len() <= 4).then(|| NULL_WORDS.iter().position(|word| *word == text)).flatten()
}

/// The words that only make sense as "no value": those without which a column would have a type
/// other than text, and `\N`, which nothing else writes.
pub(super) fn accepted(columns: &[Evidence]) -> AcceptedWords {
    let mut accepted = AcceptedWords::default();
    for (word, accepted) in accepted.iter_mut().enumerate() {
        let holds = |column: &&Evidence| column.words[word] > 0;
        *accepted = columns
            .iter()
            .filter(holds)
            .any(|column| NULL_WORDS[word] == "\\N" || column.has_type_without_words());
    }
    accepted
}
