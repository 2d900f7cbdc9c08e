//! Looking at rejected rows: how many of which kind, and one page of them.
//!
//! Memory does not grow with the number of rejected rows: the kinds are counted from two narrow
//! columns, and raw text is fetched for the rows of the page alone.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use domain::Result;
use domain::dataset::DatasetId;
use domain::rejected::{RejectReason, RejectedRow};
use domain::run::RunId;
use futures::TryStreamExt;
use object_store::ObjectStore;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::RowSelection;

use super::file::{Opened, from_batch, open, reason, unreadable};

/// Rows decoded at once. Their raw text is at most 64 KiB each.
const BATCH_ROWS: usize = 256;
/// Rows counted at once.
const COUNTED_ROWS: usize = 8192;
/// Places of the columns `column` and `reason` in the file.
const COUNTED_COLUMNS: [usize; 2] = [2, 3];

/// Which rejected rows are meant; the default means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Only those rejected for this reason.
    pub reason: Option<RejectReason>,
    /// Only those in which this column did not fit; empty: those in which no column can be named.
    pub column: Option<String>,
}

impl RowFilter {
    /// Whether a row of this kind is meant.
    pub fn allows(&self, reason: RejectReason, column: Option<&str>) -> bool {
        let wanted = self.column.as_deref();
        self.reason.is_none_or(|wanted| wanted == reason)
            && wanted.is_none_or(|wanted| wanted == column.unwrap_or_default())
    }
}

/// Rejected rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Why they were rejected.
    pub reason: RejectReason,
    /// The column that did not fit, where one can be named.
    pub column: Option<String>,
    /// How many.
    pub rows: u64,
}

/// The kinds of rejected rows, and how many there are of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    counts: HashMap<RejectReason, HashMap<String, u64>>,
}

impl Facets {
    /// Counts `rows` more of a kind.
    pub fn add(&mut self, reason: RejectReason, column: Option<&str>, rows: u64) {
        let columns = self.counts.entry(reason).or_default();
        let name = column.unwrap_or_default();
        match columns.get_mut(name) {
            Some(count) => *count += rows,
            None => drop(columns.insert(name.to_owned(), rows)),
        }
    }

    /// Adds the counts of another run.
    pub fn add_all(&mut self, other: &Self) {
        for facet in other.largest_first() {
            self.add(facet.reason, facet.column.as_deref(), facet.rows);
        }
    }

    /// Rows of all kinds together.
    pub fn rows(&self) -> u64 {
        self.counts.values().flat_map(HashMap::values).sum()
    }

    /// Rows that a filter allows.
    pub fn matching(&self, filter: &RowFilter) -> u64 {
        let facets = self.largest_first().into_iter();
        let allowed = facets.filter(|facet| filter.allows(facet.reason, facet.column.as_deref()));
        allowed.map(|facet| facet.rows).sum()
    }

    /// All kinds, the most frequent first.
    pub fn largest_first(&self) -> Vec<Facet> {
        let mut facets: Vec<_> = self
            .counts
            .iter()
            .flat_map(|(reason, columns)| {
                columns.iter().map(move |(name, rows)| (reason, name, rows))
            })
            .map(|(reason, name, rows)| Facet {
                reason: *reason,
                column: (!name.is_empty()).then(|| name.clone()),
                rows: *rows,
            })
            .collect();
        facets.sort_by(|one, other| {
            let one_kind = (one.reason, &one.column);
            other.rows.cmp(&one.rows).then_with(|| one_kind.cmp(&(other.reason, &other.column)))
        });
        facets
    }
}

/// Some of a run's rejected rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Rows that the filter allows, on all pages together.
    pub matching: u64,
    /// The rows of this page, in file order.
    pub rows: Vec<RejectedRow>,
}

/// Counts a run's rejected rows by kind. None at all when the run kept none.
pub async fn facets(
    conformed: &Arc<dyn ObjectStore>,
    dataset: &DatasetId,
    run: RunId,
) -> Result<Facets> {
    let mut facets = Facets::default();
    let Some(opened) = open(conformed, dataset, run).await? else { return Ok(facets) };
    for_each(opened, |reason, column| facets.add(reason, column, 1)).await?;
    Ok(facets)
}

/// The rejected rows of a run that `filter` allows, in file order, without the first `offset` of
/// them, at most `limit`.
pub async fn page(
    conformed: &Arc<dyn ObjectStore>,
    dataset: &DatasetId,
    run: RunId,
    filter: &RowFilter,
    offset: u64,
    limit: usize,
) -> Result<Page> {
    let Some(opened) = open(conformed, dataset, run).await? else { return Ok(Page::default()) };
    let last = offset.saturating_add(limit as u64);
    let (mut at, mut matching, mut wanted) = (0_usize, 0_u64, Vec::<Range<usize>>::new());
    for_each(opened, |reason, column| {
        if filter.allows(reason, column) {
            if (offset..last).contains(&matching) {
                match wanted.last_mut().filter(|range| range.end == at) {
                    Some(range) => range.end += 1,
                    None => wanted.push(at..at + 1),
                }
            }
            matching += 1;
        }
        at += 1;
    })
    .await?;
    let mut rows = Vec::new();
    // An attempt that rejected other rows may have replaced the file meanwhile.
    if let Some(opened) = open(conformed, dataset, run).await?.filter(|_| !wanted.is_empty()) {
        let all = usize::try_from(opened.metadata().file_metadata().num_rows()).unwrap_or(at);
        wanted.retain(|range| range.end <= all);
        let selection = RowSelection::from_consecutive_ranges(wanted.into_iter(), all);
        let chosen = opened.with_row_selection(selection).with_batch_size(BATCH_ROWS);
        let mut batches = chosen.build().map_err(unreadable)?;
        while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
            rows.extend(from_batch(&batch)?);
        }
    }
    Ok(Page { matching, rows })
}

