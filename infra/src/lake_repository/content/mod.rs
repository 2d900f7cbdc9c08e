//! The whole lake at a commit or in a folder, parsed and checked as far as no engine is needed.
//!
//! What SQL says and whether it plans is the engine's to check.

mod changes;
mod quality;
mod sources;
mod stacks;
mod transformations;

use std::collections::BTreeMap;

use domain::Result;
use domain::branch::CommitId;
use domain::dataset::DatasetId;
use domain::quality::QualityRules;
use domain::table::TableName;

use super::{LAKE_FILE, LakeFile, LakeFiles, LakeRepository, Problem, toml_text};

pub use changes::{ContentChanges, FileChanged, changes};
pub use quality::QualityFile;
pub use sources::SourceFile;
pub(super) use sources::canonical;
pub use stacks::StackFile;
pub use transformations::{FixtureTest, TransformationFile};

/// The lake as its files say it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// `sluice.toml`.
    pub lake: LakeFile,
    /// `sources/<source_system>/<table>.toml`.
    pub sources: BTreeMap<DatasetId, SourceFile>,
    /// `transformations/<source_system>/<table>.sql`, with their tests.
    pub transformations: BTreeMap<DatasetId, TransformationFile>,
    /// `quality/<database>/<table>.toml`, by path.
    pub quality: Vec<QualityFile>,
    /// `stacks/<name>.yaml`, by name.
    pub stacks: Vec<StackFile>,
    /// All files, as they were read.
    pub files: LakeFiles,
}

impl Content {
    /// Reads and checks all files. All problems of all of them, by path and line.
    pub fn parse(files: LakeFiles) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading { files: &files, problems: files.problems().to_vec() };
        reading.all_text();
        let lake = reading.lake_file();
        let sources = sources::read(&mut reading, lake.as_ref());
        let transformations = transformations::read(&mut reading, &sources);
        let quality = quality::read(&mut reading, &sources);
        let stacks = stacks::read(&mut reading, lake.as_ref());
        let mut problems = reading.problems;
        problems.sort();
        problems.dedup();
        match lake {
            Some(lake) if problems.is_empty() => {
                Ok(Self { lake, sources, transformations, quality, stacks, files })
            }
            _ => Err(problems),
        }
    }

    /// Quality rules, by table.
    pub fn rules(&self) -> BTreeMap<TableName, QualityRules> {
        self.quality.iter().map(|file| (file.table.clone(), file.rules.clone())).collect()
    }

    /// Whether the data flow of a source of this lake writes a table.
    pub fn writes(&self, table: &TableName) -> bool {
        self.sources.values().any(|file| sources::tables(&file.source).contains(table))
    }

    /// Reads and checks the lake at a commit. The inner error: what is wrong with its files.
    pub async fn at(
        repository: &dyn LakeRepository,
        commit: &CommitId,
    ) -> Result<Result<Self, Vec<Problem>>> {
        Ok(Self::parse(LakeFiles::at(repository, commit).await?))
    }
}

/// Files while they are read, and what is wrong with them.
struct Reading<'a> {
    files: &'a LakeFiles,
    problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    /// Notes a problem of a file as a whole.
    fn wrong(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::of_file(path, message));
    }

    /// Notes files that are no text.
    fn all_text(&mut self) {
        for (path, bytes) in self.files.iter() {
            let Err(error) = std::str::from_utf8(bytes) else { continue };
            let sound = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let problem = Problem::at(path, &sound, sound.len(), "here begins what is not UTF-8");
            self.problems.push(problem);
        }
    }

    /// Text files of a folder, with the rest of their path. Those that are no text are told of already.
    fn folder(&self, folder: &str) -> Vec<(&'a str, &'a str, &'a str)> {
        let prefix = format!("{folder}/");
        let files = self.files.iter().filter_map(|(path, bytes)| {
            Some((path, path.strip_prefix(&prefix)?, std::str::from_utf8(bytes).ok()?))
        });
        files.collect()
    }

    fn lake_file(&mut self) -> Option<LakeFile> {
        let Some(bytes) = self.files.get(LAKE_FILE) else {
            self.wrong(LAKE_FILE, "the file is missing: `sluice init` makes one");
            return None;
        };
        match LakeFile::parse(std::str::from_utf8(bytes).ok()?) {
            Ok(file) => Some(file),
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    /// The dataset of a path below a folder, as `<source_system>/<table>.<extension>`.
    fn dataset(&mut self, path: &str, rest: &str, extension: &str) -> Option<DatasetId> {
        let dataset = rest.strip_suffix(extension).map(str::parse::<DatasetId>);
        match dataset {
            Some(Ok(dataset)) => return Some(dataset),
            Some(Err(error)) => self.wrong(path, error.message()),
            None => self
                .wrong(path, format!("nothing reads this file: files here end with `{extension}`")),
        }
        None
    }
}

/// Where a part of a TOML file stands, or the file as a whole.
fn problem_at(path: &str, text: &str, part: &str, message: impl Into<String>) -> Problem {
    match toml_text::place(text, part) {
        Some(offset) => Problem::at(path, text, offset, message),
        None => Problem::of_file(path, message),
    }
}

#[cfg(test)]
mod tests;
