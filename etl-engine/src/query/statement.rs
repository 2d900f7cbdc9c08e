//! From query text to a syntax tree that is bounded and allow-listed (promises E1 to E3).

use datafusion::sql::sqlparser::ast::{self, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use domain::table::TableName;
use domain::{Error, Result};

use super::allowed::{Growing, allowed_tables};
use super::bounds::tokens;

/// How deep the parser may recurse. The tokens are bounded already; this stops what they miss.
const RECURSION_LIMIT: usize = 200;

/// One query that may be planned: SELECT, WITH, VALUES or EXPLAIN of those.
#[derive(Debug, Clone)]
pub struct QueryStatement {
    statement: Statement,
    tables: Vec<TableName>,
}

impl QueryStatement {
    /// Reads the one query in `sql`. [`domain::ErrorKind::Invalid`] when it is none, is not
    /// allowed, or passes a bound; the message says which and where.
    pub fn parse(sql: &str) -> Result<Self> {
        let statement = one_statement(tokens(sql)?)?;
        let tables = allowed_tables(&statement, Growing::Bounded)?;
        Ok(Self { statement, tables })
    }

    /// As [`Self::parse`], for a query that another engine runs: how long its texts grow is that
    /// engine's business.
    pub(crate) fn parse_for_elsewhere(sql: &str) -> Result<Self> {
        let statement = one_statement(tokens(sql)?)?;
        let tables = allowed_tables(&statement, Growing::Free)?;
        Ok(Self { statement, tables })
    }

    /// The tables that the query names, each once.
    pub fn tables(&self) -> &[TableName] {
        &self.tables
    }

    /// Whether the query only asks for its plan.
    pub fn is_explain(&self) -> bool {
        matches!(self.statement, Statement::Explain { .. })
    }

    /// Whether the query is a SELECT (with or without WITH, UNION and the like).
    pub fn is_select(&self) -> bool {
        let Statement::Query(query) = &self.statement else { return false };
        let mut body = query.body.as_ref();
        loop {
            match body {
                ast::SetExpr::Select(_) => return true,
                ast::SetExpr::Query(inner) => body = inner.body.as_ref(),
                ast::SetExpr::SetOperation { left, .. } => body = left.as_ref(),
                _ => return false,
            }
        }
    }

    /// The tree.
    pub(crate) fn ast(&self) -> &Statement {
        &self.statement
    }

    /// The tree of the query alone, also when its plan is asked for.
    pub(crate) fn into_query(self) -> Statement {
        match self.statement {
            Statement::Explain { statement, .. } => *statement,
            statement => statement,
        }
    }

    /// The tree for the planner.
    pub(crate) fn into_ast(self) -> Statement {
        self.statement
    }
}

fn one_statement(mut tokens: Vec<TokenWithSpan>) -> Result<Statement> {
    while tokens.last().is_some_and(|token| matches!(token.token, Token::SemiColon | Token::EOF)) {
        tokens.pop();
    }
    let Some(first) = tokens.first() else {
        return Err(Error::invalid("the query is empty: write a SELECT"));
    };
    may_start(first)?;
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens_with_locations(tokens);
    let statement = parser.parse_statement().map_err(unreadable)?;
    match parser.peek_token().token {
        Token::EOF => Ok(statement),
        Token::SemiColon => Err(Error::invalid("there is more than one statement: send one")),
        token => Err(Error::invalid(format!(
            "{token} is not expected after the query's end{}",
            position(&parser.peek_token())
        ))),
    }
}

/// Only what can begin a query is parsed at all: every other statement of the grammar is refused
/// before its parser runs.
fn may_start(first: &TokenWithSpan) -> Result<()> {
    let refused = || {
        Err(Error::invalid(format!(
            "{} is not allowed here: only SELECT, WITH, VALUES and EXPLAIN are",
            first.token
        )))
    };
    match &first.token {
        Token::LParen => Ok(()),
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::EXPLAIN => Ok(()),
            _ => refused(),
        },
        _ => refused(),
    }
}

fn unreadable(error: datafusion::sql::sqlparser::parser::ParserError) -> Error {
    use datafusion::sql::sqlparser::parser::ParserError;
    match error {
        ParserError::RecursionLimitExceeded => Error::invalid("the query is nested too deep"),
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => {
            Error::invalid(format!("the query cannot be read: {text}"))
        }
    }
}

fn position(token: &TokenWithSpan) -> String {
    format!(" at line {}, column {}", token.span.start.line, token.span.start.column)
}
