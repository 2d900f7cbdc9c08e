//! `sluice quality`: show, set and check the quality rules of tables.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use app::api::quality::{QualityQuery, RulesTried};
use clap::Subcommand;
use domain::quality::{QualityRules, RuleOutcome, Verdict};
use domain::table::TableName;
use domain::{Error, Result};

use super::actor::actor;
use super::delivery::Flow;
use super::output::{Output, Sheet, print_json, remark, say};
use crate::compose;
use crate::config::{Config, LakeConfig};
use crate::delivery::data::rules_to_toml;
use crate::delivery::edit::Edit;
use crate::open_lake::OpenLake;
use crate::quality::{self, Saved, ToSave};

/// Most tables of a list on the command line.
const TABLES: usize = 200;

/// Show, set and check the quality rules of tables.
#[derive(Debug, Subcommand)]
pub(super) enum Quality {
    /// List tables with their rules, or show the rules of one and what came of them last.
    Show {
        /// The table, as `<database>.<table>`; all when absent.
        #[arg(value_parser = table_name)]
        table: Option<TableName>,
        /// Print the rules as a file for `set`.
        #[arg(long, requires = "table")]
        toml: bool,
    },
    /// Save all rules of a table from a file, as the next version.
    Set {
        /// The table, as `<database>.<table>`.
        #[arg(value_parser = table_name)]
        table: TableName,
        /// File that holds the rules.
        #[arg(long, value_name = "FILE.toml")]
        file: PathBuf,
        /// Why, for the history.
        #[arg(long, short, default_value = "")]
        message: String,
    },
    /// Check rules on what the table holds now.
    ///
    /// Exit code 0: no rule that blocks is broken; 1: one is.
    Check {
        /// The table, as `<database>.<table>`.
        #[arg(value_parser = table_name)]
        table: TableName,
        /// Rules from a file; those saved when absent.
        #[arg(long, value_name = "FILE.toml")]
        file: Option<PathBuf>,
        /// Check all days and not the newest alone.
        #[arg(long)]
        all_days: bool,
    },
}

