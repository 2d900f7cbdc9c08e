//! The demo over four empty accounts, as `cargo xtask demo --aws-emulator` runs it.

use std::fs;

use super::site::Site;
use crate::support::sluice::sluice;

#[test]
fn the_demo_comes_from_empty_accounts_to_query_results() {
    let Some(site) = Site::new() else { return };
    site.configure_as_demo();
    let done = site.well(&["demo", "--no-serve", "--rows", "1000", "--output", "json"]);
    let runs = done.json()["runs"].as_array().unwrap().clone();
    assert_eq!(runs.len(), 2, "{done:?}");
    for run in &runs {
        assert_eq!(run["status"], "SUCCEEDED", "{run}");
        let count = |name: &str| run[name].as_u64().unwrap();
        assert_eq!(count("rows_read"), count("rows_written") + count("rows_rejected"), "{run}");
    }
    for environment in ["dev", "test", "prod"] {
        let sql = "SELECT count(*) AS n FROM datalake_raw_source.yellow_taxi_trip_record";
        let rows = site.json(0, &["query", sql, "--env", environment]);
        assert_eq!(rows["rows"][0]["n"], runs[0]["rows_written"], "{environment}");
        assert!(done.stderr.contains(&format!("{environment}: all stacks are made")), "{done:?}");
    }
}

#[test]
fn the_demo_touches_no_account_of_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "mode = \"aws\"\n[aws]\nregion = \"eu-central-1\"\nresource_name_prefix = \
                    \"lake\"\ndeployment_account = \"444444444444\"\n"
        .to_owned();
    for name in ["dev", "test", "prod"] {
        text.push_str(&format!("[aws.environments.{name}]\naccount = \"111111111111\"\n"));
    }
    fs::write(folder.path().join("sluice-server.toml"), text).unwrap();
    let refused = sluice(folder.path(), &["demo", "--no-serve"]);
    assert_eq!(refused.code(), Some(2), "{refused:?}");
    assert!(refused.stderr.contains("cargo xtask demo --aws-emulator"), "{refused:?}");
}
