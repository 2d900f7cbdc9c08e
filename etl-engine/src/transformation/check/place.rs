//! Places in SQL text.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Spanned, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};
use domain::table::TableName;

use super::Finding;
use crate::query::bounds::all_tokens;

/// A place in a text. Lines and columns count from 1, columns in Unicode characters; the end is the
/// first column behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its first line.
    pub line: u64,
    /// Its first column.
    pub column: u64,
    /// Its last line.
    pub end_line: u64,
    /// The first column behind it.
    pub end_column: u64,
}

impl Place {
    fn of(span: Span) -> Self {
        Self {
            line: span.start.line,
            column: span.start.column,
            end_line: span.end.line,
            end_column: span.end.column,
        }
    }
}

/// A text with its tokens.
#[derive(Debug, Clone)]
pub(super) struct Text {
    sql: String,
    tokens: Vec<TokenWithSpan>,
}

impl Text {
    pub(super) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), tokens: all_tokens(sql) }
    }

    /// The place of a span, with the arguments of a call and up to the parenthesis that closes what
    /// it opens: spans of calls end before them.
    pub(super) fn place(&self, span: Span) -> Place {
        if span == Span::empty() {
            return self.first();
        }
        let mut span = span;
        let mut open = 0_i32;
        for token in self.tokens.iter().filter(|token| token.span.start >= span.start) {
            let inside = token.span.start < span.end;
            let calls = token.token == Token::LParen && token.span.start == span.end;
            if !inside && !calls && open <= 0 {
                break;
            }
            open += match token.token {
                Token::LParen => 1,
                Token::RParen => -1,
                _ => 0,
            };
            span.end = span.end.max(token.span.end);
        }
        Place::of(span)
    }

    /// The text at a place.
    pub(super) fn at(&self, place: Place) -> String {
        let mut found = String::new();
        let (mut line, mut column) = (1, 1);
        for ch in self.sql.chars() {
            if (line, column) >= (place.end_line, place.end_column) {
                break;
            }
            if (line, column) >= (place.line, place.column) {
                found.push(ch);
            }
            (line, column) = if ch == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        found
    }

    /// The first word.
    pub(super) fn first(&self) -> Place {
        match self.tokens.first() {
            Some(token) => Place::of(token.span),
            None => Place { line: 1, column: 1, end_line: 1, end_column: 1 },
        }
    }

    /// The word that begins where a span does.
    pub(super) fn word(&self, span: Span) -> Place {
        let word = self.tokens.iter().find(|token| token.span.start == span.start);
        word.map_or_else(|| self.place(span), |token| Place::of(token.span))
    }

    /// The finding for text that the parser refuses. Its messages carry the place in words.
    pub(super) fn unreadable(&self, message: &str) -> Finding {
        let Some((at, spoken)) = spoken_place(message) else {
            return Finding::error(message, self.first());
        };
        let place = match self.tokens.iter().find(|token| token.span.end > at) {
            Some(token) => Place::of(token.span),
            // At the end of the text, the last word is the one to look at.
            None => {
                self.tokens.last().map_or(Place::of(one_column(at)), |last| Place::of(last.span))
            }
        };
        let message = message.replace(&spoken, "").replace("the query cannot be read: ", "");
        let message = message.strip_prefix("sql parser error: ").unwrap_or(&message);
        Finding::error(message.trim(), place)
    }
}

fn one_column(at: Location) -> Span {
    Span::new(at, Location { line: at.line, column: at.column + 1 })
}

/// `at Line: 2, Column: 7` or `at line 2, column 7` in a message, with the words themselves.
fn spoken_place(message: &str) -> Option<(Location, String)> {
    let lower = message.to_ascii_lowercase();
    let start = lower.rfind(" at line")?;
    let words = &lower[start..];
    let mut numbers = words.split(|ch: char| !ch.is_ascii_digit()).filter(|part| !part.is_empty());
    let line = numbers.next()?;
    let column = numbers.next()?;
    let end = words.find(line)? + line.len();
    let end = end + words[end..].find(column)? + column.len();
    let at = Location { line: line.parse().ok()?, column: column.parse().ok()? };
    Some((at, message[start..start + end].to_owned()))
}

/// Where a statement names a table.
pub(super) fn of_table(statement: &Statement, table: &TableName) -> Vec<Place> {
    struct Named<'a>(&'a TableName, Vec<Place>);
    impl Visitor for Named<'_> {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let mut parts = relation.0.iter().rev().filter_map(|part| part.as_ident());
            let is_it = parts.next().is_some_and(|part| part.value == self.0.table)
                && parts.next().is_some_and(|part| part.value == self.0.database);
            if is_it {
                self.1.push(Place::of(relation.span()));
            }
            ControlFlow::Continue(())
        }
    }
    let mut named = Named(table, Vec::new());
    let _ = Visit::visit(statement, &mut named);
    named.1
}
