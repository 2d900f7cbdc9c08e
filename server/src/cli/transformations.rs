//! `sluice transformations`: set, show, history, restore, validate.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::dataset::DatasetId;
use domain::transformation::Transformation;
use domain::{Error, Result};
use etl_engine::conformed_to_purpose_built::locality::Locality;
use etl_engine::conformed_to_purpose_built::validate::{Validated, validate};

use etl_engine::raw_to_conformed::table_shape;

use super::actor::actor;
use super::delivery::edit::commit_sql;
use super::output::{Output, Sheet, print_json, remark, say};
use crate::compose;
use crate::config::{Config, LakeConfig};
use crate::open_lake::OpenLake;
use crate::transformations::fixtures;

/// Set, check and show the SQL of purpose-built tables.
#[derive(Debug, Subcommand)]
pub(super) enum Transformations {
    /// Check SQL and save it as the next version.
    Set {
        /// The dataset whose purpose-built table it builds.
        dataset: DatasetId,
        #[command(flatten)]
        sql: Sql,
        /// Why, for the history.
        #[arg(long, short, default_value = "")]
        message: String,
        /// Save it although fixture tests fail.
        #[arg(long)]
        accept_failing_tests: bool,
    },
    /// Print the current SQL, or an earlier version.
    Show {
        /// The dataset.
        dataset: DatasetId,
        /// An earlier version.
        #[arg(long)]
        version: Option<u64>,
    },
    /// List all versions, newest first.
    History {
        /// The dataset.
        dataset: DatasetId,
    },
    /// Save an earlier version again as the newest.
    Restore {
        /// The dataset.
        dataset: DatasetId,
        /// The version to restore.
        version: u64,
        /// Restore it although fixture tests fail.
        #[arg(long)]
        accept_failing_tests: bool,
    },
    /// Compare what SQL returns with what the current version returns, over the same real rows.
    ///
    /// Exit code 0: nothing would change; 1: something would; 2: it cannot be told. As `diff`.
    Diff(super::transformation_diff::Diff),
    /// Run fixture tests: small input tables and the rows expected of them.
    ///
    /// Exit code 0: all pass; 1: some fail.
    Test(super::transformation_test::Test),
    /// Check SQL without saving it.
    Validate {
        /// The dataset whose purpose-built table it would build.
        dataset: DatasetId,
        #[command(flatten)]
        sql: Sql,
    },
}

/// SQL from a file or from the command line.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Sql {
    /// File that holds the SQL.
    #[arg(long, value_name = "FILE.sql")]
    file: Option<PathBuf>,
    /// The SQL itself.
    #[arg(long, value_name = "SQL")]
    sql: Option<String>,
}

impl Sql {
    pub(super) fn text(&self) -> Result<String> {
        match (&self.sql, &self.file) {
            (Some(sql), _) => Ok(sql.clone()),
            (None, Some(path)) => std::fs::read_to_string(path).map_err(|error| {
                Error::invalid(format!("{} cannot be read: {error}", path.display()))
            }),
            (None, None) => Err(Error::invalid("give the SQL with --file or --sql")),
        }
    }
}

