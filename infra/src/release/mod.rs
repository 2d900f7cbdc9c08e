//! Releases: the immutable, content-addressed build of one commit.
//!
//! Architecture invariant: a release is a function of the files of the lake and of Sluice's own
//! templates, and of nothing else: no environment, no time, no machine. So what ran in test is byte
//! for byte what runs in prod, also when Sluice itself was brought up to date between the two.

mod assets;

use std::collections::BTreeMap;

use domain::branch::CommitId;
use domain::pipeline::Stage;
use domain::release::{Digest, Release, ReleaseFile};
use domain::{Error, Result};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::lake_repository::{LAKE_FILE, LakeFile, LakeFiles, PipelineDefinition};

pub use assets::{AssetStore, changed_asset, check_asset, missing_asset};

/// Where the templates lie that Sluice itself brings.
pub const TEMPLATES: &str = ".sluice/templates";

/// Stands for what Sluice itself makes of a definition. It is raised when stages do other things than
/// before, so that pipelines notice.
const DEFINITION_VERSION: u32 = 1;

/// A release together with the bytes of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The manifest.
    pub release: Release,
    /// The bytes of all files, by digest.
    pub assets: BTreeMap<Digest, Vec<u8>>,
}

/// The SHA-256 of bytes.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::from(<[u8; 32]>::from(Sha256::digest(bytes)))
}

/// Builds the release of a commit. `templates` are Sluice's own, as (`storage.yaml`, text).
///
/// Errors: Invalid when `sluice.toml` is missing or wrong, or a template is given twice.
pub fn build(
    files: &LakeFiles,
    templates: &[(&str, &str)],
    commit: CommitId,
    built_at: Timestamp,
) -> Result<Built> {
    let definition = definition(&lake_file(files)?.pipeline);
    let mut contents: BTreeMap<String, &[u8]> = BTreeMap::new();
    contents.extend(files.iter().map(|(path, bytes)| (path.to_owned(), bytes)));
    for (name, text) in templates {
        if contents.insert(format!("{TEMPLATES}/{name}"), text.as_bytes()).is_some() {
            return Err(Error::invalid(format!("template {name} is given twice")));
        }
    }
    let mut assets = BTreeMap::new();
    let mut manifest = Vec::new();
    for (path, bytes) in contents {
        let digest = digest(bytes);
        manifest.push(ReleaseFile { path, digest: digest.clone(), bytes: bytes.len() as u64 });
        assets.insert(digest, bytes.to_vec());
    }
    let id = id(&manifest);
    Ok(Built { release: Release { id, commit, files: manifest, definition, built_at }, assets })
}

/// The digest that names a release of these files, whatever their order.
pub fn id(files: &[ReleaseFile]) -> Digest {
    let mut sorted: Vec<_> = files.iter().map(|file| (&file.path, &file.digest)).collect();
    sorted.sort();
    let mut hash = Sha256::new_with_prefix(b"sluice release 1\n");
    // Paths hold no control characters, so that no two lists are written alike.
    sorted.iter().for_each(|(path, digest)| hash.update(format!("{path}\0{digest}\n")));
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}

/// The digest of what defines a pipeline: when it changes, the pipeline changes itself first.
pub fn definition(pipeline: &PipelineDefinition) -> Digest {
    let stages = Stage::ALL.map(Stage::as_str);
    let definition = serde_json::json!([DEFINITION_VERSION, stages, pipeline]);
    digest(definition.to_string().as_bytes())
}

fn lake_file(files: &LakeFiles) -> Result<LakeFile> {
    let bytes = files.get(LAKE_FILE).unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    LakeFile::parse(&text).map_err(|problems| {
        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Error::invalid(format!("no release can be built: {}", told.join("; ")))
    })
}

#[cfg(test)]
mod tests;
