//! What wins over what, and what every error names.

use std::path::Path;

use clap::Parser;

use super::*;

#[derive(Debug, clap::Parser)]
struct CommandLine {
    #[command(flatten)]
    flags: ConfigFlags,
}

fn flags(args: &[&str]) -> ConfigFlags {
    CommandLine::parse_from(std::iter::once(&"sluice").chain(args)).flags
}

/// Loads `file` with variables and flags.
fn loaded(file: &str, variables: &[(&str, &str)], args: &[&str]) -> domain::Result<Loaded> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("given.toml");
    std::fs::write(&path, file).unwrap();
    let args: Vec<_> = args.iter().copied().chain(["--config", path.to_str().unwrap()]).collect();
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    load(&flags(&args), variables.collect::<Vec<_>>(), Vec::new())
}

/// The message of a configuration that is refused.
fn refused(file: &str, variables: &[(&str, &str)], args: &[&str]) -> String {
    match loaded(file, variables, args) {
        Ok(loaded) => panic!("accepted: {:?}", loaded.config),
        Err(error) => error.to_string(),
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "data_dir = 'file'\n[engine]\nconcurrency = 3\nmax_attempts = 7\nlease_seconds = 9";
    let variables = [("SLUICE_ENGINE__CONCURRENCY", "4"), ("SLUICE_DATA_DIR", "variable")];
    let config = loaded(file, &variables, &["--data-dir", "flag"]).unwrap().config;
    assert_eq!(config.data_dir, Path::new("flag"));
    assert_eq!(config.engine.concurrency, 4);
    assert_eq!(config.engine.max_attempts, 7);
    assert_eq!(config.engine.poll_milliseconds, 500);
    assert_eq!(config.lake(&"dev".parse().unwrap()).unwrap().settings.lease.as_secs(), 9);
}

#[test]
fn lists_and_text_of_digits_may_stand_in_variables() {
    let variables = [("SLUICE_ENVIRONMENTS", "[\"one\", \"two\"]"), ("SLUICE_DATA_DIR", "123456")];
    let config = loaded("", &variables, &[]).unwrap().config;
    let names: Vec<_> = config.environments.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(config.data_dir, Path::new("123456"));
}

#[test]
fn a_key_that_nobody_knows_is_refused_with_its_origin() {
    let message = refused("[engine]\nconcurency = 3", &[], &[]);
    assert!(message.contains("engine.concurency") && message.contains("given.toml"), "{message}");
    assert!(message.contains("concurrency"), "it says what is known: {message}");
    let message = refused("", &[("SLUICE_ENGIN__THREADS", "3")], &[]);
    assert!(message.contains("engin"), "{message}");
    assert!(message.contains("SLUICE_ENGIN__THREADS"), "{message}");
}

#[test]
fn a_wrong_value_is_refused_with_key_and_origin() {
    let message = refused("[engine]\nlease_seconds = 0", &[], &[]);
    assert!(message.contains("engine.lease_seconds (from "), "{message}");
    assert!(message.contains("given.toml): 0 must lie between 1 and 3600"), "{message}");
    let message = refused("", &[("SLUICE_ENGINE__LEASE_SECONDS", "soon")], &[]);
    assert!(message.contains("engine.lease_seconds"), "{message}");
    assert!(message.contains("the variable SLUICE_ENGINE__LEASE_SECONDS"), "{message}");
    let message = refused("", &[("SLUICE_SERVER__LISTEN", "everywhere")], &[]);
    assert!(
        message.contains("server.listen (from the variable SLUICE_SERVER__LISTEN)"),
        "{message}"
    );
}

#[test]
fn all_wrong_values_are_told_at_once() {
    let message =
        refused("mode = 'aws'\n[server]\nmax_requests = 0\n[log]\nlevel = 'a=b=c'", &[], &[]);
    for key in [
        "aws.region",
        "aws.environments.dev.account",
        "server.max_requests (from",
        "log.level (from",
    ] {
        assert!(message.contains(key), "{key} is missing: {message}");
    }
}

#[test]
fn cookies_need_a_safe_address() {
    for url in ["http://sluice.example.org", "https://x/path", "ftp://x", "https://u:p@x", "x"] {
        let message = refused(&format!("[server]\npublic_url = '{url}'"), &[], &[]);
        assert!(message.contains("server.public_url (from"), "{message}");
    }
    let message = refused("[server]\nlisten = '0.0.0.0:80'", &[], &[]);
    assert!(message.contains("server.public_url: must be set"), "{message}");
    for url in ["https://sluice.example.org", "http://localhost:8340", "http://127.0.0.1:1"] {
        let config = loaded(&format!("[server]\npublic_url = '{url}/'"), &[], &[]).unwrap().config;
        assert_eq!(config.server.public_url(config.server.listen), url);
    }
}

#[test]
fn d13_secrets_come_from_files_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("url");
    std::fs::write(&secret, "postgres://u:hunter2@host/db\n").unwrap();
    let target = "[notifications.targets.oncall]\nwebhook_url = 'https://hunter2/y'";
    let file = format!("database_url_file = '{}'\n{target}", secret.display());
    let loaded = loaded(&file, &[("SLUICE_WEBHOOK_URL", "https://hunter2/x")], &[]).unwrap();
    let lake = loaded.config.lake(&"dev".parse().unwrap()).unwrap();
    assert_eq!(lake.database_url.as_deref(), Some("postgres://u:hunter2@host/db"));
    assert_eq!(lake.webhook_url.as_deref(), Some("https://hunter2/x"));
    assert_eq!(lake.targets["oncall"], "https://hunter2/y");
    let shown = format!("{:?} {:?}", loaded.entries(), loaded.config);
    assert!(!shown.contains("hunter2"), "{shown}");
    let entry = loaded.entries().into_iter().find(|entry| entry.key == "database_url").unwrap();
    assert_eq!(entry.value, "(hidden)");
    assert!(entry.from.contains("given.toml"), "{entry:?}");
}

