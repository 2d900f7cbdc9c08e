//! The first hop up to its commit: everything is decoded, checked and staged; nothing is visible.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::column::{Column, ColumnType};
use domain::partition::Partition;
use domain::run::{Commit, CommittedFile, CommittedObject, Counts, Run, StagedFile};
use domain::source::{DriftPolicy, Format, PartitionRule, Source};
use domain::table::TableName;
use domain::zone::Zone;
use domain::{Error, Result};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::decode::{self, DecodeOptions, Opened};
use super::infer::{self, Proposal, ProposeOptions};
use super::partition_rule::{self, DayOf};
use super::quarantine::Quarantine;
use super::{Difference, Progress, compare, fetch};
use crate::catalog::TableShape;
use crate::failpoint;
use crate::lake::Lake;
use crate::run::Stop;
use crate::source::SourceVersion;
use crate::table_files::{
    PartitionedWriter, TablePaths, WriterSettings, conformed_file_name, removals,
};

/// What the first hop is asked to do.
#[derive(Debug)]
pub struct Request<'a> {
    /// The environment.
    pub lake: &'a Lake,
    /// The run; its arrival names the bytes.
    pub run: &'a Run,
    /// The registration to read by.
    pub source: SourceVersion,
    /// What the conformed zone holds of the object from before.
    pub previous: Option<CommittedObject>,
    /// Where to stage, different for every attempt.
    pub staging: String,
    /// Bounds of decoding.
    pub decode: DecodeOptions,
    /// Bounds of writing.
    pub writer: WriterSettings,
    /// Stops the hop before its commit.
    pub cancel: &'a CancellationToken,
    /// Told of rows and bytes while the hop goes on.
    pub progress: &'a Progress,
}

/// What the first hop prepared.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The commit to write down and carry out.
    pub commit: Commit,
    /// What the object owns once the commit is carried out.
    pub committed: CommittedObject,
    /// The catalog table that the data needs.
    pub shape: TableShape,
    /// Partitions that the commit changes.
    pub partitions: Vec<Partition>,
    /// Rows and bytes.
    pub counts: Counts,
    /// Version of the source that was used; newer than asked for when drift was followed.
    pub source_version: u64,
    /// What a person should know.
    pub note: Option<String>,
}

/// What one pass over the file found out.
struct Pass {
    day_of: DayOf,
    staged: Vec<StagedFile>,
    counts: Counts,
    unknown_keys: BTreeSet<String>,
    /// Columns with values that do not fit their type.
    mismatched: BTreeSet<String>,
}

/// Runs the hop up to its commit. When the file drifted and the source's policy is to follow, the
/// source gets a new version first and the file is read by that.
pub async fn prepare(mut request: Request<'_>) -> Result<Prepared, Stop> {
    let mut note = None;
    // Each round either succeeds or pins more columns or wider types, of which there are few.
    for _ in 0..3 {
        let opened = open(&request).await?;
        let columns = &request.source.source.columns;
        let difference = compare(opened.names(), columns).map_err(|error| at(&request, error))?;
        let extra: BTreeSet<_> = difference.extra.iter().cloned().collect();
        if follow_drift(&mut request, &extra, &BTreeSet::new(), &mut note).await? {
            continue;
        }
        let pass = read(&request, opened, difference).await?;
        if follow_drift(&mut request, &pass.unknown_keys, &pass.mismatched, &mut note).await? {
            continue;
        }
        return finish(&request, pass, note).await;
    }
    let message = format!("{} changes its columns from one reading to the next", key(&request));
    Err(Error::invalid(message).into())
}

async fn open(request: &Request<'_>) -> Result<Opened, Stop> {
    let bytes = fetch::open(request.lake.raw.as_ref(), &request.run.arrival).await?;
    let format = &request.source.source.format;
    request.progress.follow(&bytes, !matches!(format, Format::Parquet));
    decode::open(bytes, format, request.decode).await.map_err(|error| at(request, error).into())
}

