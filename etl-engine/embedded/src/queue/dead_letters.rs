//! Arrivals that can never be handled, kept in a hidden file of the raw zone with the reason, so
//! that a restart does not tell of them again.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use domain::Result;
use domain::arrival::{Arrival, ObjectVersion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::files;
use crate::store::sync_folder;

const NAME: &str = ".dead-letters.jsonl";

/// The dead letters of one raw zone.
#[derive(Debug)]
pub(super) struct DeadLetters {
    path: PathBuf,
    known: HashSet<(String, ObjectVersion)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DeadLetter {
    key: String,
    version: ObjectVersion,
    reason: String,
    at: Timestamp,
}

impl DeadLetters {
    pub(super) fn open(root: &Path) -> Result<Self> {
        let path = root.join(NAME);
        let mut known = HashSet::new();
        match File::open(&path) {
            Ok(file) => {
                for line in BufReader::new(file).lines() {
                    let line = line.map_err(|error| files::failed(&path, error))?;
                    // A line that a crash cut short is told of again, and written again.
                    if let Ok(letter) = serde_json::from_str::<DeadLetter>(&line) {
                        known.insert((letter.key, letter.version));
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(files::failed(&path, error)),
        }
        Ok(Self { path, known })
    }

    pub(super) fn contains(&self, arrival: &Arrival) -> bool {
        self.known.contains(&(arrival.key.clone(), arrival.version.clone()))
    }

    /// Writes it down, durably, before it is forgotten elsewhere.
    pub(super) fn add(&mut self, arrival: &Arrival, reason: &str) -> Result<()> {
        let letter = DeadLetter {
            key: arrival.key.clone(),
            version: arrival.version.clone(),
            reason: reason.to_owned(),
            at: Timestamp::now(),
        };
        self.append(&letter).map_err(|error| files::failed(&self.path, error))?;
        self.known.insert((letter.key, letter.version));
        Ok(())
    }

    fn append(&self, letter: &DeadLetter) -> std::io::Result<()> {
        let mut line = vec![b'\n'];
        serde_json::to_writer(&mut line, letter)?;
        line.push(b'\n');
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        file.write_all(&line)?;
        file.sync_all()?;
        sync_folder(self.path.parent().unwrap_or(&self.path))
    }
}