#[test]
fn d13_no_error_repeats_a_secret() {
    let both = "database_url = 'postgres://hunter2'\ndatabase_url_file = '/none'";
    let cases = [
        both,
        "[notifications]\nwebhook_url = 'hunter2'",
        "[notifications.targets.oncall]\nwebhook_url = 'hunter2'",
        "[notifications.targets.webhook]\nwebhook_url = 'https://hunter2'",
        "[notifications.targets.hunter]\nwebhook_url_file = '/nowhere'",
        "database_url = ['hunter2']",
    ];
    for file in cases {
        let message = refused(file, &[], &[]);
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.contains("_url"), "{message}");
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_named() {
    let message = refused("database_url_file = '/nowhere/at/all'", &[], &[]);
    assert!(message.contains("database_url") && message.contains("/nowhere/at/all"), "{message}");
}

#[test]
fn the_file_in_the_data_folder_is_found() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sluice-server.toml"), "[engine]\nmax_attempts = 9").unwrap();
    let flags = flags(&["--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(load(&flags, [], Vec::new()).unwrap().config.engine.max_attempts, 9);
}

#[test]
fn only_configured_environments_can_be_worked_in() {
    let config = Config::default();
    assert_eq!(config.environment(None).unwrap().as_str(), "dev");
    assert_eq!(config.environment(Some(&"prod".parse().unwrap())).unwrap().as_str(), "prod");
    let error = config.environment(Some(&"moon".parse().unwrap())).unwrap_err().to_string();
    assert!(error.contains("moon") && error.contains("dev, test, prod"), "{error}");
}

#[test]
fn the_documentation_lists_every_key_with_its_default() {
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let text = std::fs::read_to_string(Path::new(&root).join("../docs/OPERATIONS.md")).unwrap();
    let documented: Vec<_> = text.lines().filter_map(documented).collect();
    let entries = loaded("", &[], &[]).unwrap().entries();
    for entry in &entries {
        let found = documented.iter().find(|(key, _)| *key == entry.key);
        let (_, default) = found.unwrap_or_else(|| panic!("{} is not documented", entry.key));
        let expected = match &entry.value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(*default, expected, "default of {}", entry.key);
    }
    assert_eq!(documented.len(), entries.len(), "a key is documented that does not exist");
}

/// Key and default of a row of the table. Keys with a `<name>` are there once somebody names one.
fn documented(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix("| `")?.split('|');
    let key = cells.next()?.trim().trim_end_matches('`');
    let default = cells.next()?.trim().trim_matches('`');
    (!key.starts_with('/') && !key.contains('<')).then_some((key, default))
}
