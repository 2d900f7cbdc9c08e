//! Bounds on query text, checked on its tokens before anything recursive sees it (promise E3).
//!
//! Parser, planner and even dropping a syntax tree recurse as deep as the text is nested or its
//! operator chains are long, so both are bounded first. Lists (`IN (…)`, select lists) may be long.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use domain::{Error, Result};

/// Longest query text, in bytes.
pub const MAX_LENGTH: usize = 256 * 1024;

/// Most tokens in a query.
pub const MAX_TOKENS: usize = 50_000;

/// Deepest nesting of parentheses, brackets, braces and CASE.
pub const MAX_DEPTH: usize = 50;

/// Most tokens between two commas of one level: a bound on every chain of operators.
pub const MAX_CHAIN: usize = 1_000;

/// Most SELECT and VALUES in a query.
pub const MAX_SELECTS: usize = 200;

/// Most types with parameters in angle brackets, which nest outside of parentheses.
const MAX_ANGLE_TYPES: usize = 20;

/// The tokens of `sql` without white space and comments, all identifiers in lower case (quoted
/// ones too, as in Athena). [`domain::ErrorKind::Invalid`] when a bound is passed.
pub(crate) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    if sql.len() > MAX_LENGTH {
        let length = sql.len();
        return Err(Error::invalid(format!(
            "the query has {length} bytes; {MAX_LENGTH} is the most"
        )));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| Error::invalid(format!("the query cannot be read: {error}")))?;
    let mut tokens: Vec<_> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    check(&tokens)?;
    tokens.iter_mut().for_each(lower_case);
    Ok(tokens)
}

/// Whether two texts differ in nothing but white space, comments and the case of names.
/// [`domain::ErrorKind::Invalid`] when one passes a bound.
pub fn same_words(one: &str, other: &str) -> Result<bool> {
    let same = |(one, other): (&TokenWithSpan, &TokenWithSpan)| one.token == other.token;
    let (one, other) = (tokens(one)?, tokens(other)?);
    Ok(one.len() == other.len() && one.iter().zip(&other).all(same))
}

/// The tokens of any text without white space and comments, to find places in it; none when it is
/// too long or cannot be split.
pub(crate) fn all_tokens(sql: &str) -> Vec<TokenWithSpan> {
    if sql.len() > MAX_LENGTH {
        return Vec::new();
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location();
    let tokens = tokens.unwrap_or_default().into_iter();
    tokens.filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF)).collect()
}

fn check(tokens: &[TokenWithSpan]) -> Result<()> {
    if tokens.len() > MAX_TOKENS {
        let found = tokens.len();
        return Err(Error::invalid(format!(
            "the query has {found} words and signs; {MAX_TOKENS} is the most"
        )));
    }
    let keyword = |wanted: Keyword| move |token: &&TokenWithSpan| keyword_of(token) == wanted;
    let selects = tokens.iter().filter(keyword(Keyword::SELECT)).count()
        + tokens.iter().filter(keyword(Keyword::VALUES)).count();
    if selects > MAX_SELECTS {
        return Err(Error::invalid(format!(
            "the query has {selects} SELECTs; {MAX_SELECTS} is the most"
        )));
    }
    let angle_types = tokens.windows(2).filter(|pair| opens_angle_type(pair)).count();
    if angle_types > MAX_ANGLE_TYPES {
        return Err(Error::invalid(format!(
            "the query has {angle_types} types in angle brackets; {MAX_ANGLE_TYPES} is the most"
        )));
    }
    check_nesting(tokens)
}

/// One open parenthesis, bracket, brace or CASE.
struct Level {
    closed_by: Option<Token>,
    chain: usize,
}

fn check_nesting(tokens: &[TokenWithSpan]) -> Result<()> {
    let mut levels = vec![Level { closed_by: None, chain: 0 }];
    for token in tokens {
        let at = token.span.start;
        if let Some(closed_by) = opens(token) {
            levels.push(Level { closed_by, chain: 0 });
            if levels.len() > MAX_DEPTH {
                return Err(Error::invalid(format!(
                    "the query is nested deeper than {MAX_DEPTH} levels{}",
                    position(at)
                )));
            }
        } else if levels.len() > 1 && levels.last().is_some_and(|level| closes(level, token)) {
            levels.pop();
        }
        let Some(level) = levels.last_mut() else { continue };
        level.chain = if separates(token) { 0 } else { level.chain + 1 };
        if level.chain > MAX_CHAIN {
            return Err(Error::invalid(format!(
                "a chain of operators is longer than {MAX_CHAIN} words and signs{}: use IN (…) or \
                 split the query",
                position(at)
            )));
        }
    }
    Ok(())
}

/// For a token that opens a level: what closes it, `None` for END.
fn opens(token: &TokenWithSpan) -> Option<Option<Token>> {
    match &token.token {
        Token::LParen => Some(Some(Token::RParen)),
        Token::LBracket => Some(Some(Token::RBracket)),
        Token::LBrace => Some(Some(Token::RBrace)),
        _ if keyword_of(token) == Keyword::CASE => Some(None),
        _ => None,
    }
}

/// Only the matching token closes a level, so that the depth is never taken for less than it is.
fn closes(level: &Level, token: &TokenWithSpan) -> bool {
    match &level.closed_by {
        Some(closing) => token.token == *closing,
        None => keyword_of(token) == Keyword::END,
    }
}

fn separates(token: &TokenWithSpan) -> bool {
    let branches = [Keyword::WHEN, Keyword::THEN, Keyword::ELSE];
    token.token == Token::Comma || branches.contains(&keyword_of(token))
}

fn opens_angle_type(pair: &[TokenWithSpan]) -> bool {
    let [first, second] = pair else { return false };
    let nests = [Keyword::ARRAY, Keyword::STRUCT, Keyword::MAP];
    nests.contains(&keyword_of(first)) && second.token == Token::Lt
}

fn keyword_of(token: &TokenWithSpan) -> Keyword {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

fn lower_case(token: &mut TokenWithSpan) {
    if let Token::Word(word) = &mut token.token {
        word.value = word.value.to_lowercase();
    }
}

fn position(at: Location) -> String {
    format!(" at line {}, column {}", at.line, at.column)
}