/// Decodes, splits and stages the whole file. The quarantine is completed also when the pass fails,
/// so that the rows that broke the policy can be browsed.
async fn read(request: &Request<'_>, opened: Opened, difference: Difference) -> Result<Pass, Stop> {
    let source = &request.source.source;
    let columns = columns_to_read(source);
    let first_arrival = request.previous.as_ref().and_then(|previous| previous.ingest_date);
    let arrival = &request.run.arrival;
    let day_of =
        partition_rule::resolve(&source.partition, arrival, &source.columns, first_arrival)?;
    let lake = request.lake;
    let mut writer = PartitionedWriter::new(
        Arc::clone(&lake.conformed),
        request.staging.clone(),
        decode::arrow_schema(&columns),
        request.writer,
    );
    let mut quarantine = Quarantine::new(
        source.malformed,
        Arc::clone(&lake.conformed),
        &source.dataset,
        request.run.id,
        &arrival.key,
    );
    let mut pass = Pass {
        day_of,
        staged: Vec::new(),
        counts: Counts { bytes_read: arrival.size, ..Counts::default() },
        unknown_keys: BTreeSet::new(),
        mismatched: BTreeSet::new(),
    };
    let blocks = opened.decode(Arc::from(columns), difference.layout);
    let outcome =
        take_blocks(request, blocks, day_of, &mut writer, &mut quarantine, &mut pass).await;
    let rejected = quarantine.rejected();
    let unchanged = fetch::still_there(lake.raw.as_ref(), arrival).await;
    // A cancelled attempt may be one that hung past its lease: what another attempt keeps stays.
    let kept = match (&outcome, &unchanged) {
        (Err(Stop::Cancelled), _) | (_, Err(_)) => {
            quarantine.abort().await;
            Ok(())
        }
        _ => quarantine.close(pass.counts.rows_read).await,
    };
    if let Err(stop) = unchanged.and(outcome).and(kept.map_err(Stop::from)) {
        writer.abort().await;
        return Err(stop);
    }
    let name = conformed_file_name(&arrival.key);
    let paths = TablePaths::new(&source.dataset);
    pass.staged = writer.finish(|partition| paths.file(partition, &name)).await?;
    pass.counts.rows_rejected = rejected;
    pass.counts.rows_written = pass.staged.iter().map(|file| file.rows).sum();
    pass.counts.bytes_written = pass.staged.iter().map(|file| file.bytes).sum();
    Ok(pass)
}

async fn take_blocks(
    request: &Request<'_>,
    mut blocks: futures::stream::BoxStream<'static, Result<decode::Block>>,
    day_of: DayOf,
    writer: &mut PartitionedWriter,
    quarantine: &mut Quarantine,
    pass: &mut Pass,
) -> Result<(), Stop> {
    let mut bytes = 0;
    while let Some(block) = blocks.next().await {
        if request.cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let block = block.map_err(|error| at(request, error))?;
        pass.counts.rows_read += block.rows_read;
        pass.unknown_keys.extend(block.unknown_keys);
        pass.mismatched.extend(
            block
                .rejected
                .iter()
                .filter(|row| row.reason == domain::rejected::RejectReason::TypeMismatch)
                .filter_map(|row| row.column.clone()),
        );
        let within_policy = quarantine.add(block.rejected).await;
        bytes += block.bytes;
        request.progress.set(pass.counts.rows_read, quarantine.rejected(), bytes);
        within_policy?;
        for (partition, rows) in partition_rule::split(day_of, block.batch)? {
            writer.write(partition, rows).await?;
        }
        failpoint::reach("raw_to_conformed.after_block")?;
    }
    Ok(())
}

/// Decides what the commit is.
async fn finish(request: &Request<'_>, pass: Pass, note: Option<String>) -> Result<Prepared, Stop> {
    if pass.counts.rows_read != pass.counts.rows_written + pass.counts.rows_rejected {
        return Err(Error::internal(format!(
            "{}: {} rows read, but {} written and {} rejected; nothing was committed",
            key(request),
            pass.counts.rows_read,
            pass.counts.rows_written,
            pass.counts.rows_rejected
        ))
        .into());
    }
    let owned = request.previous.as_ref().map_or(&[][..], |previous| &previous.files);
    let removals = removals(request.lake.conformed.as_ref(), owned, &pass.staged).await?;
    let moved = pass.staged.iter().map(|file| file.partition);
    let partitions: BTreeSet<_> = moved.chain(owned.iter().map(|file| file.partition)).collect();
    Ok(Prepared {
        committed: committed(request, &pass),
        shape: table_shape(&request.source.source),
        partitions: partitions.into_iter().collect(),
        counts: pass.counts,
        source_version: request.source.version,
        note,
        commit: Commit { moves: pass.staged, removals },
    })
}

fn committed(request: &Request<'_>, pass: &Pass) -> CommittedObject {
    let arrival = &request.run.arrival;
    let files = pass.staged.iter().map(|file| CommittedFile {
        path: file.target.clone(),
        partition: file.partition,
        rows: file.rows,
        bytes: file.bytes,
    });
    let kept = request.previous.as_ref().and_then(|previous| previous.ingest_date);
    let first_day = match (&request.source.source.partition, pass.day_of) {
        (PartitionRule::IngestDate { .. }, DayOf::Object(day)) => Some(day),
        _ => None,
    };
    CommittedObject {
        key: arrival.key.clone(),
        version: arrival.version.clone(),
        sequencer: arrival.sequencer.clone(),
        ingest_date: kept.or(first_day),
        files: files.collect(),
        run: request.run.id,
    }
}

