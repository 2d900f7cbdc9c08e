//! Fixture tests in the data folder:
//! `transformations/<source_system>/<table>.tests/<case>/{<input table>.csv, expected.csv}`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use app::api::transformations::{ChangedCell, FixtureCase, FixtureReport};
use domain::dataset::DatasetId;
use domain::{Error, ErrorKind, Result};
use etl_engine::lake::Lake;
use etl_engine::transformation::fixtures::{Fixture, Outcome, run};
use etl_engine::transformation::subject::Subject;

/// Most bytes of one file: fixtures are small on purpose.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Most cases of one dataset.
const MAX_CASES: usize = 200;

/// The folder of a dataset's cases.
pub fn folder(data_dir: &Path, dataset: &DatasetId) -> PathBuf {
    let tests = format!("{}.tests", dataset.table());
    data_dir.join("transformations").join(dataset.source_system()).join(tests)
}

/// The names of a dataset's cases, sorted.
pub fn names(data_dir: &Path, dataset: &DatasetId) -> Result<Vec<String>> {
    let folder = folder(data_dir, dataset);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&folder, error))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names.truncate(MAX_CASES);
    Ok(names)
}

/// A case: its name, and what it holds or why it cannot be read.
pub type Case = (String, Result<Fixture>);

/// Runs SQL over all cases of a dataset in the data folder.
pub async fn report(
    lake: &Lake,
    data_dir: &Path,
    dataset: &DatasetId,
    sql: &str,
) -> Result<FixtureReport> {
    let folder = folder(data_dir, dataset);
    let subject = Subject::of(lake, dataset).await?;
    let cases = names(data_dir, dataset)?.into_iter().map(|name| {
        let fixture = read(&folder.join(&name), &name);
        (name, fixture)
    });
    report_of(lake, &subject, sql, cases.collect()).await
}

/// Runs SQL over cases.
pub async fn report_of(
    lake: &Lake,
    subject: &Subject,
    sql: &str,
    all: Vec<Case>,
) -> Result<FixtureReport> {
    let mut cases = Vec::new();
    for (name, fixture) in all {
        let started = Instant::now();
        let outcome = match fixture {
            Ok(fixture) => run(lake, subject, sql, &[fixture]).await?.pop().unwrap_or_default(),
            Err(error) => {
                let problem = Some(error.message().to_owned());
                Outcome { name, problem, ..Outcome::default() }
            }
        };
        cases.push(shown(outcome, started.elapsed().as_secs_f64()));
    }
    Ok(FixtureReport { cases })
}

fn read(folder: &Path, name: &str) -> Result<Fixture> {
    let mut fixture = Fixture { name: name.to_owned(), ..Fixture::default() };
    let mut expected = None;
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let size = std::fs::metadata(&path).map_err(|error| unreadable(&path, error))?.len();
        if size > MAX_FILE_BYTES {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            return Err(Error::invalid(format!("{file} has more than {MAX_FILE_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        match path.file_stem().unwrap_or_default().to_string_lossy() {
            stem if stem == "expected" => expected = Some(text),
            stem => fixture.inputs.push((stem.into_owned(), text)),
        }
    }
    fixture.expected =
        expected.ok_or_else(|| Error::invalid("there is no expected.csv in the case"))?;
    Ok(fixture)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Error::new(ErrorKind::Invalid, format!("{name} cannot be read")).with_source(error)
}

fn shown(outcome: Outcome, seconds: f64) -> FixtureCase {
    let keys = &outcome.keys;
    let changed = outcome.changed.iter().flat_map(|example| {
        let key: Vec<_> = keys.iter().cloned().zip(example.key.iter().cloned()).collect();
        example.cells.iter().map(move |cell| ChangedCell {
            key: key.clone(),
            column: cell.column.clone(),
            expected: cell.old.clone(),
            actual: cell.new.clone(),
        })
    });
    FixtureCase {
        passed: outcome.passed(),
        changed: changed.collect(),
        name: outcome.name,
        problem: outcome.problem,
        columns: outcome.columns,
        missing: outcome.missing,
        unexpected: outcome.unexpected,
        matching: outcome.matching,
        seconds,
    }
}
