//! `sluice sources`: propose, register, list, show.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use domain::dataset::DatasetId;
use domain::source::Source;
use domain::{Error, Result};
use etl_engine::raw_to_conformed::decode::RawBytes;
use etl_engine::raw_to_conformed::infer::{Proposal, ProposeOptions, propose};
use etl_engine::source::Registered;

use super::actor::actor;
use super::delivery::edit::commit_source;
use super::output::{Output, Sheet, print_json, remark, say};
use crate::compose;
use crate::config::{Config, LakeConfig};
use crate::delivery::data::to_toml;
use crate::open_lake::OpenLake;

/// Propose, register and show sources.
#[derive(Debug, Subcommand)]
pub(super) enum Sources {
    /// Read a whole sample file and propose how to register it. Changes nothing.
    Propose {
        /// The sample file.
        file: PathBuf,
        /// The dataset it would be.
        #[arg(long, value_name = "SYSTEM/TABLE")]
        dataset: Option<DatasetId>,
        /// Write the proposal to this file, to be edited and registered.
        #[arg(long, value_name = "FILE.toml", requires = "dataset")]
        write: Option<PathBuf>,
    },
    /// Pin the columns, types and policies of a dataset.
    Register {
        /// The registration, as `sources propose --write` makes it.
        #[arg(required_unless_present = "from")]
        registration: Option<PathBuf>,
        /// Register what is proposed for this sample file, unseen.
        #[arg(long, value_name = "FILE", conflicts_with = "registration", requires = "dataset")]
        from: Option<PathBuf>,
        /// The dataset, with --from.
        #[arg(long, value_name = "SYSTEM/TABLE")]
        dataset: Option<DatasetId>,
    },
    /// List all registered sources.
    List,
    /// Show a source.
    Show {
        /// The dataset.
        dataset: DatasetId,
        /// An earlier version.
        #[arg(long)]
        version: Option<u64>,
        /// Print the registration as TOML, to be edited and registered again.
        #[arg(long)]
        toml: bool,
    },
}

