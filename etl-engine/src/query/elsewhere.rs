//! Queries that another engine runs, in its own dialect: what is checked here before a text leaves,
//! and what it would read by what the catalog knows.
//!
//! Architecture invariant: the other engine reads the text as it was checked. Where the two could
//! split it into other words (comments inside comments, quotes of other dialects) it is changed into
//! what both read alike, or refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};
use domain::partition::Partition;
use domain::query::QueryCost;
use domain::table::{CatalogPartition, CatalogTable, TableName};
use domain::{Error, Result};

use super::deep_stack::on_deep_stack;
use super::estimate::{QueryEstimate, TableEstimate, rewrite};
use super::lookup::tables_named;
use super::partition_filter::offset;
use super::planning::{plan_tree, planning_session};
use super::session::over_tables;
use super::statement::QueryStatement;
use super::table::prune;
use crate::catalog::Catalog;
use crate::column_types::table_schema;

/// A query that another engine may be given.
#[derive(Debug, Clone)]
pub struct QueryElsewhere {
    text: String,
    statement: QueryStatement,
    tables: Vec<CatalogTable>,
}

impl QueryElsewhere {
    /// Checks a text: SELECT, WITH, VALUES or EXPLAIN over tables of the catalog (promise E1).
    /// [`domain::ErrorKind::Invalid`] otherwise. Bounds that protect our own engine do not count.
    pub async fn prepare(sql: &str, catalog: &dyn Catalog) -> Result<Self> {
        // The bounds on length and nesting come first.
        let first = QueryStatement::parse_for_elsewhere(sql)?;
        let text = without_comments(sql)?;
        let statement = QueryStatement::parse_for_elsewhere(&text)?;
        if first.ast() != statement.ast() {
            return Err(Error::invalid("the query cannot be read without its comments"));
        }
        let tables = tables_named(statement.tables(), catalog, &[]).await?;
        Ok(Self { text, statement, tables })
    }

    /// What to send: the text without comments, every word where it was.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the query would read, by what the catalog knows of its partitions. Where a filter is
    /// written in a way that only the other engine understands, its tables count as read whole.
    pub async fn estimate(&self, catalog: &dyn Catalog) -> Result<QueryEstimate> {
        let mut stored = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            stored.push(catalog.partitions(&table.name, None).await?);
        }
        let days: Vec<(CatalogTable, Vec<Partition>)> = self
            .tables
            .iter()
            .zip(&stored)
            .map(|(table, stored)| {
                (table.clone(), stored.iter().map(|stored| stored.partition).collect())
            })
            .collect();
        let (statement, tables) = (self.statement.clone(), days.clone());
        let left = on_deep_stack(async move { Ok(partitions_left(statement, &tables).await) });
        let left = left.await?;
        let estimates = self.tables.iter().zip(&stored).enumerate().map(|(at, (table, stored))| {
            estimate_of(&table.name, stored, left.as_ref().map(|left| &left[at]))
        });
        let tables: Vec<_> = estimates.collect();
        let sum = |of: fn(&TableEstimate) -> u64| tables.iter().map(of).sum();
        let cost = QueryCost {
            files: sum(|table| table.files),
            bytes: sum(|table| table.bytes),
            partitions: sum(|table| table.partitions),
            seconds: 0.0,
        };
        let rewrite = rewrite(&self.text, &tables, &days);
        Ok(QueryEstimate { cost, tables, rewrite })
    }
}

fn estimate_of(
    name: &TableName,
    stored: &[CatalogPartition],
    left: Option<&BTreeSet<Partition>>,
) -> TableEstimate {
    let is_left =
        |stored: &&CatalogPartition| left.is_none_or(|left| left.contains(&stored.partition));
    let read: Vec<_> = stored.iter().filter(is_left).collect();
    TableEstimate {
        table: name.clone(),
        partitions: read.len() as u64,
        partitions_total: stored.len() as u64,
        files: read.iter().map(|stored| stored.files).sum(),
        bytes: read.iter().map(|stored| stored.bytes).sum(),
    }
}

