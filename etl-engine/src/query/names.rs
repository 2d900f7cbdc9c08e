//! Names in SQL that we write for people.

use datafusion::sql::sqlparser::keywords::ALL_KEYWORDS;

/// A name as it stands in SQL: quoted only where it has to be.
pub fn in_sql(name: &str) -> String {
    let is_plain = name.starts_with(|ch: char| ch.is_ascii_lowercase() || ch == '_')
        && name.chars().all(|ch| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '_')
        && !ALL_KEYWORDS.contains(&name.to_ascii_uppercase().as_str());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        let written = ["tip_amount", "date", "größe", "c_1st", "a\"b"].map(in_sql);
        assert_eq!(written, ["tip_amount", "\"date\"", "\"größe\"", "c_1st", "\"a\"\"b\""]);
    }
}