/// The catalog table of a source's conformed data.
pub fn table_shape(source: &Source) -> TableShape {
    let columns = source.columns.iter();
    TableShape {
        name: TableName::new(source.conformed_database(), source.dataset.table()),
        zone: Zone::Conformed,
        location: TablePaths::new(&source.dataset).location().to_owned(),
        columns: columns.map(|c| (c.name.clone(), c.column_type, c.description.clone())).collect(),
        parameters: BTreeMap::from([("classification".to_owned(), "parquet".to_owned())]),
    }
}

/// The pinned columns; the one that tells the partition must not be empty.
pub(super) fn columns_to_read(source: &Source) -> Vec<Column> {
    let mut columns = source.columns.clone();
    if let PartitionRule::DateColumn { column: name } = &source.partition {
        for column in columns.iter_mut().filter(|column| column.name == *name) {
            column.nullable = false;
        }
    }
    columns
}

/// Applies the source's drift policy to columns that are not pinned and values that do not fit.
/// Returns whether the source was given a new version, by which the file must be read again.
async fn follow_drift(
    request: &mut Request<'_>,
    extra: &BTreeSet<String>,
    mismatched: &BTreeSet<String>,
    note: &mut Option<String>,
) -> Result<bool, Stop> {
    let policy = request.source.source.drift;
    if policy == DriftPolicy::Fail && !extra.is_empty() {
        let names: Vec<_> = extra.iter().map(|name| format!("{name:?}")).collect();
        let error = Error::invalid(format!(
            "the file has columns that the source does not know: {}; nothing was written. Register \
             them, or set the source's drift policy to add_columns or ignore_extra",
            names.join(", ")
        ));
        return Err(at(request, error).into());
    }
    let widens = policy == DriftPolicy::Widen && !mismatched.is_empty();
    let adds = matches!(policy, DriftPolicy::AddColumns | DriftPolicy::Widen) && !extra.is_empty();
    if !widens && !adds {
        return Ok(false);
    }
    let bytes = fetch::open(request.lake.raw.as_ref(), &request.run.arrival).await?;
    let format = Some(request.source.source.format.clone());
    let options = ProposeOptions { format, decode: request.decode, ..ProposeOptions::default() };
    let proposal =
        infer::propose(bytes, key(request), &options).await.map_err(|error| at(request, error))?;
    let (evolved, changes) = evolve(&request.source.source, &proposal, extra, mismatched);
    if changes.is_empty() {
        return Ok(false);
    }
    let base = request.source.version;
    request.source = request.lake.sources.save(&evolved, "sluice (drift policy)", base).await?;
    *note = Some(format!("source version {}: {}", request.source.version, changes.join("; ")));
    Ok(true)
}

/// The source with columns added and types widened as the proposal for the file says.
fn evolve(
    source: &Source,
    proposal: &Proposal,
    extra: &BTreeSet<String>,
    mismatched: &BTreeSet<String>,
) -> (Source, Vec<String>) {
    let (mut evolved, mut changes) = (source.clone(), Vec::new());
    for proposed in proposal.columns.iter().map(|proposed| &proposed.column) {
        if extra.contains(&proposed.source_name) && evolved.column(&proposed.name).is_none() {
            changes.push(format!("added {} {}", proposed.name, proposed.column_type));
            evolved.columns.push(proposed.clone());
        }
        let Some(pinned) = evolved.columns.iter_mut().find(|pinned| {
            pinned.source_name == proposed.source_name && mismatched.contains(&pinned.name)
        }) else {
            continue;
        };
        let wider = wider_type(pinned.column_type, proposed.column_type);
        if wider != pinned.column_type {
            changes.push(format!("widened {} from {} to {wider}", pinned.name, pinned.column_type));
            pinned.column_type = wider;
        }
    }
    (evolved, changes)
}

/// The type that holds both, if files already written still read unchanged as it.
fn wider_type(pinned: ColumnType, proposed: ColumnType) -> ColumnType {
    match (pinned, proposed) {
        (ColumnType::Decimal { scale, .. }, ColumnType::BigInt | ColumnType::Double) => {
            ColumnType::Decimal { precision: 38, scale }
        }
        (pinned, proposed) if pinned.widens_to(proposed) => proposed,
        (pinned, _) => pinned,
    }
}

fn key<'a>(request: &'a Request<'_>) -> &'a str {
    &request.run.arrival.key
}

fn at(request: &Request<'_>, error: Error) -> Error {
    error.context(key(request))
}
