//! How fast a file is decoded: `decode_bench FILE [PARALLELISM] [REPEATS]`.
//!
//! Proposes the file's format and types, pins them, and prints megabytes of decompressed text a
//! second for each repeat. Build it with optimisations.

// A program for people at a terminal.
#![allow(clippy::print_stdout)]

use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

use domain::column::Column;
use domain::{Error, ErrorKind, Result};
use etl_engine::raw_to_conformed::decode::{DecodeOptions, Layout, RawBytes, open};
use etl_engine::raw_to_conformed::infer::{Proposal, ProposeOptions, propose};
use futures::TryStreamExt;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = || Error::invalid("usage: decode_bench FILE [PARALLELISM] [REPEATS]");
    let path = arguments.next().ok_or_else(usage)?;
    let parallelism = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    let repeats = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let proposal = propose(raw(&path)?, &path, &ProposeOptions::default()).await?;
    for _ in 0..repeats {
        measure(&path, &proposal, parallelism).await?;
    }
    Ok(())
}

async fn measure(path: &str, proposal: &Proposal, parallelism: usize) -> Result<()> {
    let begun = Instant::now();
    let options = DecodeOptions { parallelism, ..DecodeOptions::default() };
    let columns: Arc<[Column]> =
        proposal.columns.iter().map(|proposed| proposed.column.clone()).collect();
    let layout = Layout((0..columns.len()).map(Some).collect());
    let opened = open(raw(path)?, &proposal.format, options).await?;
    let mut blocks = opened.decode(columns, layout);
    let (mut rows, mut rejected, mut bytes) = (0, 0, 0);
    while let Some(block) = blocks.try_next().await? {
        rows += block.batch.num_rows();
        rejected += block.rejected.len();
        bytes += block.bytes;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let speed = bytes as f64 / 1e6 / seconds;
    println!("{rows} rows, {rejected} rejected, {seconds:.3} s, {speed:.0} MB/s");
    Ok(())
}

fn raw(path: &str) -> Result<RawBytes> {
    let file = File::open(path).map_err(|error| {
        Error::new(ErrorKind::NotFound, format!("cannot open {path}: {error}")).with_source(error)
    })?;
    Ok(RawBytes::File(file))
}