impl Sources {
    pub(super) async fn run(
        self,
        config: &Config,
        at: &LakeConfig,
        output: Output,
    ) -> Result<ExitCode> {
        match self {
            Self::Propose { file, dataset, write } => {
                show_proposal(&file, dataset.as_ref(), write.as_deref(), output).await?;
            }
            Self::Register { registration, from, dataset } => {
                let source = match (registration, from, dataset) {
                    (Some(path), ..) => read_registration(&path)?,
                    (None, Some(sample), Some(dataset)) => {
                        source_of(&dataset, &proposal_of(&sample).await?)
                    }
                    _ => {
                        return Err(Error::invalid(
                            "name a registration, or --from FILE --dataset S/T",
                        ));
                    }
                };
                let lake = compose::open(at).await?;
                etl_engine::source::check(&source)?;
                commit_source(config, &lake, &source).await?;
                register(&lake, &source, output).await?;
            }
            Self::List => list(&compose::open(at).await?, output).await?,
            Self::Show { dataset, version, toml } => {
                let lake = compose::open(at).await?;
                show(&lake, &dataset, version, toml, output).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Saves a source as the next version, and queues what was held for want of it.
pub(super) async fn save(lake: &OpenLake, source: &Source) -> Result<Registered> {
    let current = lake.lake.sources.current(&source.dataset).await?;
    let base = current.map_or(0, |current| current.version);
    etl_engine::source::register(&lake.lake, source, &actor(), base).await
}

/// What is proposed for a whole file.
pub(super) async fn proposal_of(file: &Path) -> Result<Proposal> {
    let opened = std::fs::File::open(file).map_err(|error| cannot_read(file, &error))?;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    propose(RawBytes::File(opened), name, &ProposeOptions::default())
        .await
        .map_err(|error| error.context(file.display()))
}

async fn show_proposal(
    file: &Path,
    dataset: Option<&DatasetId>,
    write: Option<&Path>,
    output: Output,
) -> Result<()> {
    let proposal = proposal_of(file).await?;
    let mut sheet = Sheet::new(&["column", "in the file", "type", "why", "examples", "empty"]);
    for proposed in &proposal.columns {
        sheet.row([
            proposed.column.name.clone(),
            proposed.column.source_name.clone(),
            proposed.column.column_type.to_string(),
            proposed.why.clone(),
            proposed.examples.join(", "),
            proposed.nulls.to_string(),
        ]);
    }
    output.print(&sheet, &proposal, "the file has no columns")?;
    if output == Output::Table {
        remark(&format!(
            "{} rows read, {} of them malformed; the file is {}",
            proposal.rows,
            proposal.rows_rejected,
            proposal.format.in_words()
        ));
    }
    if let (Some(path), Some(dataset)) = (write, dataset) {
        std::fs::write(path, to_toml(&source_of(dataset, &proposal))?).map_err(|error| {
            Error::invalid(format!("{} cannot be written: {error}", path.display()))
        })?;
        remark(&format!("edit {0}, then: sluice sources register {0}", path.display()));
    }
    Ok(())
}

fn source_of(dataset: &DatasetId, proposal: &Proposal) -> Source {
    let columns = proposal.columns.iter().map(|proposed| proposed.column.clone()).collect();
    Source::new(dataset.clone(), actor(), proposal.format.clone(), columns)
}

fn read_registration(path: &Path) -> Result<Source> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
    let refused = |error: &dyn std::fmt::Display| {
        Error::invalid(format!("{} is no registration of a source: {error}", path.display()))
    };
    match path.extension().is_some_and(|extension| extension == "json") {
        true => serde_json::from_str(&text).map_err(|error| refused(&error)),
        false => toml::from_str(&text).map_err(|error| refused(&error)),
    }
}

async fn register(lake: &OpenLake, source: &Source, output: Output) -> Result<()> {
    let Registered { saved, released, remarks } = save(lake, source).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({
            "source": saved, "released_runs": released, "remarks": remarks
        }));
    }
    for remark_on in &remarks {
        remark(remark_on);
    }
    let held = match released {
        0 => String::new(),
        runs => format!("; {runs} held runs are queued, `sluice worker` carries them out"),
    };
    say(&format!(
        "registered {} version {} with {} columns{held}\n",
        source.dataset,
        saved.version,
        source.columns.len()
    ))
}

async fn list(lake: &OpenLake, output: Output) -> Result<()> {
    let sources = lake.lake.sources.list().await?;
    let mut sheet = Sheet::new(&["dataset", "version", "columns", "owner", "saved"]);
    for saved in &sources {
        sheet.row([
            saved.source.dataset.to_string(),
            saved.version.to_string(),
            saved.source.columns.len().to_string(),
            saved.source.owner.clone(),
            saved.saved_at.to_string(),
        ]);
    }
    output.print(
        &sheet,
        &sources,
        "no source is registered yet: start with `sluice sources propose FILE`",
    )
}

async fn show(
    lake: &OpenLake,
    dataset: &DatasetId,
    version: Option<u64>,
    as_toml: bool,
    output: Output,
) -> Result<()> {
    let history = lake.lake.sources.history(dataset).await?;
    let mut versions = history.iter();
    let saved = match version {
        Some(version) => versions.find(|saved| saved.version == version),
        None => versions.next(),
    }
    .ok_or_else(|| {
        Error::not_found(format!("source {dataset} is not registered in that version"))
    })?;
    if as_toml {
        return say(&to_toml(&saved.source)?);
    }
    let mut sheet = Sheet::new(&["column", "in the file", "type", "may be empty", "format"]);
    for column in &saved.source.columns {
        sheet.row([
            column.name.clone(),
            column.source_name.clone(),
            column.column_type.to_string(),
            if column.nullable { "yes" } else { "no" }.to_owned(),
            column.format.clone().unwrap_or_default(),
        ]);
    }
    output.print(&sheet, saved, "")
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Error {
    Error::invalid(format!("{} cannot be read: {error}", path.display()))
}
