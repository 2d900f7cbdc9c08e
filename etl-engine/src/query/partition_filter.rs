//! Adding a filter on partitions to a query, in the text as its author wrote it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};
use domain::table::TableName;

use super::bounds::tokens;

/// What ends the condition of a WHERE, or the place for one.
const ENDS: [Keyword; 11] = [
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::WINDOW,
    Keyword::QUALIFY,
    Keyword::ORDER,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::FETCH,
    Keyword::UNION,
    Keyword::EXCEPT,
    Keyword::INTERSECT,
];

/// The query with `key = 'value' AND …` for the first use of `table`, and that condition. `None`
/// when the table is not found where a filter keeps the query's meaning.
pub fn with_filter(
    sql: &str,
    table: &TableName,
    parts: &[(&str, &str)],
) -> Option<(String, String)> {
    let tokens = tokens(sql).ok()?;
    let used = (0..tokens.len()).find_map(|at| use_of(&tokens, at, table))?;
    let condition = parts
        .iter()
        .map(|(key, value)| format!("{}.{key} = '{value}'", used.name))
        .collect::<Vec<_>>()
        .join(" AND ");
    let place = place_of(&tokens, used.end)?;
    let last = tokens.get(place.end.checked_sub(1)?)?;
    let end = offset(sql, last.span.end)?;
    let text = match place.condition {
        None => format!("{}\nWHERE {condition}{}", &sql[..end], &sql[end..]),
        Some(begin) => {
            let begin = offset(sql, tokens.get(begin)?.span.end)?;
            let (open, close) = if place.has_or { ("(", ")") } else { ("", "") };
            let rest = sql[begin..end].trim_start();
            let (before, after) = (&sql[..begin], &sql[end..]);
            format!("{before} {condition}\n    AND {open}{rest}{close}{after}")
        }
    };
    Some((text, condition))
}

/// Where a table is used.
struct Use {
    /// How columns name it there.
    name: String,
    /// The token behind it.
    end: usize,
}

fn use_of(tokens: &[TokenWithSpan], at: usize, table: &TableName) -> Option<Use> {
    let is = |at: usize, name: &str| matches!(word(tokens, at), Some((found, _)) if found == name);
    let dot = tokens.get(at + 1).is_some_and(|token| token.token == Token::Period);
    if !(is(at, &table.database) && dot && is(at + 2, &table.table)) {
        return None;
    }
    let named = at >= 2 && tokens[at - 1].token == Token::Period;
    let before = at.checked_sub(if named { 3 } else { 1 })?;
    let joined = keyword(tokens, before) == Keyword::JOIN;
    let outer = [Keyword::LEFT, Keyword::RIGHT, Keyword::FULL, Keyword::OUTER, Keyword::ANTI];
    let keeps_rows = before.checked_sub(1).is_some_and(|at| outer.contains(&keyword(tokens, at)));
    let reads = keyword(tokens, before) == Keyword::FROM || tokens[before].token == Token::Comma;
    if !(reads || joined && !keeps_rows) {
        return None;
    }
    let mut end = at + 3;
    if keyword(tokens, end) == Keyword::AS {
        end += 1;
    }
    let alias = word(tokens, end).filter(|(_, is_name)| *is_name);
    let name = match &alias {
        Some((alias, _)) => alias,
        None => &table.table,
    };
    let name = quoted(name);
    Some(Use { name, end: if alias.is_some() { end + 1 } else { at + 3 } })
}

/// The place for a condition in the SELECT that goes on at `from`.
struct Place {
    /// The token WHERE, if there is one.
    condition: Option<usize>,
    /// The token behind the condition or the last join.
    end: usize,
    /// Whether the condition is an OR.
    has_or: bool,
}

fn place_of(tokens: &[TokenWithSpan], from: usize) -> Option<Place> {
    let mut place = Place { condition: None, end: tokens.len(), has_or: false };
    let mut depth = 0_u32;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => {
                place.end = at;
                return Some(place);
            }
            Token::RParen => depth -= 1,
            Token::SemiColon | Token::EOF => {
                place.end = at;
                return Some(place);
            }
            _ if depth > 0 => {}
            _ => match keyword(tokens, at) {
                Keyword::WHERE => place.condition = Some(at),
                Keyword::OR => place.has_or |= place.condition.is_some(),
                found if ENDS.contains(&found) => {
                    place.end = at;
                    return Some(place);
                }
                _ => {}
            },
        }
    }
    (depth == 0).then_some(place)
}

fn keyword(tokens: &[TokenWithSpan], at: usize) -> Keyword {
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

/// The word at a place, and whether it can only be a name.
fn word(tokens: &[TokenWithSpan], at: usize) -> Option<(String, bool)> {
    match &tokens.get(at)?.token {
        Token::Word(word) => {
            let is_name = word.quote_style.is_some() || word.keyword == Keyword::NoKeyword;
            Some((word.value.clone(), is_name))
        }
        _ => None,
    }
}

fn quoted(name: &str) -> String {
    let plain = name.starts_with(|ch: char| ch.is_ascii_lowercase() || ch == '_')
        && name.chars().all(|ch| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The byte at a place that the tokenizer counts in lines and characters, both from 1.
pub(crate) fn offset(sql: &str, place: Location) -> Option<usize> {
    let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let begin = match line {
        0 => 0,
        line => sql.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let rest = &sql[begin..];
    let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    Some(begin + within)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &str) {
        let table = TableName::new("lake", "trips");
        let (text, _) = with_filter(sql, &table, &[("year", "2020"), ("month", "08")]).unwrap();
        assert_eq!(text, expected);
        assert!(crate::query::statement::QueryStatement::parse(&text).is_ok(), "{text}");
    }

    #[test]
    fn a_filter_is_put_where_it_belongs() {
        check(
            "select *\nfrom lake.trips\nlimit 5",
            "select *\nfrom lake.trips\nWHERE trips.year = '2020' AND trips.month = '08'\nlimit 5",
        );
        check(
            "select * from \"lake\".\"trips\" as t where t.a = 'ä' or b = 2 group by 1;",
            "select * from \"lake\".\"trips\" as t where t.year = '2020' AND t.month = '08'\n    \
             AND (t.a = 'ä' or b = 2) group by 1;",
        );
        check(
            "with x as (select a from lake.trips t) select * from x where a = 1",
            "with x as (select a from lake.trips t\nWHERE t.year = '2020' AND t.month = '08') \
             select * from x where a = 1",
        );
        check(
            "select 'ü' from lake.zones z join lake.trips t on z.id = t.id where z.a = 1",
            "select 'ü' from lake.zones z join lake.trips t on z.id = t.id where t.year = '2020' \
             AND t.month = '08'\n    AND z.a = 1",
        );
    }

    #[test]
    fn no_filter_is_offered_where_it_would_change_the_meaning() {
        let table = TableName::new("lake", "trips");
        for sql in ["select * from lake.zones z left join lake.trips t on true", "select 1", "sel"]
        {
            assert_eq!(with_filter(sql, &table, &[("year", "2020")]), None, "{sql}");
        }
    }
}
