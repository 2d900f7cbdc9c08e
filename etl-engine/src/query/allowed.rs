//! What a query may hold: an allow-list over its syntax tree (promises E1 and E2).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DescribeAlias, Expr, Ident, ObjectName, Query, Select, SelectItem, SetExpr, Statement,
    TableFactor, Value, ValueWithSpan, Visit, Visitor,
};
use domain::table::TableName;
use domain::{Error, Result};

use super::growth::{Growth, MAX_GROWTH};
use super::session::CATALOG;

/// Most tables and queries once every WITH is written out where it is used.
const MAX_PARTS: usize = 300;

/// Most WITH inside WITH.
const MAX_WITH_DEPTH: usize = 4;

/// Most `*` and `t.*` in select lists.
const MAX_WILDCARDS: usize = 50;

/// Whether it is bounded how much longer a query can make a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growing {
    /// As our own engine needs it.
    Bounded,
    /// Another engine runs the query.
    Free,
}

/// The tables that an allowed statement names, each once. [`domain::ErrorKind::Invalid`] with the
/// reason when something in it is not allowed.
pub(crate) fn allowed_tables(statement: &Statement, growing: Growing) -> Result<Vec<TableName>> {
    let query = query_of(statement)?;
    let mut check = Check { is_free: growing == Growing::Free, ..Check::default() };
    match Visit::visit(query, &mut check) {
        ControlFlow::Break(error) => Err(*error),
        ControlFlow::Continue(()) => {
            check.tables.sort();
            check.tables.dedup();
            Ok(check.tables)
        }
    }
}

fn query_of(statement: &Statement) -> Result<&Query> {
    match statement {
        Statement::Query(query) => Ok(query),
        Statement::Explain { analyze: true, .. } => {
            Err(Error::invalid("EXPLAIN ANALYZE is not allowed: use EXPLAIN, or run the query"))
        }
        Statement::Explain {
            describe_alias: DescribeAlias::Explain,
            statement,
            options: None,
            query_plan: false,
            estimate: false,
            ..
        } => match statement.as_ref() {
            Statement::Query(query) => Ok(query),
            _ => Err(Error::invalid("EXPLAIN is allowed for a SELECT, WITH or VALUES only")),
        },
        _ => Err(Error::invalid("only SELECT, WITH, VALUES and EXPLAIN are allowed")),
    }
}

type Flow = ControlFlow<Box<Error>>;

fn refuse(message: impl Into<String>) -> Flow {
    ControlFlow::Break(Box::new(Error::invalid(message)))
}

/// A query that is being visited.
struct Frame {
    ctes: Vec<Cte>,
    parts: usize,
    growth: Growth,
    /// Growth of the queries that this one reads, in bits.
    below: u32,
}

/// One `name AS (query)` of a WITH.
struct Cte {
    name: String,
    query: *const Query,
    /// Its size and growth once it has been visited; before that its name is not in scope.
    seen: Option<(usize, u32)>,
}

#[derive(Default)]
struct Check {
    frames: Vec<Frame>,
    tables: Vec<TableName>,
    wildcards: usize,
    /// Whether texts may grow as they like.
    is_free: bool,
}

impl Check {
    /// The size and growth of the WITH query that `name` stands for here, if it does.
    fn cte(&self, name: &str) -> Option<(usize, u32)> {
        let in_scope = self.frames.iter().rev().flat_map(|frame| frame.ctes.iter().rev());
        in_scope.filter(|cte| cte.name == name).find_map(|cte| cte.seen)
    }

    /// Adds what the current query reads.
    fn read(&mut self, parts: usize, growth: u32) -> Flow {
        let Some(frame) = self.frames.last_mut() else { return ControlFlow::Continue(()) };
        frame.parts = frame.parts.saturating_add(parts);
        frame.below = frame.below.max(growth);
        if frame.parts > MAX_PARTS {
            return refuse(format!(
                "the query has more than {MAX_PARTS} tables and subqueries once every WITH is \
                 written out where it is used: split it"
            ));
        }
        ControlFlow::Continue(())
    }
}