/// For each table the partitions that its scans leave; `None` when the query cannot be planned here.
async fn partitions_left(
    statement: QueryStatement,
    tables: &[(CatalogTable, Vec<Partition>)],
) -> Option<Vec<BTreeSet<Partition>>> {
    let known: Vec<_> = tables.iter().map(|(table, _)| table.clone()).collect();
    let providers = known.iter().map(|table| {
        let provider: Arc<dyn TableProvider> = Arc::new(Listed(table_schema(&table.columns)));
        (table.name.clone(), provider)
    });
    let state = planning_session(&known).ok()?;
    let state = over_tables(state, providers.collect()).ok()?;
    let plan = plan_tree(&state, statement.into_query()).await.ok()?;
    let plan = state.optimize(&plan).ok()?;
    let mut left = vec![BTreeSet::new(); tables.len()];
    let walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let is_it = |(table, _): &(CatalogTable, Vec<Partition>)| {
                scan.table_name.schema() == Some(table.name.database.as_str())
                    && scan.table_name.table() == table.name.table
            };
            if let Some(at) = tables.iter().position(is_it) {
                left[at].extend(prune(&state, &tables[at].1, &scan.filters)?);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().map(|_| left)
}

/// A table that takes filters, to see which of them reach it.
#[derive(Debug)]
struct Listed(SchemaRef);

#[async_trait::async_trait]
impl TableProvider for Listed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> datafusion::common::Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        let schema = datafusion::common::project_schema(&self.0, projection)?;
        Ok(Arc::new(EmptyExec::new(schema)))
    }
}

/// The text with blanks where its comments were. [`domain::ErrorKind::Invalid`] for quotes that the
/// other engine does not know.
fn without_comments(sql: &str) -> Result<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| Error::invalid(format!("the query cannot be read: {error}")))?;
    let mut text = sql.to_owned();
    for token in tokens {
        refuse_other_quotes(&token)?;
        let is_comment = matches!(
            &token.token,
            Token::Whitespace(
                Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)
            )
        );
        if let (true, Some(begin), Some(end)) =
            (is_comment, offset(&text, token.span.start), offset(&text, token.span.end))
        {
            // As many characters as before, so that places in messages stay.
            let blank = |ch: char| if ch == '\n' { '\n' } else { ' ' };
            let blanks: String = text[begin..end].chars().map(blank).collect();
            text.replace_range(begin..end, &blanks);
        }
    }
    Ok(text)
}

fn refuse_other_quotes(token: &TokenWithSpan) -> Result<()> {
    let is_known = match &token.token {
        Token::Word(word) => matches!(word.quote_style, None | Some('"')),
        Token::SingleQuotedString(_) | Token::HexStringLiteral(_) => true,
        Token::DoubleQuotedString(_)
        | Token::TripleSingleQuotedString(_)
        | Token::TripleDoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::SingleQuotedByteStringLiteral(_)
        | Token::DoubleQuotedByteStringLiteral(_)
        | Token::TripleSingleQuotedByteStringLiteral(_)
        | Token::TripleDoubleQuotedByteStringLiteral(_)
        | Token::SingleQuotedRawStringLiteral(_)
        | Token::DoubleQuotedRawStringLiteral(_)
        | Token::TripleSingleQuotedRawStringLiteral(_)
        | Token::TripleDoubleQuotedRawStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_) => false,
        _ => true,
    };
    if is_known {
        return Ok(());
    }
    let place = token.span.start;
    Err(Error::invalid(format!(
        "{} at line {}, column {} is not known here: write texts as '…' and names as \"…\"",
        token.token, place.line, place.column
    )))
}

#[cfg(test)]
mod tests {
    use domain::run::RunId;
    use domain::table_history::TableAuthor;

