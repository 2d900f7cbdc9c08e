//! Whether one pattern of a policy surely matches all that another matches.

/// For texts without parts: `s3:*` covers `s3:Get*` and `s3:GetObject`.
pub(super) fn covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    // A single unknown character must not stand for one of a reference's name.
    if wide.contains('?') && narrow.contains("${") {
        return false;
    }
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    matches(&wide, &narrow)
}

/// For ARNs: a `*` does not reach over the colons before the resource part.
pub(super) fn covers_arn(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    let (wide, narrow): (Vec<&str>, Vec<&str>) =
        (wide.splitn(6, ':').collect(), narrow.splitn(6, ':').collect());
    match (wide.len(), narrow.len()) {
        (6, 6) => wide.iter().zip(&narrow).all(|(wide, narrow)| covers(wide, narrow)),
        // References, as `${Bucket.Arn}/*`.
        (1, 1) => covers(wide[0], narrow[0]),
        _ => false,
    }
}

/// Greedy matching with one point to go back to: linear in practice, never exponential. The
/// narrow text's own `*` is only matched by a `*`, its `?` by `?` or `*`.
fn matches(wide: &[char], narrow: &[char]) -> bool {
    let (mut w, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < narrow.len() {
        if w < wide.len() && wide[w] == '*' {
            retry = Some((w, n));
            w += 1;
        } else if w < wide.len() && fits(wide[w], narrow[n]) {
            (w, n) = (w + 1, n + 1);
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            (w, n) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    wide[w..].iter().all(|rest| *rest == '*')
}

fn fits(wide: char, narrow: char) -> bool {
    match wide {
        '?' => narrow != '*',
        literal => literal == narrow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_matches_no_more_than_it() {
        for (wide, narrow) in [
            ("s3:*", "s3:Get*"),
            ("s3:Get*", "s3:GetObject"),
            ("*", "anything"),
            ("s3:*Object*", "s3:GetObjectAcl"),
            ("s3:Get?bject", "s3:GetObject"),
            ("a*b*c", "aXbYbZc"),
            ("${Raw.Arn}/*", "${Raw.Arn}/tlc/*"),
        ] {
            assert!(covers(wide, narrow), "{wide} covers {narrow}");
            assert!(!covers(narrow, wide), "{narrow} does not cover {wide}");
        }
        assert!(!covers("s3:Get?", "s3:Get*"), "one character is not any number of them");
        assert!(!covers("?????????", "${Raw.Arn}"));
    }

    #[test]
    fn a_star_in_an_arn_stays_between_its_colons() {
        assert!(covers_arn("arn:aws:s3:::lake-*", "arn:aws:s3:::lake-raw/*"));
        assert!(covers_arn("arn:aws:logs:*:1:log-group:*", "arn:aws:logs:eu:1:log-group:a:b"));
        assert!(!covers_arn("arn:aws:logs:*", "arn:aws:logs:eu:1:log-group:a"));
        assert!(!covers_arn("arn:aws:*:eu:1:x", "arn:aws:a:b:eu:1:x"));
        assert!(!covers_arn("arn:aws:s3:::*", "${Raw.Arn}"));
    }

    #[test]
    fn patterns_made_to_take_long_do_not() {
        let wide = "*a".repeat(2_000);
        let narrow = "a".repeat(4_000) + "b";
        assert!(!covers(&wide, &narrow));
    }
}