impl Quality {
    pub(super) async fn run(
        self,
        config: &Config,
        at: &LakeConfig,
        output: Output,
    ) -> Result<ExitCode> {
        let at = compose::open(at).await?;
        match self {
            Self::Show { table: None, .. } => list(&at, output).await?,
            Self::Show { table: Some(table), toml } => show(&at, &table, toml, output).await?,
            Self::Set { table, file, message } => {
                let rules = read(&file)?;
                let flow = Flow::open(config).await?;
                set(&at, &flow, &table, (&rules, &message), output).await?;
            }
            Self::Check { table, file, all_days } => {
                let rules = match file {
                    Some(file) => read(&file)?,
                    None => saved(&at, &table).await?,
                };
                return check(&at, &table, &rules, all_days, output).await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table_name(text: &str) -> std::result::Result<TableName, String> {
    match text.split_once('.') {
        Some((database, table)) if !database.is_empty() && !table.is_empty() => {
            Ok(TableName::new(database, table))
        }
        _ => Err("write it as <database>.<table>".to_owned()),
    }
}

fn read(file: &Path) -> Result<QualityRules> {
    let wrong = |error: &dyn std::fmt::Display| {
        Error::invalid(format!("{} cannot be read: {error}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    toml::from_str(&text).map_err(|error| wrong(&error))
}

async fn saved(at: &OpenLake, table: &TableName) -> Result<QualityRules> {
    quality::find_table(&at.lake, table).await?;
    let saved = at.lake.quality.current(table).await?;
    saved.map(|saved| saved.rules).ok_or_else(|| {
        Error::not_found(format!(
            "{table} has no quality rules: set some with `sluice quality set`"
        ))
    })
}

async fn list(at: &OpenLake, output: Output) -> Result<()> {
    let query = QualityQuery { limit: Some(TABLES), ..QualityQuery::default() };
    let (tables, next) = quality::list(&at.lake, &query).await?;
    let mut sheet = Sheet::new(&["table", "zone", "rules", "block", "last", "run"]);
    for table in &tables {
        let (verdict, run) = match &table.last {
            Some(last) => (last.verdict.as_str(), last.run.to_string()),
            None => ("", String::new()),
        };
        sheet.row([
            format!("{}.{}", table.database, table.table),
            table.zone.clone(),
            table.rules.to_string(),
            table.blocking.to_string(),
            verdict.to_owned(),
            run,
        ]);
    }
    output.print(&sheet, &tables, "there are no tables yet")?;
    if next.is_some() {
        remark(&format!("only the first {TABLES} tables are shown"));
    }
    Ok(())
}

async fn show(at: &OpenLake, table: &TableName, toml: bool, output: Output) -> Result<()> {
    if toml {
        let rules = saved(at, table).await?;
        return say(&rules_to_toml(&rules)?);
    }
    let shown = quality::detail(&at.lake, table, true).await?;
    let mut sheet = Sheet::new(&["rule", "asks", "effect", "last", "what came of it"]);
    let rules = shown.saved.as_ref().map(|saved| saved.rules.rules.as_slice());
    for rule in rules.unwrap_or_default() {
        let outcomes = shown.last.iter().flat_map(|last| &last.outcomes);
        let outcome = { outcomes }.find(|outcome| outcome.rule.name == rule.name);
        sheet.row([
            rule.name.clone(),
            rule.check.sentence(),
            rule.effect_in(&at.lake.environment).as_str().to_owned(),
            outcome.map_or("", |outcome| outcome.verdict.as_str()).to_owned(),
            outcome.map(RuleOutcome::line).unwrap_or_default(),
        ]);
    }
    output.print(&sheet, &shown, "this table has no quality rules")
}

async fn set(
    at: &OpenLake,
    flow: &Flow,
    table: &TableName,
    (rules, message): (&QualityRules, &str),
    output: Output,
) -> Result<()> {
    let base = at.lake.quality.current(table).await?.map_or(0, |current| current.version);
    let author = actor();
    let edit = Edit::on_this_machine(&author, message);
    let to_save = ToSave { rules, author: &author, message, base };
    match quality::save(&at.lake, flow.delivery(), &edit, table, to_save).await? {
        Saved::Done(done) if output == Output::Json => print_json(&done.0),
        Saved::Done(done) => {
            let (version, number) = (done.0.version, rules.rules.len());
            say(&format!("saved version {version} of the rules of {table}: {number} rules\n"))
        }
        Saved::Wrong(faults) => {
            let told = faults.iter().map(|fault| format!("{}: {}", fault.field, fault.message));
            let told: Vec<_> = told.collect();
            Err(Error::invalid(format!("nothing was saved: {}", told.join("; "))))
        }
    }
}

async fn check(
    at: &OpenLake,
    table: &TableName,
    rules: &QualityRules,
    all_days: bool,
    output: Output,
) -> Result<ExitCode> {
    let tried = quality::try_rules(at, table, rules, all_days).await?;
    print_tried(&tried, output)?;
    let blocks = tried.outcomes.iter().any(|outcome| outcome.verdict == Verdict::Failed);
    Ok(if blocks { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print_tried(tried: &RulesTried, output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&["rule", "asks", "verdict", "what came of it", "first failing"]);
    for outcome in &tried.outcomes {
        let cells = outcome.examples.first().into_iter().flatten().zip(&outcome.columns);
        let cells =
            cells.map(|(cell, column)| format!("{column}={}", cell.as_deref().unwrap_or("NULL")));
        sheet.row([
            outcome.rule.name.clone(),
            outcome.rule.check.sentence(),
            outcome.verdict.as_str().to_owned(),
            outcome.line(),
            cells.collect::<Vec<_>>().join(" "),
        ]);
    }
    output.print(&sheet, tried, "there is no rule to check")?;
    if output == Output::Table {
        remark(&format!(
            "checked {} of {} days, {} of {} rows, in {:.2} s",
            tried.days, tried.of_days, tried.rows, tried.of_rows, tried.seconds
        ));
    }
    Ok(())
}
