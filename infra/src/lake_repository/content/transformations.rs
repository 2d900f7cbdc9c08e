//! `transformations/<source_system>/<table>.sql`, and their fixture tests:
//! `transformations/<source_system>/<table>.tests/<case>/{<input table>.csv, expected.csv}`.

use std::collections::BTreeMap;

use domain::dataset::{DatasetId, check_name};

use super::{Reading, SourceFile};

/// Most fixture tests of one dataset.
const MAX_TESTS: usize = 200;

/// The SQL of a dataset's purpose-built table, as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransformationFile {
    /// From the root.
    pub path: String,
    /// The text, as it is.
    pub sql: String,
    /// Its tests, by name.
    pub tests: Vec<FixtureTest>,
}

/// Rows that go in, and the rows that have to come out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FixtureTest {
    /// The name of its folder.
    pub name: String,
    /// CSV with a header, by the name of the input table.
    pub inputs: Vec<(String, String)>,
    /// CSV with a header.
    pub expected: String,
}

type Cases = BTreeMap<String, (FixtureTest, bool)>;

pub(super) fn read(
    reading: &mut Reading<'_>,
    sources: &BTreeMap<DatasetId, SourceFile>,
) -> BTreeMap<DatasetId, TransformationFile> {
    let mut transformations = BTreeMap::new();
    let mut tests: BTreeMap<DatasetId, Cases> = BTreeMap::new();
    for (path, rest, text) in reading.folder("transformations") {
        if rest.contains(".tests/") {
            test_file(reading, &mut tests, (path, rest, text));
            continue;
        }
        let Some(dataset) = reading.dataset(path, rest, ".sql") else { continue };
        if text.trim().is_empty() {
            reading.wrong(path, "the file is empty: write one SELECT, or delete it");
        }
        if !sources.contains_key(&dataset) {
            let message =
                format!("there is no source sources/{dataset}.toml whose data it could read");
            reading.wrong(path, message);
        }
        let file = TransformationFile { path: path.into(), sql: text.into(), tests: Vec::new() };
        transformations.insert(dataset, file);
    }
    for (dataset, cases) in tests {
        let folder = format!("transformations/{dataset}.tests");
        match transformations.get_mut(&dataset) {
            Some(file) => file.tests = whole(reading, &folder, cases),
            None => {
                reading.wrong(&folder, format!("there is no transformations/{dataset}.sql to test"))
            }
        }
    }
    transformations
}

fn test_file(
    reading: &mut Reading<'_>,
    tests: &mut BTreeMap<DatasetId, Cases>,
    (path, rest, text): (&str, &str, &str),
) {
    let parts: Vec<_> = rest.split('/').collect();
    let [system, folder, case, file] = parts.as_slice() else {
        reading.wrong(path, "nothing reads this file: tests are <table>.tests/<case>/<input>.csv");
        return;
    };
    let table = folder.strip_suffix(".tests").unwrap_or(folder);
    let dataset = match DatasetId::new(system, table) {
        Ok(dataset) => dataset,
        Err(error) => return reading.wrong(path, error.message()),
    };
    let Some(stem) = file.strip_suffix(".csv") else {
        return reading
            .wrong(path, "nothing reads this file: tests hold files that end with `.csv`");
    };
    let (test, expects) = tests.entry(dataset).or_default().entry((*case).to_owned()).or_default();
    test.name = (*case).to_owned();
    if stem == "expected" {
        test.expected = text.to_owned();
        *expects = true;
    } else if let Err(error) = check_name("input table", stem) {
        reading.wrong(path, error.message());
    } else {
        test.inputs.push((stem.to_owned(), text.to_owned()));
    }
}

/// Tests that have all they need.
fn whole(reading: &mut Reading<'_>, folder: &str, cases: Cases) -> Vec<FixtureTest> {
    if cases.len() > MAX_TESTS {
        reading.wrong(folder, format!("a transformation has at most {MAX_TESTS} tests"));
    }
    let mut tests = Vec::new();
    for (name, (test, expects)) in cases {
        let case = format!("{folder}/{name}");
        if !expects {
            reading.wrong(&case, "there is no expected.csv in the test");
        }
        if test.inputs.is_empty() {
            reading.wrong(&case, "there is no <input table>.csv in the test");
        }
        tests.push(test);
    }
    tests
}