impl Transformations {
    pub(super) async fn run(
        self,
        config: &Config,
        at: &LakeConfig,
        output: Output,
    ) -> Result<ExitCode> {
        let lake = compose::open(at).await?;
        match self {
            Self::Set { dataset, sql, message, accept_failing_tests } => {
                let sql = sql.text()?;
                pass_tests(&lake, &dataset, &sql, accept_failing_tests).await?;
                let committed = (sql.as_str(), accept_failing_tests);
                commit_sql(config, &lake, &dataset, committed, &message).await?;
                let (saved, checked) = save(&lake, &dataset, &sql, &message).await?;
                print_saved(&saved, &checked, output)?;
            }
            Self::Show { dataset, version } => {
                let saved = find(&lake, &dataset, version).await?;
                match output {
                    Output::Json => print_json(&saved)?,
                    _ => say(&format!("{}\n", saved.sql.trim_end()))?,
                }
            }
            Self::History { dataset } => history(&lake, &dataset, output).await?,
            Self::Restore { dataset, version, accept_failing_tests } => {
                let old = find(&lake, &dataset, Some(version)).await?;
                pass_tests(&lake, &dataset, &old.sql, accept_failing_tests).await?;
                let message = format!("restore version {version}");
                let committed = (old.sql.as_str(), accept_failing_tests);
                commit_sql(config, &lake, &dataset, committed, &message).await?;
                let (saved, checked) = save(&lake, &dataset, &old.sql, &message).await?;
                print_saved(&saved, &checked, output)?;
            }
            Self::Diff(diff) => return Ok(diff.run(&lake, output).await),
            Self::Test(test) => return test.run(&lake, output).await,
            Self::Validate { dataset, sql } => {
                print_checked(&check(&lake, &dataset, &sql.text()?).await?, output)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Checks SQL and saves it as the next version.
pub(super) async fn save(
    lake: &OpenLake,
    dataset: &DatasetId,
    sql: &str,
    message: &str,
) -> Result<(Transformation, Validated)> {
    let checked = check(lake, dataset, sql).await?;
    let store = &lake.lake.transformations;
    let base = store.current(dataset).await?.map_or(0, |current| current.version);
    let saved = store.save(dataset, sql, &actor(), message, base).await?;
    Ok((saved, checked))
}

/// Refuses SQL that is sound but fails its fixture tests, unless that is accepted.
async fn pass_tests(
    lake: &OpenLake,
    dataset: &DatasetId,
    sql: &str,
    accept_failing: bool,
) -> Result<()> {
    check(lake, dataset, sql).await?;
    let report = fixtures::report(&lake.lake, &lake.data_dir, dataset, sql).await?;
    let failing = report.cases.iter().filter(|case| !case.passed);
    let names: Vec<_> = failing.map(|case| case.name.as_str()).collect();
    if names.is_empty() || accept_failing {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "fixture tests fail: {}; nothing was saved. See `sluice transformations test {dataset} --sql \
         FILE`, or save with --accept-failing-tests",
        names.join(", ")
    )))
}

async fn check(lake: &OpenLake, dataset: &DatasetId, sql: &str) -> Result<Validated> {
    let sources: Vec<_> =
        lake.lake.sources.list().await?.into_iter().map(|saved| saved.source).collect();
    let tables: Vec<_> = sources.iter().map(|source| table_shape(source).new_table()).collect();
    let own = sources.iter().find(|source| source.dataset == *dataset).map(table_shape);
    let own = own.ok_or_else(|| {
        Error::not_found(format!(
            "dataset {dataset} is not registered: register its source before its transformation"
        ))
    })?;
    validate(sql, lake.lake.catalog.as_ref(), &tables, &own.name).await
}

async fn find(
    lake: &OpenLake,
    dataset: &DatasetId,
    version: Option<u64>,
) -> Result<Transformation> {
    let store = &lake.lake.transformations;
    let found = match version {
        Some(version) => store.version(dataset, version).await?,
        None => store.current(dataset).await?,
    };
    found.ok_or_else(|| {
        Error::not_found(format!(
            "{dataset} has no such transformation: see `sluice transformations history {dataset}`"
        ))
    })
}

async fn history(lake: &OpenLake, dataset: &DatasetId, output: Output) -> Result<()> {
    let versions = lake.lake.transformations.history(dataset).await?;
    let mut sheet = Sheet::new(&["version", "saved", "author", "message"]);
    for saved in &versions {
        sheet.row([
            saved.version.to_string(),
            saved.saved_at.to_string(),
            saved.author.clone(),
            saved.message.clone(),
        ]);
    }
    output.print(&sheet, &versions, "no transformation is set for this dataset")
}

fn print_saved(saved: &Transformation, checked: &Validated, output: Output) -> Result<()> {
    if output == Output::Json {
        return print_json(saved);
    }
    say(&format!("saved {} version {}\n", saved.dataset, saved.version))?;
    print_checked(checked, output)
}

fn print_checked(checked: &Validated, output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&["column", "type"]);
    for (name, column_type) in &checked.output {
        sheet.row([name.clone(), column_type.to_string()]);
    }
    let columns: Vec<_> = checked
        .output
        .iter()
        .map(|(name, column_type)| serde_json::json!({ "name": name, "type": column_type }))
        .collect();
    let why = match &checked.locality {
        Locality::PartitionLocal => None,
        Locality::WholeTable { why } => Some(why.clone()),
    };
    let value = serde_json::json!({ "columns": columns, "reads_whole_table_because": why });
    output.print(&sheet, &value, "")?;
    if output == Output::Table {
        remark(&match why {
            None => "each run reads only the partitions it touches".to_owned(),
            Some(why) => format!("each run reads the whole table: {why}"),
        });
    }
    Ok(())
}