    use super::*;
    use crate::catalog::MemoryCatalog;
    use crate::query::fixture::yellow;

    async fn lake() -> MemoryCatalog {
        let catalog = MemoryCatalog::default();
        let table = CatalogTable { version: 0, ..yellow() };
        let by = TableAuthor::Person { login: "ada".into() };
        catalog.put_table(&table, &by).await.unwrap();
        let day = |text: &str, bytes| CatalogPartition {
            partition: text.parse().unwrap(),
            rows: 1,
            bytes,
            files: 2,
            run: RunId::generate(),
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let days = [day("2020-07-31", 1), day("2020-08-01", 10), day("2020-08-02", 100)];
        catalog.put_partitions(&table.name, &days).await.unwrap();
        catalog
    }

    const TABLE: &str = "datalake_raw_source.yellow_taxi_trip_record";

    #[tokio::test]
    async fn e1_what_two_engines_could_read_differently_is_changed_or_refused() {
        let catalog = lake().await;
        let prepare = async |sql: &str| QueryElsewhere::prepare(sql, &catalog).await;
        // Athena ends the comment at the first end.
        let hidden = "SELECT 1 /* /* */ FROM information_schema.tables -- */ */";
        let text = prepare(hidden).await.map(|query| query.text().to_owned());
        assert!(text.as_deref().map_or(true, |text| !text.contains("information")), "{text:?}");
        let commented = prepare("SELECT /* ä\n*/ 1 -- one").await.unwrap();
        assert_eq!(commented.text(), "SELECT     \n   1       ");
        for sql in [
            "SELECT E'\\' FROM information_schema.tables --'",
            "SELECT $$ '$$ FROM t '",
            "SELECT `a` FROM t",
            "SELECT * FROM information_schema.tables",
            "SELECT * FROM \"datalake_raw_source\".\"yellow_taxi_trip_record$partitions\"",
            "SELECT * FROM \"lambda:x\".a.b",
            "SELECT * FROM TABLE(system.query('x'))",
            "UNLOAD (SELECT 1) TO 's3://x'",
            "USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'l' SELECT f(1)",
            "EXECUTE p",
            "SHOW TABLES",
            "DROP TABLE datalake_raw_source.yellow_taxi_trip_record",
        ] {
            let error = prepare(sql).await.unwrap_err();
            assert_eq!(error.kind(), domain::ErrorKind::Invalid, "{sql}: {error}");
        }
    }

    #[tokio::test]
    async fn bounds_of_our_own_engine_do_not_count_elsewhere() {
        let sql =
            format!("SELECT replace(store_and_fwd_flag, 'a', store_and_fwd_flag) FROM {TABLE}");
        assert!(QueryStatement::parse(&sql).is_err());
        assert!(QueryElsewhere::prepare(&sql, &lake().await).await.is_ok());
    }

    #[tokio::test]
    async fn an_estimate_counts_the_partitions_that_filters_leave() {
        let catalog = lake().await;
        for (sql, partitions, bytes) in [
            ("SELECT count(*) FROM T!", 3, 111),
            ("SELECT vendorid FROM T! WHERE month = '08'", 2, 110),
            ("SELECT vendorid FROM T! WHERE month = '08' AND day > '01' AND extra > 1", 1, 100),
            ("SELECT a.day FROM T! a JOIN T! b ON a.day = b.day WHERE a.day = '01'", 1, 10),
            ("SELECT only_elsewhere(vendorid) FROM T! WHERE month = '08'", 3, 111),
            ("SELECT 1", 0, 0),
        ] {
            let query = QueryElsewhere::prepare(&sql.replace("T!", TABLE), &catalog).await.unwrap();
            let estimate = query.estimate(&catalog).await.unwrap();
            let told = (estimate.cost.partitions, estimate.cost.bytes);
            assert_eq!(told, (partitions, bytes), "{sql}");
            assert_eq!(estimate.cost.files, 2 * partitions);
        }
    }
}