impl Visitor for Check {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> Flow {
        check_query(query)?;
        check_body(&query.body)?;
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| Cte {
            name: cte.alias.name.value.clone(),
            query: std::ptr::from_ref(cte.query.as_ref()),
            seen: None,
        });
        self.frames.push(Frame {
            ctes: ctes.collect(),
            parts: 1,
            growth: Growth::default(),
            below: 0,
        });
        // The planner resolves names twice per WITH, so that nested ones double its work.
        if self.frames.iter().filter(|frame| !frame.ctes.is_empty()).count() > MAX_WITH_DEPTH {
            return refuse(format!("WITH is nested deeper than {MAX_WITH_DEPTH} levels"));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> Flow {
        let Some(done) = self.frames.pop() else { return ControlFlow::Continue(()) };
        let growth = done.growth.above(done.below);
        let ctes = self.frames.last_mut().map(|frame| &mut frame.ctes);
        for cte in ctes.into_iter().flatten() {
            if std::ptr::eq(cte.query, query) {
                cte.seen = Some((done.parts, growth));
            }
        }
        if growth > MAX_GROWTH && !self.is_free {
            return refuse(
                "the query may make texts thousands of times longer with ||, concat, repeat or \
                 replace: use fewer of them on top of each other",
            );
        }
        self.read(done.parts, growth)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Flow {
        if select.into.is_some() {
            return refuse("SELECT INTO is not allowed: a query cannot write");
        }
        let wildcard = |item: &&SelectItem| {
            matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
        };
        self.wildcards += select.projection.iter().filter(wildcard).count();
        if self.wildcards > MAX_WILDCARDS {
            return refuse(format!("the query has more than {MAX_WILDCARDS} * in select lists"));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> Flow {
        match table {
            TableFactor::Table { args: Some(_), name, .. } => {
                refuse(format!("{name}(…) is not allowed in FROM: table functions are off"))
            }
            TableFactor::Table { version: None, json_path: None, sample: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => ControlFlow::Continue(()),
            _ => refuse("only tables, subqueries, joins and UNNEST are allowed in FROM"),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Flow {
        let parts: Option<Vec<&Ident>> = relation.0.iter().map(|part| part.as_ident()).collect();
        let Some(parts) = parts else {
            return refuse(format!("{relation} is not a table name"));
        };
        if parts.iter().any(|part| part.quote_style == Some('\'')) {
            return refuse(format!(
                "{relation} is not a table: files cannot be queried, only tables of the catalog"
            ));
        }
        let names: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        match names[..] {
            [name] => match self.cte(name) {
                Some((parts, growth)) => self.read(parts, growth),
                None => refuse(format!(
                    "table {name:?} needs its database: write \"<database>\".\"{name}\""
                )),
            },
            [database, table] | [CATALOG, database, table] => {
                self.tables.push(TableName::new(database, table));
                self.read(1, 0)
            }
            _ => refuse(format!("{relation} is not a table name: write <database>.<table>")),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Flow {
        if !self.is_free
            && let Some(frame) = self.frames.last_mut()
            && let Err(reason) = frame.growth.add(expr)
        {
            return refuse(reason);
        }
        match expr {
            Expr::Identifier(name) => check_identifier(name),
            Expr::CompoundIdentifier(names) => names.iter().try_for_each(check_identifier),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Flow {
        match &value.value {
            Value::Placeholder(name) => {
                refuse(format!("the parameter {name} has no value: write the value itself"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn check_query(query: &Query) -> Flow {
    if query.with.as_ref().is_some_and(|with| with.recursive) {
        return refuse("WITH RECURSIVE is not allowed");
    }
    if !query.locks.is_empty() || query.for_clause.is_some() {
        return refuse("FOR is not allowed: a query cannot lock");
    }
    if query.settings.is_some() || query.format_clause.is_some() {
        return refuse("SETTINGS and FORMAT are not allowed");
    }
    if !query.pipe_operators.is_empty() {
        return refuse("pipe operators (|>) are not allowed");
    }
    ControlFlow::Continue(())
}

/// Set operations are chains to the left, bounded by their number of SELECTs.
fn check_body(body: &SetExpr) -> Flow {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => ControlFlow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            check_body(left)?;
            check_body(right)
        }
        SetExpr::Table(_) => refuse("TABLE is not allowed: write SELECT * FROM"),
        _ => refuse("a query cannot write: INSERT, UPDATE, DELETE and MERGE are not allowed"),
    }
}

fn check_identifier(name: &Ident) -> Flow {
    if name.value.starts_with('@') {
        return refuse(format!("the variable {name} is not allowed"));
    }
    ControlFlow::Continue(())
}
