//! The tree keeps the shape that docs/ARCHITECTURE.md describes: dependency arrows, small files, a
//! first line that says what a module is for, nothing unexpected at the top, no document that names
//! a path which is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest a source file may be, tests at its end not counted.
const MOST_LINES: usize = 500;

/// What may stand at the top level, beside dot-files.
const TOP_LEVEL: [&str; 26] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "app",
    "aws",
    "clippy.toml",
    "database",
    "deny.toml",
    "docs",
    "domain",
    "etl-engine",
    "infra",
    "migrations",
    "node_modules",
    "package-lock.json",
    "package.json",
    "public",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "server",
    "style",
    "target",
    "tests",
    "web",
    "xtask",
];

/// What each package may depend on among ours. `None`: on everything.
fn allowed_arrows() -> BTreeMap<&'static str, Option<&'static [&'static str]>> {
    BTreeMap::from([
        ("sluice-domain", Some(&[] as &[_])),
        ("sluice-app", Some(&["sluice-domain"] as &[_])),
        ("sluice-hydrate", Some(&["sluice-app", "sluice-domain"] as &[_])),
        ("sluice-aws", Some(&["sluice-domain"] as &[_])),
        ("sluice-database", Some(&["sluice-domain"] as &[_])),
        ("sluice-etl-engine", Some(&["sluice-domain"] as &[_])),
        ("sluice-etl-embedded", Some(&["sluice-database", "sluice-domain", "sluice-etl-engine"])),
        ("sluice-etl-aws", Some(&["sluice-aws", "sluice-domain", "sluice-etl-engine"])),
        ("sluice-infra", Some(&["sluice-domain"] as &[_])),
        ("sluice-infra-embedded", Some(&["sluice-database", "sluice-domain", "sluice-infra"])),
        ("sluice-infra-aws", Some(&["sluice-aws", "sluice-domain", "sluice-infra"])),
        ("sluice-infra-github", Some(&["sluice-domain", "sluice-infra"] as &[_])),
        ("sluice-server", None),
        ("xtask", Some(&[] as &[_])),
    ])
}

/// What a core must never name, directly.
const BANNED: [(&str, &[&str]); 4] = [
    ("sluice-domain", &["datafusion", "object_store", "sqlx", "tokio", "reqwest", "aws-"]),
    ("sluice-etl-engine", &["sqlx", "reqwest", "axum", "leptos", "aws-"]),
    ("sluice-infra", &["sqlx", "reqwest", "octocrab", "axum", "leptos", "datafusion", "aws-"]),
    ("xtask", &["datafusion", "sqlx"]),
];

#[test]
fn dependency_arrows_point_inwards() {
    let allowed = allowed_arrows();
    let packages = packages();
    assert!(packages.contains_key("sluice-domain"), "cargo metadata lists {packages:?}");
    for (package, dependencies) in &packages {
        let rule = allowed.get(package.as_str());
        let rule = rule.unwrap_or_else(|| panic!("{package} has no rule: add it to this test"));
        let Some(rule) = rule else { continue };
        let ours = dependencies.iter().filter(|name| packages.contains_key(*name));
        for dependency in ours {
            assert!(rule.contains(&dependency.as_str()), "{package} must not use {dependency}");
        }
    }
}

#[test]
fn cores_name_no_driver_and_no_sdk() {
    let packages = packages();
    for (package, banned) in BANNED {
        let Some(dependencies) = packages.get(package) else { continue };
        for name in banned {
            let found = dependencies.iter().find(|dependency| match name.ends_with('-') {
                true => dependency.starts_with(name),
                false => dependency == name,
            });
            assert_eq!(found, None, "{package} must not use {name}");
        }
    }
}

#[test]
fn source_files_stay_small() {
    for file in rust_files() {
        let text = read(&file);
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        let lines = if is_test(&file) { text.lines().count() } else { lines };
        assert!(lines <= MOST_LINES, "{} has {lines} lines: split it by role", file.display());
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for file in rust_files() {
        let text = read(&file);
        let documented = text.lines().next().is_some_and(|line| line.starts_with("//! "));
        assert!(documented, "{} does not begin with `//! `", file.display());
    }
}

#[test]
fn nothing_unexpected_stands_at_the_top() {
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let expected = name.starts_with('.') || TOP_LEVEL.contains(&name.as_str());
        assert!(expected, "{name} has no place at the top level");
    }
}

#[test]
fn documents_name_only_paths_that_exist() {
    let tops: BTreeSet<_> =
        TOP_LEVEL.into_iter().filter(|name| root().join(name).exists()).collect();
    let mut seen = 0;
    for document in documents() {
        for path in paths_named_in(&read(&document), &tops) {
            seen += 1;
            let there = root().join(&path).exists();
            assert!(there, "{} names {path}, which does not exist", document.display());
        }
    }
    assert!(seen > 0, "no document names any path: the test looks for the wrong thing");
}

#[test]
fn paths_are_found_in_text() {
    let tops = BTreeSet::from(["docs", "domain", "xtask"]);
    let text = "See `domain/src/run.rs`, [this](docs/adr/0001-crates.md), `cargo xtask test`, \
                `tlc/yellow/`, `xtask/`, docs/adr/*.md and `domain::run`.";
    assert_eq!(
        paths_named_in(text, &tops),
        ["domain/src/run.rs", "docs/adr/0001-crates.md", "xtask/"]
    );
}

/// Our packages with the names of all their direct dependencies, those of tests left out: tests may
/// use what the code may not.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), dependencies(package))).collect()
}

fn dependencies(package: &serde_json::Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"] != "dev").map(|found| text(&found["name"])).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// This binary belongs to the server package, one folder below the top. The path is asked at run time
/// because clones may share what was built.
fn root() -> PathBuf {
    let server = std::env::var("CARGO_MANIFEST_DIR");
    let server = server.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&server).parent().unwrap().to_path_buf()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn rust_files() -> Vec<PathBuf> {
    let files = files_below(&root(), "rs");
    assert!(files.len() > 20, "only {} source files were found", files.len());
    files
}

fn is_test(file: &Path) -> bool {
    file.strip_prefix(root()).is_ok_and(|path| path.starts_with("tests"))
}

fn documents() -> Vec<PathBuf> {
    let mut documents = files_below(&root().join("docs"), "md");
    documents.push(root().join("README.md"));
    documents.retain(|document| document.exists());
    documents
}

/// All files with an extension, leaving out what is built or fetched.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            found.extend(files_below(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Words of a document that are paths of this tree: they begin with a folder of the top level and
/// hold no placeholder.
fn paths_named_in(text: &str, tops: &BTreeSet<&str>) -> Vec<String> {
    let between = |ch: char| ch.is_whitespace() || "`()[]\"'|,;".contains(ch);
    let words = text.split(between).map(|word| word.trim_end_matches(['.', ':']));
    let paths = words.filter(|word| {
        let top = word.split_once('/').map(|(top, _)| top);
        top.is_some_and(|top| tops.contains(top)) && !word.contains(['*', '<', '{', '…', '$'])
    });
    paths.map(|path| path.split('#').next().unwrap_or(path).to_owned()).collect()
}
