//! `sluice validate`: the lake in a folder, checked as the build stage of a pipeline will check it.
//!
//! It works on a lake of its own that is thrown away, so that it runs where Sluice has no data.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use domain::{Error, Result};
use infra::lake_repository::{Content, Problem};
use infra_embedded::read_lake_folder;
use serde::Serialize;

use super::Flow;
use crate::cli::output::{Output, Sheet, print_json, printable, remark, say};
use crate::compose;
use crate::config::Config;
use crate::delivery::checks::{Checked, check_release};
use crate::delivery::release::LoadedRelease;

/// The exit code when something is wrong with the files.
const WRONG: u8 = 2;

/// Check the lake in a folder: files, SQL, fixture tests, quality rules, stacks; approval rules against
/// the people of this server.
#[derive(Debug, Args)]
pub(in crate::cli) struct Validate {
    /// The folder that holds sluice.toml.
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

/// What scripts read.
#[derive(Debug, Serialize)]
struct Report<'a> {
    sources: usize,
    transformations: usize,
    quality: usize,
    fixture_tests: usize,
    stacks: usize,
    problems: &'a [Problem],
}

impl Validate {
    pub(in crate::cli) async fn run(self, config: &Config, output: Output) -> Result<ExitCode> {
        let checked = match Content::parse(read_lake_folder(&self.folder)?) {
            Ok(content) => check(config, content).await?,
            Err(problems) => Checked { problems, ..Checked::default() },
        };
        print(&self.folder, &checked, output)?;
        Ok(match checked.problems.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::from(WRONG),
        })
    }
}

/// Checks what only the engine can, and approval rules against the people of this lake, if it has some.
async fn check(config: &Config, content: Content) -> Result<Checked> {
    let lake = content.lake.clone();
    let mut checked = check_content(content).await?;
    if config.database_url.is_some() || config.data_dir.join("sluice.sqlite").exists() {
        let rules = Flow::open(config).await?.delivery().check_rules(&lake).await?;
        checked.problems.extend(rules.refused);
        rules.doubtful.iter().for_each(|problem| remark(&printable(&problem.to_string())));
    }
    Ok(checked)
}

/// In a lake without data in which all sources are registered.
async fn check_content(content: Content) -> Result<Checked> {
    let folder = tempfile::tempdir().map_err(|error| {
        Error::internal(format!("no folder for temporary files can be made: {error}"))
    })?;
    let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
    let first = content.lake.environments.first().map(|environment| environment.name.clone());
    let first = first.ok_or_else(|| Error::invalid("sluice.toml names no environment"))?;
    let at = compose::open(&config.lake(&first)?).await?;
    for file in content.sources.values() {
        at.lake.sources.save(&file.source, "validate", 0).await?;
    }
    let (loaded, _) = LoadedRelease::build(content, "0".repeat(40).parse()?)?;
    check_release(&at, &loaded, &[]).await
}

fn print(folder: &Path, checked: &Checked, output: Output) -> Result<()> {
    let problems = &checked.problems;
    match output {
        Output::Json => print_json(&Report {
            sources: checked.sources,
            transformations: checked.transformations,
            quality: checked.quality,
            fixture_tests: checked.tests,
            stacks: checked.stacks,
            problems,
        })?,
        Output::Csv => output.print(&sheet(problems), problems, "")?,
        Output::Table => {
            for problem in problems {
                let path = folder.join(&problem.path);
                let path = path.strip_prefix(".").unwrap_or(&path).display().to_string();
                let shown = Problem { path, ..problem.clone() };
                say(&format!("{}\n", printable(&shown.to_string())))?;
            }
        }
    }
    match problems.len() {
        0 => remark(&format!(
            "{} is sound: {} sources, {} transformations, {} fixture tests, {} stacks",
            folder.display(),
            checked.sources,
            checked.transformations,
            checked.tests,
            checked.stacks
        )),
        1 => remark("1 problem"),
        many => remark(&format!("{many} problems")),
    }
    Ok(())
}

fn sheet(problems: &[Problem]) -> Sheet {
    let mut sheet = Sheet::new(&["path", "line", "column", "message"]);
    let number = |number: Option<u32>| number.map(|one| one.to_string()).unwrap_or_default();
    for problem in problems {
        sheet.row([
            problem.path.clone(),
            number(problem.line),
            number(problem.column),
            problem.message.clone(),
        ]);
    }
    sheet
}