/// Calls `see` with reason and column of every row, in order.
async fn for_each(opened: Opened, mut see: impl FnMut(RejectReason, Option<&str>)) -> Result<()> {
    let narrow = ProjectionMask::roots(opened.parquet_schema(), COUNTED_COLUMNS);
    let mut batches =
        opened.with_projection(narrow).with_batch_size(COUNTED_ROWS).build().map_err(unreadable)?;
    while let Some(batch) = batches.try_next().await.map_err(unreadable)? {
        see_all(&batch, &mut see)?;
    }
    Ok(())
}

fn see_all(batch: &RecordBatch, see: &mut impl FnMut(RejectReason, Option<&str>)) -> Result<()> {
    let (columns, reasons) =
        (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
    // Neighbours are mostly rejected for the same reason.
    let mut last: Option<(&str, RejectReason)> = None;
    for row in 0..batch.num_rows() {
        let text = reasons.value(row);
        let kind = match last {
            Some((seen, kind)) if seen == text => kind,
            _ => reason(text)?,
        };
        last = Some((text, kind));
        see(kind, columns.is_valid(row).then(|| columns.value(row)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::source::MalformedPolicy;
    use object_store::memory::InMemory;

    use super::super::Quarantine;
    use super::*;

    const ROWS: u64 = 20_000;

    fn rows(from: u64, count: u64) -> Vec<RejectedRow> {
        (from..from + count)
            .map(|line| RejectedRow {
                line,
                column: (line % 4 != 0).then(|| format!("c{}", line % 2)),
                reason: match line % 4 {
                    0 => RejectReason::TooFewFields,
                    1 => RejectReason::MissingValue,
                    _ => RejectReason::TypeMismatch,
                },
                detail: "does not fit".to_owned(),
                raw: vec![b'x'; 700],
            })
            .collect()
    }

    async fn kept() -> (Arc<dyn ObjectStore>, DatasetId, RunId) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (dataset, run): (DatasetId, _) = ("tlc/yellow".parse().unwrap(), RunId::generate());
        let policy = MalformedPolicy::Quarantine { max_rows: ROWS, max_rate: 1.0 };
        let mut quarantine =
            Quarantine::new(policy, Arc::clone(&store), &dataset, run, "t/y/f.csv");
        for from in (1..=ROWS).step_by(1000) {
            quarantine.add(rows(from, 1000)).await.unwrap();
        }
        quarantine.close(ROWS).await.unwrap();
        (store, dataset, run)
    }

    #[tokio::test]
    async fn kinds_are_counted_over_all_row_groups() {
        let (store, dataset, run) = kept().await;
        let facets = facets(&store, &dataset, run).await.unwrap();
        assert_eq!(facets.rows(), ROWS);
        let quarter = ROWS / 4;
        let kinds: Vec<_> = facets
            .largest_first()
            .into_iter()
            .map(|facet| (facet.reason.as_str(), facet.column, facet.rows))
            .collect();
        let column = |name: &str| Some(name.to_owned());
        assert_eq!(
            kinds,
            [
                ("too_few_fields", None, quarter),
                ("type_mismatch", column("c0"), quarter),
                ("type_mismatch", column("c1"), quarter),
                ("missing_value", column("c1"), quarter),
            ]
        );
    }

    #[tokio::test]
    async fn a_page_holds_the_rows_that_the_filter_allows_and_no_others() {
        let (store, dataset, run) = kept().await;
        let filter =
            RowFilter { reason: Some(RejectReason::TypeMismatch), column: Some("c0".to_owned()) };
        let page = page(&store, &dataset, run, &filter, 4_998, 5).await.unwrap();
        assert_eq!(page.matching, ROWS / 4);
        let lines: Vec<_> = page.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [19_994, 19_998]);
        assert_eq!(page.rows[0], rows(19_994, 1)[0]);
    }

    #[tokio::test]
    async fn rows_without_a_column_can_be_asked_for() {
        let (store, dataset, run) = kept().await;
        let filter = RowFilter { column: Some(String::new()), ..RowFilter::default() };
        let page = page(&store, &dataset, run, &filter, 0, 3).await.unwrap();
        assert_eq!(page.rows.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 8, 12]);
    }

    #[tokio::test]
    async fn a_run_that_kept_nothing_has_no_kinds_and_no_pages() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (dataset, run): (DatasetId, _) = ("tlc/yellow".parse().unwrap(), RunId::generate());
        assert_eq!(facets(&store, &dataset, run).await.unwrap(), Facets::default());
        let none = page(&store, &dataset, run, &RowFilter::default(), 0, 10).await.unwrap();
        assert_eq!(none, Page::default());
    }
}
