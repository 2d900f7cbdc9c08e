//! A lake in a working folder: what `sluice init` writes and `sluice validate` reads, also where there
//! is no Git.

use std::fs;
use std::path::Path;

use domain::{Error, ErrorKind, Result};
use infra::lake_repository::{
    FOLDERS, FileChange, LAKE_FILE, LakeFiles, MAX_FILE_BYTES, MAX_FILES, check_path,
};

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 32;

/// Reads what belongs to the lake in a folder. Links are not followed, and told of as problems.
///
/// Errors: NotFound when there is no such folder; Invalid when it holds too much; Unavailable when
/// something in it cannot be read.
pub fn read_lake_folder(folder: &Path) -> Result<LakeFiles> {
    if !folder.is_dir() {
        let folder = folder.display();
        return Err(Error::not_found(format!("{folder} is no folder: name one that holds a lake")));
    }
    let mut reading = Reading { root: folder, files: LakeFiles::default(), count: 0 };
    for name in FOLDERS.into_iter().chain([LAKE_FILE]) {
        reading.visit(name, 0)?;
    }
    Ok(reading.files)
}

/// Writes the files of a new lake into a folder, which is made. Conflict when one of them is there
/// already, or something stands in their way: then nothing is written.
pub fn write_lake_folder(folder: &Path, files: &[FileChange]) -> Result<()> {
    let there = |file: &&FileChange| folder.join(file.path()).symlink_metadata().is_ok();
    if let Some(file) = files.iter().find(there) {
        let (path, folder) = (file.path(), folder.display());
        return Err(Error::conflict(format!(
            "{path} is in {folder} already, and nothing was written: name an empty folder"
        )));
    }
    for file in files {
        let FileChange::Write { path, bytes } = file else { continue };
        check_path(path)?;
        let full = folder.join(path);
        let parent = full.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&full, bytes));
        written.map_err(|error| {
            Error::new(ErrorKind::Unavailable, format!("{path} cannot be written: {error}"))
                .with_source(error)
        })?;
    }
    Ok(())
}

struct Reading<'a> {
    root: &'a Path,
    files: LakeFiles,
    count: usize,
}

impl Reading<'_> {
    fn visit(&mut self, path: &str, depth: usize) -> Result<()> {
        let full = self.root.join(path);
        let metadata = match fs::symlink_metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(path, error)),
        };
        if metadata.is_symlink() {
            self.files.refuse_link(path);
        } else if metadata.is_dir() {
            self.visit_folder(path, depth)?;
        } else if metadata.len() > MAX_FILE_BYTES {
            self.files.refuse_large(path);
        } else if metadata.is_file() {
            self.count += 1;
            if self.count > MAX_FILES {
                return Err(Error::invalid(format!("the lake has more than {MAX_FILES} files")));
            }
            self.files.add(path, fs::read(&full).map_err(|error| unreadable(path, error))?);
        }
        Ok(())
    }

    fn visit_folder(&mut self, path: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid(format!(
                "folder {path} lies deeper than {MAX_DEPTH} folders"
            )));
        }
        for entry in fs::read_dir(self.root.join(path)).map_err(|error| unreadable(path, error))? {
            let entry = entry.map_err(|error| unreadable(path, error))?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                let name = name.to_string_lossy().into_owned();
                Error::invalid(format!(
                    "a file in {path} is called {name:?}: names have to be UTF-8"
                ))
            })?;
            self.visit(&format!("{path}/{name}"), depth + 1)?;
        }
        Ok(())
    }
}

fn unreadable(path: &str, error: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, format!("{path} cannot be read: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use infra::lake_repository::init::NewLake;
    use infra::lake_repository::{Content, Naming};

    use super::*;

    #[test]
    fn a_folder_is_read_as_a_commit_is() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("sluice.toml", "[lake]\n");
        write("sources/tlc/yellow.toml", "x");
        write("target/debug/huge", "not ours");
        write("sources/README.md", "for people");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("sources/passwd.toml"))
            .unwrap();
        std::os::unix::fs::symlink("/etc", folder.path().join("stacks")).unwrap();
        let files = read_lake_folder(folder.path()).unwrap();
        let paths: Vec<_> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["sluice.toml", "sources/tlc/yellow.toml"]);
        let told: Vec<_> = files.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(told, ["sources/passwd.toml", "stacks"]);
    }

    #[test]
    fn a_new_lake_is_written_once_and_valid() {
        let naming =
            Naming { logical_id_prefix: "Lake".into(), resource_name_prefix: "lake".into() };
        let accounts = ["111111111111", "222222222222", "333333333333"];
        let files = NewLake::usual(naming, "444444444444", accounts, "eu-central-1")
            .unwrap()
            .files()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        write_lake_folder(&lake, &files).unwrap();
        let content = Content::parse(read_lake_folder(&lake).unwrap()).unwrap();
        assert_eq!(content.lake.environments.len(), 3);
        assert!(lake.join(".github/workflows/lake.yml").is_file());
        fs::write(lake.join("sluice.toml"), "mine").unwrap();
        let refused = write_lake_folder(&lake, &files).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
        assert_eq!(fs::read_to_string(lake.join("sluice.toml")).unwrap(), "mine");
    }

    #[test]
    fn a_folder_that_is_not_there_says_so() {
        let error = read_lake_folder(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
